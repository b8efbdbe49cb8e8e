"""Journals kept in memory, and the proof that each can be taken again."""

import sqlite3
from collections.abc import Coroutine, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from eliza_cloud.core.journal.entries import AnyEntry, decode
from eliza_cloud.core.journal.filter import ALL, EntryFilter
from eliza_cloud.core.journal.replay import Replayed, replay
from eliza_cloud.core.link.state import Facts
from eliza_cloud.runtime.clock import Clock
from eliza_cloud.runtime.journal import Journal
from eliza_cloud.store.sqlite.journal import MAX_ENTRIES, WHOLE, Line, Span, read_lines


class MemoryJournal:
    """A `JournalStore` that is a list."""

    def __init__(self) -> None:
        self.lines: list[Line] = []

    async def last(self) -> int:
        return self.lines[-1].seq if self.lines else 0

    async def append(self, lines: Sequence[Line]) -> None:
        self.lines += lines

    async def read(
        self, span: Span = WHOLE, wanted: EntryFilter = ALL, *, limit: int = MAX_ENTRIES
    ) -> Sequence[Line]:
        found = [line for line in self.lines if span.covers(line.seq, line.at) and wanted.matches(line.text)]
        return span.first(found, limit)


class Nowhere(MemoryJournal):
    """A `JournalStore` that keeps nothing."""

    async def append(self, lines: Sequence[Line]) -> None:
        pass


class Recording(Journal):
    """The journal of one link for as long as the link lives, in memory or, where a path is given, there."""

    def __init__(self, clock: Clock, path: Path | None = None) -> None:
        super().__init__(Nowhere(), clock)
        self._path = path
        self._lines: list[bytes] = []
        self.listen(self._keep)

    @property
    def lines(self) -> list[bytes]:
        """Every entry so far."""
        return self._lines if self._path is None else self._path.read_bytes().splitlines()

    def check(self) -> Replayed:
        """End the journal and take every step again; what is known now must be what that leads to."""
        _without_waiting(self.close())
        replayed = replay(map(decode, self.lines))
        assert replayed.gaps == 0
        assert replayed.steps == sum(b'"kind":"mark"' not in line for line in self.lines)
        return replayed

    def _keep(self, entry: AnyEntry, _facts: Facts) -> None:
        line = msgspec.json.encode(entry)
        if self._path is None:
            self._lines.append(line)
        else:
            with self._path.open("ab") as file:
                file.write(line + b"\n")
        _without_waiting(self.flush())


def _without_waiting(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine that has nothing to wait for."""
    try:
        work.send(None)
    except StopIteration:
        return
    raise AssertionError(f"{work} waits")


def replay_database(path: Path) -> Replayed | None:
    """Take the journal of a database again; None when the file holds none that can be read."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            lines = read_lines(connection, "default", limit=MAX_ENTRIES)
    except sqlite3.Error:
        return None
    return replay(decode(line.text) for line in lines)
