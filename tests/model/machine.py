"""One machine with one link in a world made of script: how it starts, lives and ends, and what must hold."""

import asyncio
import contextlib
import shutil
import tempfile
from collections import Counter
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import structlog

from eliza_cloud.core.link import events
from eliza_cloud.core.states import LinkState
from eliza_cloud.runtime.manager import CloudManager
from eliza_cloud.runtime.observers import StepRecord
from eliza_cloud.store.config.file import ConfigFile
from eliza_cloud.store.config.settings import Settings
from eliza_cloud.store.credentials import Credentials
from eliza_cloud.store.paths import state_paths
from eliza_cloud.store.sqlite.database import Database, SqliteStore
from tests.harness.journals import Recording
from tests.harness.observers import OnStep
from tests.model.callers import CLOSING_BOUND, Caller
from tests.model.cloud_behaviours import BEHAVIOURS
from tests.model.simulated_cloud import BASE_URL, Call, Response, SimulatedCloud, session_with, usual
from tests.model.step_checks import StepChecks
from tests.model.virtual_loop import LoopClock, VirtualLoop


class Tally:
    """What a search has been through."""

    def __init__(self) -> None:
        self.lives = self.steps = self.calls = self.turns = self.waiters = self.links = 0
        self.seconds = 0.0
        self.moves: Counter[str] = Counter()
        self.events: Counter[str] = Counter()


