"""The hub of the event stream: each change is kept once for all readers.

A reader is a position in a bounded history, so that no queue can grow and no reader holds up another.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec
import structlog

from eliza_cloud.api.http.event_frames import Changed, Gap, StatusFrame
from eliza_cloud.api.http.responses import RequestError
from eliza_cloud.core import log_events
from eliza_cloud.core.journal.entries import AnyEntry
from eliza_cloud.core.link.state import Facts
from eliza_cloud.core.problems import TOO_MANY_READERS
from eliza_cloud.core.timefmt import timestamp
from eliza_cloud.core.views.status import status_view
from eliza_cloud.runtime.journal import Journal
from eliza_cloud.runtime.manager import CloudManager

#: Changes that are kept: half an hour of a linked service that is well, and more than any burst.
HISTORY = 1000
MOST_READERS = 64
#: Seconds of quiet after which a comment is due.
KEEP_ALIVE = 15.0
COMMENT = b": still here\n\n"

log = structlog.get_logger()


class _Change(msgspec.Struct):
    """One change, and its frame once that is encoded."""

    entry: AnyEntry
    facts: Facts
    running: bool
    frame: bytes | None = None


class EventHub:
    """Listens to the journal of this manager's link; `clean` redacts a frame."""

    def __init__(
        self,
        journal: Journal,
        manager: CloudManager,
        *,
        clean: Callable[[str], str] = str,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._journal = journal
        self._manager = manager
        self._clean = clean
        self.readers = 0
        self.lost = 0
        self._started_at = timestamp(wall())
        self._first: int | None = None
        self._changes: list[_Change | None] = [None] * HISTORY
        self._news = asyncio.Event()
        journal.listen(self._hear)

    @contextmanager
    def reader(self, after: int | None) -> Iterator["Reader"]:
        """Let a reader in that has read up to the entry `after`; `RequestError` 503 when it is full."""
        if self.readers >= MOST_READERS:
            raise RequestError(TOO_MANY_READERS.occurred())
        self.readers += 1
        try:
            yield Reader(self, after)
        finally:
            self.readers -= 1

    @property
    def newest(self) -> int:
        """The number of the newest change."""
        return self._journal.seq

    @property
    def oldest(self) -> int:
        """The number of the oldest change that is kept; greater than the newest when none is."""
        if self._first is None:
            return self.newest + 1
        return max(self._first, self.newest - len(self._changes) + 1)

    def is_of_this_run(self, seq: int) -> bool:
        """Return whether a change of this number belongs to this run."""
        return self._first is not None and self._first <= seq <= self.newest

    def frame(self, seq: int) -> bytes:
        """Return the frame of a change that is kept; encoded for the first reader that asks."""
        change = self._kept(seq)
        if change.frame is None:
            view = status_view(change.facts, running=change.running)
            body = Changed(**msgspec.structs.asdict(view), started_at=self._started_at, change=change.entry)
            change.frame = self.written(seq, "status", body)
        return change.frame

    def snapshot(self, seq: int) -> bytes:
        """Return the state as of a change that is kept, or of now for the newest."""
        if seq == self.newest:
            view = self._manager.status()
        else:
            change = self._kept(seq)
            view = status_view(change.facts, running=change.running)
        body = StatusFrame(**msgspec.structs.asdict(view), started_at=self._started_at)
        return self.written(seq, "snapshot", body)

    def written(self, seq: int, event: str, body: msgspec.Struct) -> bytes:
        """Write one frame."""
        data = self._clean(msgspec.json.encode(body).decode())
        return f"id: {seq}\nevent: {event}\ndata: {data}\n\n".encode()

    async def news(self) -> bool:
        """Wait for a change; False when none came for so long that a comment is due."""
        try:
            async with asyncio.timeout(KEEP_ALIVE):
                await self._news.wait()
        except TimeoutError:
            return False
        return True

    def _kept(self, seq: int) -> _Change:
        change = self._changes[seq % len(self._changes)]
        if change is None or change.entry.seq != seq:
            raise LookupError(seq)
        return change

    def _hear(self, entry: AnyEntry, facts: Facts) -> None:
        if self._first is None:
            self._first = entry.seq
        self._changes[entry.seq % len(self._changes)] = _Change(entry, facts, self._manager.running)
        if self.readers:
            self._news.set()
            self._news = asyncio.Event()


class Reader:
    """One reader's place in the stream."""

    def __init__(self, hub: EventHub, after: int | None) -> None:
        self._hub = hub
        self._opening: deque[bytes] = deque()
        self._lagged = False
        self._place = newest = hub.newest
        gap: Gap | None = None
        if after is not None and hub.oldest <= after < newest:
            self._place = after
        elif after is not None and after != newest:
            known = hub.is_of_this_run(after)
            gap = Gap(after, newest - after, "history") if known else Gap(after, None, "restart")
        self._opening.append(hub.snapshot(self._place))
        if gap is not None:
            self._opening.append(hub.written(newest, "gap", gap))

    async def next(self) -> bytes:
        """Wait for what comes next: a frame, or a comment when nothing has for a while."""
        if self._opening:
            return self._opening.popleft()
        hub = self._hub
        while self._place == hub.newest:
            if not await hub.news():
                return COMMENT
        if hub.newest - self._place > 1:
            await asyncio.sleep(0)  # a reader with much to catch up on lets the others have their turn
        lost = hub.oldest - self._place - 1
        if lost > 0:
            return self._fallen_behind(lost)
        self._place += 1
        return hub.frame(self._place)

    def _fallen_behind(self, lost: int) -> bytes:
        level = log.debug if self._lagged else log.warning
        level(log_events.EVENT_STREAM_LAGGING, lost=lost, after=self._place)
        self._lagged = True
        self._hub.lost += lost
        gap = Gap(self._place, lost, "slow_reader")
        self._place += lost
        return self._hub.written(self._place, "gap", gap)
