"""The journal of a link: what is noted, with which cause, and what happens when the disk takes nothing."""

import asyncio
from collections.abc import Sequence

import msgspec
import pytest
from structlog.contextvars import bound_contextvars

from eliza_cloud.core.journal.entries import Checkpoint, LinkEntry, LoginEntry, decode
from eliza_cloud.core.journal.replay import DivergedError, replay
from eliza_cloud.core.link import events as ev
from eliza_cloud.core.link.machine import LinkMachine
from eliza_cloud.core.login import machine as login
from eliza_cloud.core.login.machine import LoginFacts, LoginMachine
from eliza_cloud.core.problems import DISK_FULL, JOURNAL_STOPPED
from eliza_cloud.runtime import journal as journal_module
from eliza_cloud.runtime.journal import Journal
from eliza_cloud.runtime.observers import LoginStepRecord, StepRecord
from eliza_cloud.runtime.tasks import event_source
from eliza_cloud.store.errors import StoreError
from eliza_cloud.store.sqlite.journal import Line, Span
from tests.core.link_driver import ANNA, SIGNED_IN
from tests.harness.clock import FakeClock
from tests.harness.journals import MemoryJournal
from tests.harness.scripted_cloud import KEY, A, authenticated

MACHINE, LOGINS = LinkMachine(), LoginMachine()


class Disk(MemoryJournal):
    """A store that may be full."""

    full = False

    async def append(self, lines: Sequence[Line]) -> None:
        if self.full:
            raise StoreError(DISK_FULL.occurred(what="The disk is full; free some space."))
        await super().append(lines)


class Desk:
    """A journal and a link that it follows."""

    def __init__(self) -> None:
        self.disk, self.clock, self.problems, self.heard = Disk(), FakeClock(), [], []
        self.facts = SIGNED_IN
        self.login = LoginFacts()
        self.journal = Journal(self.disk, self.clock, on_problem=self.problems.append)
        self.journal.listen(lambda entry, facts: self.heard.append((entry, facts)))

    def happens(self, event: ev.Event) -> None:
        step = MACHINE.step(self.facts, event, at=self.clock.wall(), jitter=0.5)
        self.journal.on_step(StepRecord(event, self.facts, step, self.clock.wall(), 0.5, event_source()))
        self.facts = step.facts

    def signs_in(self, event: login.LoginEvent) -> None:
        step = LOGINS.step(self.login, event)
        self.journal.on_login_step(
            LoginStepRecord(event, self.login, step, self.clock.wall(), event_source())
        )
        self.login = step.facts

    @property
    def entries(self):
        return [decode(line.text) for line in self.disk.lines]


@pytest.fixture
async def desk():
    desk = Desk()
    await desk.journal.open()
    desk.journal.on_start(desk.facts)
    yield desk
    await desk.journal.close()


async def test_what_changes_a_fact_is_noted_with_who_brought_it_about(desk):
    with bound_contextvars(request_id="abc"):
        desk.happens(ev.Connect(ANNA))
    desk.happens(ev.HeartbeatAnswered(desk.facts.epoch))  # ignored: nothing beats yet
    desk.happens(ev.Connected(desk.facts.epoch - 1, "late"))  # of an older epoch
    desk.happens(ev.Connected(desk.facts.epoch, "Anna"))
    await desk.journal.flush()
    start, connect, connected = desk.entries
    assert isinstance(start, Checkpoint)
    assert (start.what, start.facts) == ("start", SIGNED_IN)
    assert isinstance(connect, LinkEntry)
    assert (connect.event, connect.by, connect.request_id) == (ev.Connect(ANNA), "service", "abc")
    assert (connect.source, connect.state, connect.outcome) == ("disconnected", "connecting", "moved")
    assert (connected.event, connected.state) == (ev.Connected(1, "Anna"), "connected")
    assert [entry.seq for entry in desk.entries] == list(range(start.seq, start.seq + 3))


async def test_listeners_hear_of_an_entry_at_once_with_what_is_known_after_it(desk):
    desk.happens(ev.Connect(ANNA))
    entry, facts = desk.heard[-1]
    assert (entry.state, facts) == ("connecting", desk.facts)
    assert desk.disk.lines == [], "nothing is written before its time"


async def test_entries_are_gathered_for_a_second_and_written_together(desk):
    desk.happens(ev.Connect(ANNA))
    desk.happens(ev.Connected(desk.facts.epoch, "Anna"))
    await settle()
    assert desk.disk.lines == []
    desk.clock.advance(journal_module.GATHERED_FOR)
    await settle()
    assert len(desk.disk.lines) == 3
    assert desk.journal.written == 3


async def test_numbers_go_on_after_those_of_an_earlier_start_even_if_the_clock_was_set_back(desk):
    desk.happens(ev.Connect(ANNA))
    await desk.journal.close()
    later = Journal(desk.disk, FakeClock())
    last = desk.disk.lines[-1].seq
    await later.open()
    later.on_start(SIGNED_IN)
    assert later.seq == max(last, int(FakeClock().wall() * 1000)) + 1 > last
    await later.close()


