"""The journal's rows: what happened to one link, newest last, at most as many as are kept."""

import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from itertools import islice
from typing import Protocol

import msgspec

from eliza_cloud.core.journal.filter import ALL, EntryFilter
from eliza_cloud.store.sqlite.database import Database

#: Entries that are kept: about ten days of a connected link (a heartbeat each 30 s, a backup each minute).
MAX_ENTRIES = 50_000
#: Seconds to wait for another program's lock: an entry can wait, and so it must not make the login wait.
LOCK_TIMEOUT = 0.1
#: Numbers are milliseconds since 1970 or a little more; a row with one beyond this is damaged.
END_OF_NUMBERS = 10**17

#: Sorts out numbers that the journal never wrote: they would be the newest for ever.
_SOUND = f"typeof(seq) = 'integer' AND seq < {END_OF_NUMBERS}"
_READ = (
    "SELECT seq, at, CAST(entry AS BLOB) FROM journal"  # noqa: S608 - our own condition
    f" WHERE link = ? AND {_SOUND} AND seq > ? AND seq < ? AND at >= ? AND (at <= ? OR typeof(at) = 'text')"
)
_READ_FORWARD = _READ + " ORDER BY seq ASC"
_READ_BACKWARD = _READ + " ORDER BY seq DESC"


class Line(msgspec.Struct, frozen=True):
    """One entry, as JSON text; "" for a row that is damaged.

    `seq` orders and names it; `at` is in wall-clock seconds.
    """

    seq: int
    at: float
    text: str


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the journal: numbers between `after` and `before`, times from `since` to `until`.

    Where not all of it is taken these are the newest entries, or the oldest with `forward`.
    """

    after: int = 0
    before: int = sys.maxsize
    since: float = 0.0
    until: float = sys.float_info.max
    forward: bool = False

    def covers(self, seq: int, at: float) -> bool:
        """Tell whether an entry of this number and time is in it."""
        return self.after < seq < self.before and self.since <= at <= self.until

    def first(self, lines: Sequence[Line], limit: int) -> Sequence[Line]:
        """Return the `limit` of them that are taken."""
        return lines[:limit] if self.forward else lines[-limit:]


WHOLE = Span()


class JournalStore(Protocol):
    """Keeps one link's journal. Every method raises StoreError."""

    async def last(self) -> int:
        """Return the number of the newest entry; 0 when there is none."""

    async def append(self, lines: Sequence[Line]) -> None:
        """Add entries, durable on return, and drop the oldest above the limit."""

    async def read(
        self, span: Span = WHOLE, wanted: EntryFilter = ALL, *, limit: int = MAX_ENTRIES
    ) -> list[Line]:
        """Return at most `limit` entries of `span` that are wanted, oldest first."""


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

    async def read(
        self, span: Span = WHOLE, wanted: EntryFilter = ALL, *, limit: int = MAX_ENTRIES
    ) -> list[Line]:
        """Return at most `limit` entries of `span` that are wanted, oldest first."""
        return await self._database.run(
            lambda connection: read_lines(connection, self._link, span, wanted, limit=limit)
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
    connection: sqlite3.Connection, link: str, span: Span = WHOLE, wanted: EntryFilter = ALL, *, limit: int
) -> list[Line]:
    """Read entries over any connection, also a read-only one."""
    query = _READ_FORWARD if span.forward else _READ_BACKWARD
    where = (link, span.after, span.before, span.since, span.until)
    with closing(connection.execute(query, where)) as rows:
        lines = (_line(*row) for row in rows)
        found = list(islice((line for line in lines if wanted.matches(line.text)), limit))
    return found if span.forward else found[::-1]


def _line(seq: int, at: object, entry: bytes | None) -> Line:
    try:
        text = (entry or b"").decode()
    except UnicodeDecodeError:
        text = ""
    return Line(seq, at, text) if isinstance(at, float) else Line(seq, 0.0, "")
