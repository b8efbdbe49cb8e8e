"""Journals kept in memory, and the proof that each can be taken again."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import msgspec

from eliza_cloud.core.journal.entries import AnyEntry, CheckpointKind, decode
from eliza_cloud.core.journal.replay import Replayed, replay
from eliza_cloud.core.link.state import Facts
from eliza_cloud.runtime.clock import Clock
from eliza_cloud.runtime.journal import Journal
from eliza_cloud.store.sqlite.journal import MAX_ENTRIES, Line, read_lines


class MemoryJournal:
    """A `JournalStore` that is a list."""

    def __init__(self) -> None:
        self.lines: list[Line] = []

    async def last(self) -> int:
        return self.lines[-1].seq if self.lines else 0

    async def append(self, lines: Sequence[Line]) -> None:
        self.lines += lines

    async def read(self, *, after: int = 0, since: float = 0.0, newest: int = MAX_ENTRIES) -> list[Line]:
        found = [line for line in self.lines if line.seq > after and line.at >= since]
        return found[-newest:]


class Recording(Journal):
    """A journal of one link that is never written anywhere, for as long as the link lives."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(MemoryJournal(), clock)
        self.lines: list[bytes] = []
        self.listen(self._keep)

    def _keep(self, entry: AnyEntry, _facts: Facts) -> None:
        self._pending.clear()
        self.lines.append(msgspec.json.encode(entry))

    def check(self) -> Replayed:
        """Take every step again; what is known now must be what that leads to."""
        self._mark(CheckpointKind.STOP)
        replayed = replay(map(decode, self.lines))
        assert replayed.gaps == 0
        assert replayed.steps == sum(b'"kind":"mark"' not in line for line in self.lines)
        return replayed


def replay_database(path: Path) -> Replayed | None:
    """Take the journal of a database again; None when the file holds none that can be read."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            lines = read_lines(connection, "default", after=0, since=0.0, newest=MAX_ENTRIES)
    except sqlite3.Error:
        return None
    return replay(decode(line.text) for line in lines)
