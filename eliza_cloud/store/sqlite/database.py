"""The service's database: how its file is opened, upgraded, wiped and given back; the record of the agent.

It is private (0600) and used from one thread of its own, so that no call of the loop waits for the disk. The
record keeps the login, so that a lost eliza.json does not lose it, and the desired agent. `Store` is what the
rest of the service needs of it; `SqliteStore` keeps it in this database.
"""

import asyncio
import itertools
import os
import re
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from eliza_cloud.redaction.secret import Secret
from eliza_cloud.store.atomic_file import create_directory, make_private
from eliza_cloud.store.errors import StoreError, database_error, file_errors

T = TypeVar("T")

BUSY_TIMEOUT = 5.0  # seconds

#: What leads from each version of the schema to the next; the first makes version 1 of an empty file.
UPGRADES: tuple[tuple[str, ...], ...] = (
    (
        """
CREATE TABLE agent (
    link TEXT PRIMARY KEY,
    key TEXT, key_prefix TEXT, key_expires_at TEXT, base_url TEXT, user_id TEXT, organization_id TEXT,
    wish TEXT, wish_base_url TEXT, signing_in INTEGER NOT NULL, signing_out INTEGER NOT NULL
)
""",
    ),
    (
        """
CREATE TABLE journal (
    link TEXT NOT NULL, seq INTEGER NOT NULL, at REAL NOT NULL, entry TEXT NOT NULL,
    PRIMARY KEY (link, seq)
) WITHOUT ROWID
""",
    ),
    (
        "ALTER TABLE agent ADD COLUMN accepted_price TEXT",
        "ALTER TABLE agent ADD COLUMN restarting INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE agent ADD COLUMN last_backup_at REAL",
        "ALTER TABLE agent ADD COLUMN moved_from TEXT",
        "ALTER TABLE agent ADD COLUMN moved_api TEXT",
        "ALTER TABLE agent ADD COLUMN moved_pages TEXT",
        "ALTER TABLE agent ADD COLUMN login_session TEXT",
        "ALTER TABLE agent ADD COLUMN login_page TEXT",
        "ALTER TABLE agent ADD COLUMN login_base_url TEXT",
        "ALTER TABLE agent ADD COLUMN login_revocable INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE agent ADD COLUMN login_begun_at REAL",
        "ALTER TABLE agent ADD COLUMN key_obtained INTEGER NOT NULL DEFAULT 0",
        # Until then only sign-ins of our own wrote a key into the record.
        "UPDATE agent SET key_obtained = 1 WHERE key IS NOT NULL",
    ),
)
SCHEMA_VERSION = len(UPGRADES)


class Database:
    """Runs work on the file's connection, one piece after the other; every failure is a `StoreError`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None
        self._opened: tuple[int, int] | None = None  # device and inode
        self._closed = False
        self._ended = False
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="database")

    async def run(self, work: Callable[[sqlite3.Connection], T], *, lock_timeout: float | None = None) -> T:
        """Return what `work` makes of the open connection, in the database's thread.

        `lock_timeout` is how many seconds to wait for another program's lock; `BUSY_TIMEOUT` when None.
        """
        seconds = BUSY_TIMEOUT if lock_timeout is None else lock_timeout
        return await self._in_thread(lambda: work(self._connected(seconds)))

    async def close(self) -> None:
        """Close the file and end the thread; only another close may follow."""
        if not self._closed:
            self._closed = True
            await self._in_thread(self._end)
            self._executor.shutdown(wait=False)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._reported, work)

    def _reported(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except sqlite3.Error as error:
            # The next call opens the file again: it may have been moved away or mended by then.
            self._disconnect()
            raise database_error(error, self.path) from error

    def _connected(self, lock_timeout: float) -> sqlite3.Connection:
        if self._ended:
            raise StoreError(f"The database {self.path} is closed already; start the service again.")
        # SQLite does not notice that its file was deleted and would go on writing into nothing.
        if self._opened != _identity(self.path):
            self._disconnect()
        if self._connection is None:
            self._connection = _open(self.path, lock_timeout)
            self._opened = _identity(self.path)
        self._connection.execute(f"PRAGMA busy_timeout = {int(lock_timeout * 1000)}")
        return self._connection

    def _end(self) -> None:
        """Calls made before are done by now; later ones must not open the file again."""
        self._ended = True
        self._disconnect()

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def wipe_log(connection: sqlite3.Connection) -> bool:
    """Move the write-ahead log into the database and cut it to nothing; False when a reader prevents it."""
    return bool(connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0)


def _identity(path: Path) -> tuple[int, int] | None:
    with file_errors("look at", path):
        try:
            status = path.stat()
        except FileNotFoundError:
            return None
    return status.st_dev, status.st_ino


def _open(path: Path, lock_timeout: float) -> sqlite3.Connection:
    create_directory(path.parent)
    with file_errors("open", path):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    make_private(path)
    connection = sqlite3.connect(path, timeout=lock_timeout, isolation_level=None)
    try:
        _prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    refuse_newer(connection, path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA secure_delete = ON")
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        for upgrade in UPGRADES[refuse_newer(connection, path) :]:
            for statement in upgrade:
                connection.execute(statement)
        _complete(connection)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    wipe_log(connection)


_CREATES = re.compile(r"\s*CREATE TABLE (\w+)")
_ADDS = re.compile(r"ALTER TABLE (\w+) ADD COLUMN (\w+)")


def _complete(connection: sqlite3.Connection) -> None:
    """Make the tables and columns again that the version promises and somebody removed."""
    for statement in itertools.chain.from_iterable(UPGRADES):
        creates, adds = _CREATES.match(statement), _ADDS.match(statement)
        missing = creates is not None and not columns_of(connection, creates[1])
        missing |= adds is not None and adds[2] not in columns_of(connection, adds[1])
        if missing:
            connection.execute(statement)


def columns_of(connection: sqlite3.Connection, table: str) -> set[str]:
    """Return the names of a table's columns; none where there is no such table."""
    return {str(column[1]) for column in connection.execute(f"PRAGMA table_info({table})")}


