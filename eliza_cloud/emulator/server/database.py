"""The emulator's SQLite file: one connection, used on the event loop's thread only."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from eliza_cloud.emulator.server.schema import SCHEMA, SCHEMA_VERSION

Row = sqlite3.Row


class Database:
    """Statements on one SQLite file, or in memory; opened and closed with the application."""

    def __init__(self, path: str | Path) -> None:
        self._path = path
        self._opened: sqlite3.Connection | None = None

    def open(self) -> None:
        """Open the file and create the tables; raises RuntimeError for a file that cannot be used."""
        try:
            self._open()
        except sqlite3.Error as error:
            self.close()
            raise RuntimeError(
                f"{self._path} cannot hold the emulator's state: {error}. Give another file."
            ) from error

    def _open(self) -> None:
        self._opened = sqlite3.connect(self._path, isolation_level=None)
        self._opened.row_factory = sqlite3.Row
        self._opened.execute("PRAGMA foreign_keys = ON")
        self._opened.execute("PRAGMA journal_mode = WAL")
        self._opened.execute("PRAGMA synchronous = NORMAL")
        # The one-time key lies here in plain text until it is collected.
        self._opened.execute("PRAGMA secure_delete = ON")
        (version,) = self._opened.execute("PRAGMA user_version").fetchone()
        if version == 0:
            self._opened.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
        elif version != SCHEMA_VERSION:
            self.close()
            raise RuntimeError(
                f"{self._path} was written by another version of the emulator (schema {version}, this one "
                f"needs {SCHEMA_VERSION}). Give another file, or delete this one."
            )

    def close(self) -> None:
        """Close the file; idempotent."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    @property
    def _connection(self) -> sqlite3.Connection:
        if self._opened is None:
            raise RuntimeError("The emulator's database is closed: its application is not running.")
        return self._opened

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All statements inside happen together or not at all; no `await` may stand inside."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def run(self, sql: str, *values: object) -> int:
        """Execute one statement; the number of rows it changed."""
        return self._connection.execute(sql, values).rowcount

    def one(self, sql: str, *values: object) -> Row | None:
        """The first row of a query, if there is one."""
        row: Row | None = self._connection.execute(sql, values).fetchone()
        return row

    def all(self, sql: str, *values: object) -> list[Row]:
        """All rows of a query."""
        return self._connection.execute(sql, values).fetchall()

    def count(self, sql: str, *values: object) -> int:
        """The number a `SELECT count(*)` gives."""
        (number,) = self._connection.execute(sql, values).fetchone()
        return int(number)

    def insert(self, table: str, values: Mapping[str, object]) -> None:
        """Add one row; table and column names come from this package's code, never from a request."""
        columns, marks = ", ".join(values), ", ".join("?" * len(values))
        self.run(f"INSERT INTO {table} ({columns}) VALUES ({marks})", *values.values())  # noqa: S608 (own names only)

    def update(self, table: str, row_id: str, values: Mapping[str, object]) -> bool:
        """Change columns of the row with this `id`; False when there is none."""
        changes = ", ".join(f"{column} = ?" for column in values)
        return bool(self.run(f"UPDATE {table} SET {changes} WHERE id = ?", *values.values(), row_id))  # noqa: S608 (own names only)


def new_id() -> str:
    """A fresh random UUID in its usual spelling."""
    return str(uuid4())
