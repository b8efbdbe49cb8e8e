"""Keeping the journal: what changed a fact is numbered and announced at once, and written a little later."""

import asyncio
import hashlib
from collections import deque
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

import msgspec
import structlog

from eliza_cloud.core import log_events
from eliza_cloud.core.journal.entries import (
    MARK_EVERY,
    AnyEntry,
    Checkpoint,
    CheckpointKind,
    LinkEntry,
    LoginEntry,
)
from eliza_cloud.core.journal.filter import ALL, EntryFilter
from eliza_cloud.core.link.state import Facts
from eliza_cloud.core.login.machine import LoginEvent, LoginFacts
from eliza_cloud.core.problems import JOURNAL_STOPPED, Problem
from eliza_cloud.core.views.health import link_problem_code
from eliza_cloud.runtime.clock import Clock, Flag, sleep
from eliza_cloud.runtime.observers import LoginStepRecord, Observer, StepRecord
from eliza_cloud.store.errors import StoreError
from eliza_cloud.store.sqlite.journal import WHOLE, JournalStore, Line, Span

#: Seconds that entries are gathered before they are written together.
GATHERED_FOR = 1.0
#: Seconds between two tries to write while the disk takes nothing.
TRIED_AGAIN_AFTER = 5.0
#: Entries that are kept in memory while the disk takes none; the oldest go first.
KEPT_IN_MEMORY = 5_000

log = structlog.get_logger()


