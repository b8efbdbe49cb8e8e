"""The agent's database record: the login, so that a lost eliza.json does not lose it, and the wish.

`Store` is what the rest of the service needs of a database; `SqliteStore` keeps it in one file.
"""

import asyncio
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from eliza_cloud.core.secret import Secret
from eliza_cloud.store.atomic_file import create_directory
from eliza_cloud.store.errors import StoreError, database_error, file_errors

T = TypeVar("T")


class AgentRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One link's record. `key` counts only for `base_url`, `wish` (an agent id) only for `wish_base_url`.

    `signing_in` and `signing_out` mark a change that was begun and must be finished on the next load.
    """

    key: Secret | None = None
    key_prefix: str | None = None
    key_expires_at: str | None = None
    base_url: str | None = None
    user_id: str | None = None
    organization_id: str | None = None
    wish: str | None = None
    wish_base_url: str | None = None
    signing_in: bool = False
    signing_out: bool = False


class Store(Protocol):
    """Keeps one AgentRecord. Every method raises StoreError, and then what was held before is still held."""

    async def load(self) -> AgentRecord:
        """Return the record; an empty one when nothing was saved."""

    async def save(self, record: AgentRecord) -> None:
        """Replace the record, durable on return; no byte of a key it no longer holds stays in any file."""

    async def close(self) -> None:
        """Give back files and threads."""


SCHEMA_VERSION = 1
BUSY_TIMEOUT = 5.0  # seconds
_COLUMNS = AgentRecord.__struct_fields__
_CREATE = """
CREATE TABLE agent (
    link TEXT PRIMARY KEY,
    key TEXT, key_prefix TEXT, key_expires_at TEXT, base_url TEXT, user_id TEXT, organization_id TEXT,
    wish TEXT, wish_base_url TEXT, signing_in INTEGER NOT NULL, signing_out INTEGER NOT NULL
)
"""
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM agent WHERE link = ?"  # noqa: S608 - our own field names
_UPSERT = (
    f"INSERT OR REPLACE INTO agent (link, {', '.join(_COLUMNS)})"  # noqa: S608 - our own field names and marks
    f" VALUES ({', '.join('?' * (len(_COLUMNS) + 1))})"
)


class SqliteStore:
    """A `Store` in one SQLite file (0600), one row per link name, used from one thread of its own."""

    def __init__(self, path: Path, link: str = "default") -> None:
        self._path = path
        self._link = link
        self._connection: sqlite3.Connection | None = None
        self._opened: tuple[int, int] | None = None  # device and inode
        self._closed = False
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="agent-record")

    async def load(self) -> AgentRecord:
        """Return the record; an empty one when nothing was saved."""
        return await self._in_thread(self._select)

    async def save(self, record: AgentRecord) -> None:
        """Replace the record; a key that goes is wiped from database and write-ahead log first."""
        await self._in_thread(lambda: self._replace(record))

    async def close(self) -> None:
        """Close the file and end the thread; only another close may follow."""
        if not self._closed:
            self._closed = True
            await self._in_thread(self._disconnect)
            self._executor.shutdown(wait=False)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._reported, work)

    def _reported(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except sqlite3.Error as error:
            # The next call opens the file anew: it may have been moved away or mended by then.
            self._disconnect()
            raise database_error(error, self._path) from error

    def _select(self) -> AgentRecord:
        row = self._connected().execute(_SELECT, (self._link,)).fetchone()
        return AgentRecord() if row is None else _from_row(row)

    def _replace(self, record: AgentRecord) -> None:
        connection = self._connected()
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            held = self._select().key
            connection.execute(_UPSERT, (self._link, *_to_row(record)))
        key_gone = record.key is None or (held is not None and held != record.key)
        if not _wipe_log(connection) and key_gone:
            raise StoreError(
                f"Cannot wipe the old key from {self._path}-wal: another program is reading the database;"
                " close that program and try again."
            )

    def _connected(self) -> sqlite3.Connection:
        # SQLite does not notice that its file was deleted and would go on writing into nothing.
        if self._opened != _identity(self._path):
            self._disconnect()
        if self._connection is None:
            self._connection = _open(self._path)
            self._opened = _identity(self._path)
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _identity(path: Path) -> tuple[int, int] | None:
    with file_errors("look at", path):
        try:
            status = path.stat()
        except FileNotFoundError:
            return None
    return status.st_dev, status.st_ino


def _open(path: Path) -> sqlite3.Connection:
    create_directory(path.parent)
    with file_errors("open", path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.fchmod(descriptor, 0o600)
        finally:
            os.close(descriptor)
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT, isolation_level=None)
    try:
        _prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    _refuse_newer(connection, path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA secure_delete = ON")
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        if _refuse_newer(connection, path) == 0:
            connection.execute(_CREATE)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    _wipe_log(connection)


def _refuse_newer(connection: sqlite3.Connection, path: Path) -> int:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"The database {path} was written by a newer version (schema {version}, known {SCHEMA_VERSION});"
            " install that version, or move the file away and sign in again."
        )
    return version


def _wipe_log(connection: sqlite3.Connection) -> bool:
    """Move the write-ahead log into the database and cut it to nothing; False when a reader prevents it."""
    return bool(connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0)


def _to_row(record: AgentRecord) -> tuple[object, ...]:
    values = (getattr(record, name) for name in _COLUMNS)
    return tuple(value.reveal() if isinstance(value, Secret) else value for value in values)


def _from_row(row: tuple[object, ...]) -> AgentRecord:
    values = dict(zip(_COLUMNS, row, strict=True))
    key = values["key"]
    values["key"] = Secret(str(key)) if key else None
    return msgspec.convert(values, AgentRecord, strict=False)
