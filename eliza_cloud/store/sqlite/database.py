"""One SQLite file for all that is kept in a database: how it is opened, upgraded, wiped and given back.

It is private (0600) and used from one thread of its own, so that no call of the loop waits for the disk.
"""

import asyncio
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from eliza_cloud.store.atomic_file import create_directory
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
        "ALTER TABLE agent ADD COLUMN login_revocable INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE agent ADD COLUMN login_begun_at REAL",
        "ALTER TABLE agent ADD COLUMN key_obtained INTEGER NOT NULL DEFAULT 0",
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
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.fchmod(descriptor, 0o600)
        finally:
            os.close(descriptor)
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
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    wipe_log(connection)


def refuse_newer(connection: sqlite3.Connection, path: Path) -> int:
    """Return the version of the schema; raises StoreError for one that is not known yet."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"The database {path} was written by a newer version (schema {version}, known {SCHEMA_VERSION});"
            " install that version, or move the file away and sign in again."
        )
    return version