class Journal(Observer):
    """Writes down every event that changed a fact: `open` before the link starts, `close` after it ended.

    `clean` takes secrets out of a line; `on_problem` hears that lines cannot be written, and (None) that they
    can be again. Numbers go on from run to run and never repeat: each start begins at its own time in
    milliseconds, or after the newest entry.
    """

    def __init__(
        self,
        store: JournalStore,
        clock: Clock,
        *,
        clean: Callable[[str], str] = str,
        on_problem: Callable[[Problem | None], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._clean = clean
        self._on_problem = on_problem
        self._listeners: list[Callable[[AnyEntry, Facts], None]] = []
        self._pending: deque[AnyEntry] = deque(maxlen=KEPT_IN_MEMORY)
        self._lost = self._written = self._damaged = 0
        self._seq = 0
        self._since_mark = 0
        self._facts = Facts()
        self._login = LoginFacts()
        self._failing_since: float | None = None
        self._something = Flag()
        self._lock = asyncio.Lock()
        self._writer: asyncio.Task[None] | None = None

    @property
    def seq(self) -> int:
        """The number of the newest entry."""
        return self._seq

    @property
    def written(self) -> int:
        """How many entries were written since the start."""
        return self._written

    @property
    def lost(self) -> int:
        """How many entries were given up since the start, because the disk took none for too long."""
        return self._lost

    def listen(self, listener: Callable[[AnyEntry, Facts], None]) -> None:
        """Tell `listener` of every entry from now on, with what is known after it."""
        self._listeners.append(listener)

    async def open(self) -> None:
        """Find out where the numbers go on, and begin to write."""
        last = 0
        try:
            last = await self._store.last()
        except StoreError as error:
            self._failed(error)
        self._seq = max(last, int(self._clock.wall() * 1000))
        self._writer = asyncio.create_task(self._write_on(), name="journal")
        self._writer.add_done_callback(self._on_writer_done)

    def on_start(self, facts: Facts) -> None:
        """Note what is known when the link starts."""
        self._facts = facts
        self._mark(CheckpointKind.START)

    async def close(self) -> None:
        """Note what is known at the end, write what is left, and end."""
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.wait([self._writer])
        self._mark(CheckpointKind.STOP)
        await self.flush()

    def on_crash(self) -> None:
        """Note that the link's loop crashed."""
        self._mark(CheckpointKind.CRASH)

    def on_step(self, record: StepRecord) -> None:
        """Note an event that changed a fact."""
        facts = record.step.facts
        if facts is record.before or facts == record.before:
            return
        self._facts = facts
        self._note(
            LinkEntry(
                **self._stamp(record),
                event=record.event,
                jitter=record.jitter,
                outcome=record.step.outcome.value,
                source=record.before.state.value,
                state=facts.state.value,
                epoch=facts.epoch,
                reason=facts.reason,
                cause=link_problem_code(facts),
                why=facts.problem.message if facts.problem else None,
                agent_id=facts.agent_id or record.before.agent_id,
            )
        )

    def on_login_step(self, record: LoginStepRecord) -> None:
        """Note an event of a sign-in that changed a fact, without what its key could be collected with."""
        facts = record.step.facts
        if facts == record.before:
            return
        self._login = msgspec.structs.replace(
            facts, session_id=_pseudonym(facts.session_id), browser_url="", key_prefix=None
        )
        self._note(
            LoginEntry(
                **self._stamp(record),
                event=_anonymous(record.event),
                outcome=record.step.outcome.value,
                source=record.before.state.value,
                state=facts.state.value,
                why=facts.error,
            )
        )

    async def read(self, span: Span = WHOLE, wanted: EntryFilter = ALL, *, limit: int) -> Sequence[str]:
        """Return the lines that are `wanted`, oldest first, also those not written yet; no damaged ones.

        Of more than `limit` these are the newest, or the oldest where `span` goes forward. Raises StoreError
        when the written ones cannot be read.
        """
        return (await self.read_sound(span, wanted, limit=limit))[0]

    async def read_sound(
        self, span: Span = WHOLE, wanted: EntryFilter = ALL, *, limit: int
    ) -> tuple[Sequence[str], int]:
        """Return what `read` does, and how many damaged lines are left out of it."""
        async with self._lock:
            await self._write()
            lines = await self._store.read(span, wanted, limit=limit)
            waiting = [
                line
                for line in map(self._line, self._pending)
                if span.covers(line.seq, line.at) and wanted.matches(line.text)
            ]
        found = span.first([*lines, *waiting], limit)
        sound = [line.text for line in found if _is_sound(line.text)]
        damaged = len(found) - len(sound)
        if damaged != self._damaged:
            self._damaged = damaged
            if damaged:
                log.warning(log_events.JOURNAL_DAMAGED, count=damaged)
        return sound, damaged

    async def flush(self) -> None:
        """Write what waits; where that fails it goes on waiting."""
        async with self._lock:
            await self._write()

    async def _write(self) -> None:
        batch = list(self._pending)
        if not batch:
            return
        try:
            await self._store.append([self._line(entry) for entry in batch])
        except StoreError as error:
            self._failed(error)
            return
        self._written += len(batch)
        while self._pending and self._pending[0].seq <= batch[-1].seq:
            self._pending.popleft()
        self._recovered()

    async def _write_on(self) -> None:
        while True:
            await self._something.wait()
            self._something.clear()
            await sleep(self._clock, GATHERED_FOR if self._failing_since is None else TRIED_AGAIN_AFTER)
            await self.flush()
            if self._pending:
                self._something.set()

    def _stamp(self, record: StepRecord | LoginStepRecord) -> dict[str, Any]:
        """Return the members that say which entry it is, when it was, and who brought it about."""
        by, request_id = record.origin.by, record.origin.request_id
        return {"seq": self._seq + 1, "at": record.at, "by": by, "request_id": request_id}

    def _on_writer_done(self, writer: asyncio.Task[None]) -> None:
        if not writer.cancelled() and (error := writer.exception()) is not None:
            log.error(log_events.RUNTIME_CRASHED, activity="journal", exc_info=error)
            self._on_problem(JOURNAL_STOPPED.occurred())

    def _note(self, entry: AnyEntry) -> None:
        self._seq = entry.seq
        self._lost += len(self._pending) == KEPT_IN_MEMORY
        self._pending.append(entry)
        self._something.set()
        for listener in self._listeners:
            listener(entry, self._facts)
        self._since_mark += 1
        if self._since_mark >= MARK_EVERY:
            self._mark(CheckpointKind.PERIODIC)

    def _mark(self, what: CheckpointKind) -> None:
        self._since_mark = 0
        self._note(
            Checkpoint(
                seq=self._seq + 1,
                at=self._clock.wall(),
                what=what,
                version=version("eliza-cloud"),
                facts=self._facts,
                login=self._login,
            )
        )

    def _line(self, entry: AnyEntry) -> Line:
        return Line(entry.seq, entry.at, self._clean(msgspec.json.encode(entry).decode()))

    def _failed(self, error: StoreError) -> None:
        level = log.debug
        if self._failing_since is None:
            self._failing_since = self._clock.monotonic()
            level = log.warning
            self._on_problem(error.problem)
        level(log_events.JOURNAL_FAILED, cause=error.code, detail=str(error), waiting=len(self._pending))

    def _recovered(self) -> None:
        if self._failing_since is not None:
            lasted = round(self._clock.monotonic() - self._failing_since, 3)
            self._failing_since = None
            log.info(log_events.JOURNAL_RECOVERED, duration_s=lasted, lost=self._lost)
            self._on_problem(None)


_ENTRIES = msgspec.json.Decoder(AnyEntry)


def _is_sound(line: str) -> bool:
    try:
        _ENTRIES.decode(line)
    except msgspec.DecodeError:
        return False
    return True


def _anonymous(event: LoginEvent) -> LoginEvent:
    """Return the event without what its key could be collected or recognised with."""
    hidden: dict[str, object] = {"session_id": _pseudonym(event.session_id)}
    hidden |= {name: "" for name in ("browser_url",) if hasattr(event, name)}
    hidden |= {name: None for name in ("key_prefix",) if hasattr(event, name)}
    return msgspec.structs.replace(event, **hidden)


def _pseudonym(session_id: str) -> str:
    """Return a name that tells one session from another and leads back to none: ids are 122 random bits."""
    return hashlib.sha256(session_id.encode()).hexdigest()[:12] if session_id else ""