class Machine:
    """Several services one after the other on one disk; `tally` says what they went through together."""

    tally = Tally()

    def __init__(self) -> None:
        super().__init__()
        self.loop = VirtualLoop()
        self.clock = LoopClock(self.loop)
        self.directory = Path(tempfile.mkdtemp(prefix="model-", dir=_memory()))
        self.paths = state_paths({"ELIZA_STATE_DIR": str(self.directory)})
        self.environ: dict[str, str] = {}
        self.jitter = 1.0
        self.behaviour = "silent"
        self.approved = False
        self.issued: dict[str, Response] = {}
        self.kept: set[str] = set()
        self.revoked: set[str] = set()
        self.sessions: list[str] = []
        self.waiters: list[Caller] = []
        self.disk_was_slow_at = 0.0
        self.crashed = False
        self.had_limits = False
        self.journal: Recording | None = None
        self.ways_out = contextlib.ExitStack()
        self.log = self.ways_out.enter_context(structlog.testing.capture_logs())

    def begins(self, *, signed_in: bool, settings: Settings, jitter: float) -> None:
        """Start the first service, with a key on the disk or without; to be called once, first of all."""
        self.jitter = jitter
        self.settings = settings
        if signed_in:
            self.issued["eliza_first"] = Response(200)
            ConfigFile(self.paths.config).update(
                lambda document: document.update(cloud={"apiKey": "eliza_first", "enabled": True})
            )
        self.start()

    def start(self) -> None:
        """Start a service with what is on the disk."""
        self.stopping = False
        if self.journal is not None:
            self.journal.check()
        self.journal = Recording(self.clock)
        self.cloud = SimulatedCloud(self._on_call)
        self.cloud.by_itself = self._by_itself
        self.checks = StepChecks(lambda: self.manager.facts, lambda: self.cloud.parked)
        self.checks.held_key = self._held_key
        self.checks.had_limits = lambda: self.had_limits
        self.checks.on_step = self._on_step
        self.store = SqliteStore(Database(self.paths.database))
        credentials = Credentials(ConfigFile(self.paths.config), self.store, self.environ, BASE_URL)
        self.access = session_with(self.cloud)
        self.manager = CloudManager(
            settings=self.settings,
            credentials=credentials,
            cloud=self.access,
            clock=self.clock,
            jitter=lambda: self.jitter,
            observers=[self.journal, OnStep(self.checks.step)],
        )
        self.credentials = credentials
        start = self.loop.create_task(self.manager.start())
        self.run(None)
        start.result()
        self._keep_key()
        self.tally.links += 1

    @property
    def stopped(self) -> bool:
        """Whether the service has ended: from then on callers are refused."""
        return self.stopping and not [caller for caller in self.waiters if caller.kind == "stop"]

    def check(self) -> None:
        """Check everything that must hold at this moment."""
        self.tally.steps += 1
        self.crashed = True  # unless the end is reached
        assert self.checks.broken == [], self.checks.broken[0]
        assert self.loop.faults == [], self.loop.faults[0]
        falls = [line["exc_info"] for line in self.log if line["event"] == "runtime.crashed"]
        assert falls == [], repr(falls[0])
        assert self.manager.running or self.stopping
        self._check_that_closing_ends()
        self._hear_the_answers()
        if self.loop.is_at_rest and not self.loop.disk_waits:
            self._check_that_nobody_waits_for_nothing()
        self.crashed = False

    def _hear_the_answers(self) -> None:
        for caller in [caller for caller in self.waiters if caller.task.done()]:
            self.waiters.remove(caller)
            caller.check_the_answer()

    def _check_that_closing_ends(self) -> None:
        for caller in self.waiters:
            if caller.kind in {"disconnect", "stop"} and not self.loop.disk_waits:
                begun = max(caller.begun, self.disk_was_slow_at)
                taken = (self.loop.now if caller.ended is None else caller.ended) - begun
                assert taken <= CLOSING_BOUND, f"{caller!r} has waited for {taken} s"

    def _check_that_nobody_waits_for_nothing(self) -> None:
        if any(call.owner == "background_task" for call in self.cloud.waiting):
            return  # the agent that is to take another's place is asked to start first
        linking = {LinkState.CONNECTING, LinkState.RECONNECTING, LinkState.CLOSING}
        for caller in self.waiters:
            if caller.kind == "connect":
                assert self.manager.facts.state in linking, f"{caller!r} waits for what does not come"
            assert caller.kind not in {"begin_connect", "cancel_login"}, f"{caller!r} waits"

    def end_well(self) -> None:
        """Let the cloud answer everything and time pass; then nothing is left of anything."""
        self.change_behaviour("good")
        self.loop.disk_is_full = self.loop.disk_is_slow = False
        self.disk_does_its_work()
        for _ in range(100):
            self.loop.pass_time(10.0)
            self.check()
            if not self.waiters:
                break
        assert self.waiters == [], "these were never answered"
        self._check_that_no_key_was_lost()
        begun = self.loop.now
        self.stopping = True
        self.call("stop", "", self.manager.stop())
        while self.waiters:
            self.until_next_timer()
            self.check()
        assert self.loop.now - begun <= CLOSING_BOUND
        for close in (self.access.close(), self.store.close()):
            closing = self.loop.create_task(close)
            self.loop.settle()
            closing.result()
        overdue = [line for line in self.log if line["event"] == "link.stop_overdue"]  # the disk stood still
        assert overdue or self.manager.facts.state in {LinkState.DISCONNECTED, LinkState.ERROR}
        assert asyncio.all_tasks(self.loop) == set()
        assert self.loop.timers() == []
        holdings = self.manager.holdings
        assert (holdings.waiting_commands, holdings.backup_requests, holdings.background_tasks) == (0, 0, 0)
        assert self.cloud.closed
        self.journal.check()
        self.check()
        self._count()

    def _check_that_no_key_was_lost(self) -> None:
        came = {key for key, response in self.issued.items() if response.was_read}
        lost = came - self.kept - self.revoked
        assert len(lost) <= len([line for line in self.log if line["event"] == "login.key_orphaned"]), lost

    def _count(self) -> None:
        self.tally.calls += self.cloud.calls
        self.tally.moves += self.checks.moves
        self.tally.events += self.checks.events

    def sweep(self) -> None:
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.disk_is_slow = False
        with contextlib.suppress(AssertionError):
            self.disk_does_its_work()
            self.loop.settle()
        self.loop.close()
        shutil.rmtree(self.directory)

    def until_next_timer(self) -> None:
        """Let time pass until something is due."""
        self.loop.settle()
        due = min((timer.when() for timer in self.loop.timers()), default=self.loop.now)
        self.loop.pass_time(max(0.0, due - self.loop.now))

    # Ways and means

    def call(self, kind: str, about: str, work: Coroutine[Any, Any, Any]) -> None:
        caller = Caller(self.loop, kind, about, work)
        caller.look(self.manager.facts)
        self.waiters.append(caller)
        self.tally.waiters += 1

    def run(self, turns: int | None) -> None:
        if turns is None:
            self.loop.settle()
        else:
            for _ in range(turns):
                self.loop.turn()

    def disk_does_its_work(self) -> None:
        self.disk_was_slow_at = self.loop.now
        self.loop.disk_works()

    def change_behaviour(self, behaviour: str) -> None:
        self.behaviour = behaviour
        for call in self.cloud.waiting:
            if (answer := self._by_itself(call)) is not None:
                call.answer.set_result(answer)

    def _by_itself(self, call: Call) -> Response | None:
        return self.good(call) if self.behaviour == "good" else BEHAVIOURS[self.behaviour](call)

    def good(self, call: Call) -> Response:
        if call.name != "poll" or not self.approved:
            return usual(call)
        self.approved = False
        key = f"eliza_{len(self.issued)}"
        answer = Response(200, {"status": "authenticated", "apiKey": key, "keyPrefix": key})
        self.issued[key] = answer
        return answer

    @property
    def settings(self) -> Settings:
        """The settings in force; whether they, or earlier ones, had limits of a price is noted."""
        return self._settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        self._settings = settings
        self.had_limits |= settings.max_hourly_usd is not None and settings.max_start_usd is not None

    def _held_key(self) -> str | None:
        return ConfigFile(self.paths.config).read().get("cloud", {}).get("apiKey")

    def _keep_key(self) -> None:
        if (key := self._held_key()) is not None:
            self.kept.add(key)

    def _on_call(self, call: Call) -> None:
        if call.name in {"revoke", "revoke_key"} and call.key is not None:
            self.revoked.add(call.key)
        self.checks.call(call)

    def _on_step(self, report: StepRecord) -> None:
        if isinstance(report.event, events.KeyChanged):
            self._keep_key()
        for caller in self.waiters:
            caller.look(report.step.facts)


def _memory() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None
