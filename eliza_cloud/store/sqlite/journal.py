"""The journal's rows: what happened to one link, newest last, at most as many as are kept."""

import sqlite3
from collections.abc import Sequence
from functools import partial
from typing import Protocol

import msgspec

from eliza_cloud.store.sqlite.database import Database

#: Entries that are kept: about ten days of a connected link (a heartbeat each 30 s, a backup each minute).
MAX_ENTRIES = 50_000
#: Seconds to wait for another program's lock: an entry can wait, and so it must not make the login wait.
LOCK_TIMEOUT = 0.1
#: Numbers are milliseconds since 1970 or a little more; a row with one beyond this is damaged.
END_OF_NUMBERS = 10**17


class Line(msgspec.Struct, frozen=True):
    """One entry, as JSON text; "" for a row that is damaged.

    `seq` orders and names it; `at` is in wall-clock seconds.
    """

    seq: int
    at: float
    text: str


class JournalStore(Protocol):
    """Keeps one link's journal. Every method raises StoreError."""

    async def last(self) -> int:
        """Return the number of the newest entry; 0 when there is none."""

    async def append(self, lines: Sequence[Line]) -> None:
        """Add entries, durable on return, and drop the oldest above the limit."""

    async def read(self, *, after: int = 0, since: float = 0.0, newest: int = MAX_ENTRIES) -> list[Line]:
        """Return the `newest` entries with a greater number, at or after `since`, oldest first."""


class SqliteJournal:
    """A `JournalStore` in the service's database."""

    def __init__(self, database: Database, link: str = "default", max_entries: int = MAX_ENTRIES) -> None:
        self._database = database
        self._link = link
        self._max_entries = max_entries

    async def last(self) -> int:
        """Return the number of the newest entry; 0 when there is none."""
        query = f"SELECT coalesce(max(seq), 0) FROM journal WHERE link = ? AND {_SOUND}"  # noqa: S608 - our own condition
        return await self._database.run(
            lambda connection: int(connection.execute(query, (self._link,)).fetchone()[0])
        )

    async def append(self, lines: Sequence[Line]) -> None:
        """Add entries in one transaction, and drop the oldest above the limit."""
        await self._database.run(partial(self._append, lines=lines), lock_timeout=LOCK_TIMEOUT)

    async def read(self, *, after: int = 0, since: float = 0.0, newest: int = MAX_ENTRIES) -> list[Line]:
        """Return the `newest` entries with a greater number, at or after `since`, oldest first."""
        return await self._database.run(
            lambda connection: read_lines(connection, self._link, after=after, since=since, newest=newest)
        )

    def _append(self, connection: sqlite3.Connection, lines: Sequence[Line]) -> None:
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(
                "INSERT OR REPLACE INTO journal (link, seq, at, entry) VALUES (?, ?, ?, ?)",
                [(self._link, line.seq, line.at, line.text) for line in lines],
            )
            connection.execute(
                "DELETE FROM journal WHERE link = ? AND seq <= "  # noqa: S608 - our own condition
                f"(SELECT seq FROM journal WHERE link = ? AND {_SOUND} ORDER BY seq DESC LIMIT 1 OFFSET ?)",
                (self._link, self._link, self._max_entries),
            )


def read_lines(
    connection: sqlite3.Connection, link: str, *, after: int, since: float, newest: int
) -> list[Line]:
    """Read entries over any connection, also a read-only one."""
    rows = connection.execute(
        "SELECT seq, at, CAST(entry AS BLOB) FROM journal"  # noqa: S608 - our own condition
        f" WHERE link = ? AND {_SOUND} AND seq > ? AND at >= ? ORDER BY seq DESC LIMIT ?",
        (link, after, since, newest),
    )
    return [_line(*row) for row in rows][::-1]


#: Sorts out numbers that the journal never wrote: they would be the newest for ever.
_SOUND = f"typeof(seq) = 'integer' AND seq < {END_OF_NUMBERS}"


def _line(seq: int, at: object, entry: bytes | None) -> Line:
    try:
        text = (entry or b"").decode()
    except UnicodeDecodeError:
        text = ""
    return Line(seq, at, text) if isinstance(at, float) else Line(seq, 0.0, "")