async def test_a_full_disk_loses_nothing_and_is_told_once(desk):
    desk.disk.full = True
    desk.happens(ev.Connect(ANNA))
    for _ in range(3):
        await desk.journal.flush()
    assert [problem.code for problem in desk.problems] == ["disk_full"]
    read = await desk.journal.read(limit=10)
    assert [decode(text).seq for text in read] == [entry.seq for entry, _ in desk.heard]
    desk.disk.full = False
    await desk.journal.flush()
    assert desk.problems[-1] is None
    assert len(desk.entries) == 2
    assert desk.journal.lost == 0


async def test_a_disk_that_stays_full_costs_the_oldest_entries_and_the_replay_goes_on_at_the_next_mark(
    desk, monkeypatch
):
    monkeypatch.setattr(journal_module, "MARK_EVERY", 4)
    await desk.journal.flush()
    desk.disk.full = True
    monkeypatch.setattr(journal_module, "KEPT_IN_MEMORY", 6)
    small = Journal(desk.disk, desk.clock)
    desk.journal = small
    await small.open()
    small.on_start(desk.facts)
    for number in range(20):
        desk.happens(ev.ClockJumped(float(number)))
    desk.disk.full = False
    await small.close()
    assert small.lost > 0
    replayed = replay(desk.entries)
    assert replayed.gaps <= 1
    assert replayed.steps >= 1


async def test_a_fault_of_the_writer_is_logged_and_becomes_a_trouble(desk, log):
    async def broken(_lines):
        raise RuntimeError("a fault of ours")

    desk.disk.append = broken
    desk.happens(ev.Connect(ANNA))
    await settle()
    desk.clock.advance(journal_module.GATHERED_FOR)
    await settle()
    assert desk.problems == [JOURNAL_STOPPED.occurred()]
    [line] = [line for line in log if line["event"] == "runtime.crashed"]
    assert (line["activity"], line["log_level"]) == ("journal", "error")
    del desk.disk.append


async def test_what_is_read_holds_each_entry_once_written_or_not(desk):
    desk.happens(ev.Connect(ANNA))
    await desk.journal.flush()
    desk.disk.full = True
    desk.happens(ev.Connected(desk.facts.epoch, "Anna"))
    sequence = [decode(text).seq for text in await desk.journal.read(limit=10)]
    assert sequence == sorted(set(sequence))
    assert len(sequence) == 3
    after_first = await desk.journal.read(Span(after=sequence[0]), limit=1)
    assert [decode(text).seq for text in after_first] == sequence[-1:]


async def test_a_sign_in_is_noted_without_what_its_key_could_be_collected_with(desk):
    session, url = "5f2b7c2e-1111-4222-8333-944444444444", "https://cloud.example/auth?session=5f2b7c2e"
    desk.signs_in(login.LoginStarted(session, url, revocable=True))
    desk.signs_in(login.LoginKeyReceived(session, "eliza_72f94a", None))
    desk.signs_in(login.LoginKeyStored(session))
    await desk.journal.flush()
    text = "".join(line.text for line in desk.disk.lines)
    for hidden in (session, session[:8], url, "eliza_72f94a"):
        assert hidden not in text
    entries = [entry for entry in desk.entries if isinstance(entry, LoginEntry)]
    assert [entry.state for entry in entries] == ["pending", "pending", "authenticated"]


async def test_the_same_steps_lead_to_the_same_facts_and_a_changed_one_is_found(desk):
    desk.happens(ev.Connect(ANNA))
    desk.happens(ev.Connected(desk.facts.epoch, "Anna"))
    desk.happens(ev.CreditsRead(desk.facts.epoch, 3.25))
    await desk.journal.close()
    replayed = replay(desk.entries)
    assert (replayed.steps, replayed.starts, replayed.moves, replayed.state) == (3, 1, 2, "connected")
    changed = [
        msgspec.structs.replace(entry, event=ev.CreditsRead(2, 99.0))
        if isinstance(entry, LinkEntry) and isinstance(entry.event, ev.CreditsRead)
        else entry
        for entry in desk.entries
    ]
    with pytest.raises(DivergedError, match="another `spending` than was noted"):
        replay(changed)


async def test_what_an_activity_finds_goes_back_to_the_request_that_began_it(rig):
    link = await rig.start()
    with bound_contextvars(request_id="the-connect"):
        await link.connect(A)
    await rig.quiet()
    entries = [decode(line) for line in rig.journal.lines]
    by = {
        type(entry.event).__name__: (entry.by, entry.request_id)
        for entry in entries
        if isinstance(entry, LinkEntry)
    }
    assert by["Connect"] == ("service", "the-connect")
    assert by["Connected"] == ("connector", "the-connect")
    assert by["CreditsRead"] == ("credits", None), "the watch goes on for its own sake"


async def test_a_sign_ins_id_is_nowhere_in_the_journal_of_a_real_sign_in(rig, cloud):
    await rig.start(key=None)
    session = await rig.sign_in(authenticated())
    text = b"".join(rig.journal.lines).decode()
    assert session not in text
    assert KEY not in text
    assert '"by":"poller"' in text


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)