def refuse_newer(connection: sqlite3.Connection, path: Path) -> int:
    """Return the version of the schema; raises StoreError for one that is not known yet."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"The database {path} was written by a newer version (schema {version}, known {SCHEMA_VERSION});"
            " install that version, or move the file away and sign in again."
        )
    return version


class AgentRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One link's record. `key` is valid only for `base_url`, `desired_agent_id` for `desired_agent_base_url`.

    `signing_in` and `signing_out` mark a change that was begun and must be finished on the next load.
    `accepted_price`, `restarting` and `last_backup_at` (wall-clock seconds) are about the desired agent.
    `moved_api` and `moved_pages` are the hosts that the base URL `moved_from` now leads to. The `login_…`
    members are a sign-in at `login_base_url` that waits for the browser: its session id leads to a key, and
    its page holds that id, so both are as secret as one. `key_obtained` says that our own sign-in obtained
    the key, so that signing out may revoke it.
    """

    key: Secret | None = None
    key_prefix: str | None = None
    key_expires_at: str | None = None
    base_url: str | None = None
    user_id: str | None = None
    organization_id: str | None = None
    desired_agent_id: str | None = msgspec.field(default=None, name="wish")  # the column's name
    desired_agent_base_url: str | None = msgspec.field(default=None, name="wish_base_url")
    signing_in: bool = False
    signing_out: bool = False
    accepted_price: str | None = None
    restarting: bool = False
    last_backup_at: float | None = None
    moved_from: str | None = None
    moved_api: str | None = None
    moved_pages: str | None = None
    login_session: Secret | None = None
    login_page: Secret | None = None
    login_base_url: str | None = None
    login_revocable: bool = False
    login_begun_at: float | None = None
    key_obtained: bool = False


class Store(Protocol):
    """Keeps one AgentRecord. Every method raises StoreError, and then what was held before is still held."""

    async def load(self) -> AgentRecord:
        """Return the record; an empty one when nothing was saved."""

    async def save(self, record: AgentRecord) -> None:
        """Replace the record, durable on return; no byte of a key it no longer holds stays in any file."""

    async def close(self) -> None:
        """Give back files and threads."""


#: The members of a record that are secrets.
SECRET_COLUMNS = ("key", "login_session", "login_page")
_COLUMNS = AgentRecord.__struct_encode_fields__
_UPSERT = (
    f"INSERT OR REPLACE INTO agent (link, {', '.join(_COLUMNS)})"  # noqa: S608 - our own field names and marks
    f" VALUES ({', '.join('?' * (len(_COLUMNS) + 1))})"
)


class SqliteStore:
    """A `Store` in one database, one row per link name."""

    def __init__(self, database: Database, link: str = "default") -> None:
        self._database = database
        self._link = link

    async def load(self) -> AgentRecord:
        """Return the record; an empty one when nothing was saved."""
        return await self._database.run(lambda connection: read_record(connection, self._link))

    async def save(self, record: AgentRecord) -> None:
        """Replace the record; a key that goes is wiped from database and write-ahead log first."""
        await self._database.run(lambda connection: self._replace(connection, record))

    async def close(self) -> None:
        """Close the database."""
        await self._database.close()

    def _replace(self, connection: sqlite3.Connection, record: AgentRecord) -> None:
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            held = read_record(connection, self._link).key
            connection.execute(_UPSERT, (self._link, *_to_row(record)))
        key_gone = record.key is None or (held is not None and held != record.key)
        if not wipe_log(connection) and key_gone:
            raise StoreError(
                f"Cannot wipe the old key from {self._database.path}-wal: another program is reading the"
                " database; close that program and try again."
            )


def read_record(connection: sqlite3.Connection, link: str = "default") -> AgentRecord:
    """Read a record over any connection, also a read-only one."""
    there = columns_of(connection, "agent")
    columns = [name for name in _COLUMNS if name in there]  # who only looks does not upgrade an older file
    if "link" not in there or not columns:
        return AgentRecord()
    row = connection.execute(
        f"SELECT {', '.join(columns)} FROM agent WHERE link = ?",  # noqa: S608 - our own field names
        (link,),
    ).fetchone()
    return AgentRecord() if row is None else _from_row(dict(zip(columns, row, strict=True)))


def _to_row(record: AgentRecord) -> tuple[object, ...]:
    values = (getattr(record, name) for name in AgentRecord.__struct_fields__)
    return tuple(value.reveal() if isinstance(value, Secret) else value for value in values)


def _from_row(values: dict[str, object]) -> AgentRecord:
    for name in SECRET_COLUMNS:
        value = values.get(name)
        values[name] = Secret(str(value)) if value else None
    try:
        return msgspec.convert(values, AgentRecord, strict=False)
    except msgspec.ValidationError:
        damaged = sqlite3.DatabaseError("the record of the agent cannot be understood")
        damaged.sqlite_errorname = "SQLITE_CORRUPT"
        raise damaged from None
