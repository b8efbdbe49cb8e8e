"""The real link, driven through whatever a search can think of, and what must hold at every moment of it."""

import asyncio
import contextlib
import shutil
import tempfile
from collections import Counter
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import structlog
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from eliza_cloud.core.states import LinkState
from eliza_cloud.link.manager import CloudManager
from eliza_cloud.link.report import Report
from eliza_cloud.store.config_file import ConfigFile
from eliza_cloud.store.credentials import Credentials
from eliza_cloud.store.paths import state_paths
from eliza_cloud.store.record import SqliteStore
from eliza_cloud.store.settings import Settings
from tests.model.callers import CLOSING_BOUND, Caller
from tests.model.scripted_cloud import BASE_URL, A, B, Call, Response, ScriptedAccess, ScriptedCloud, cut, usual
from tests.model.virtual_loop import LoopClock, VirtualLoop
from tests.model.watch import Watch
from tests.model.weather import FAULTS, WEATHER, odd

AGENTS = st.sampled_from([A, A, B])
TURNS = st.sampled_from([0, 1, 2, 3, 5, 8, None, None, None])  # rounds of the loop after a rule; None: to rest
ANSWERS = st.sampled_from(["usual", "usual", "usual", "odd", "odd", "cut", *FAULTS])
SECONDS = st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 10.0, 30.0, 60.0, 90.0, 300.0, 900.0])
SETTINGS = [
    Settings(),
    Settings(max_reconnect_attempts=2, max_failures=1),
    Settings(heartbeat_interval=1.0, backup_interval=1.0, reconnect_interval=0.5, max_reconnect_attempts=1),
    Settings(max_reconnect_attempts=0, max_reconnect_delay=5.0, login_timeout=20.0),
]
HANDS = ("take_backup", "restore", "suspend_agent", "shutdown_agent", "resume_agent", "send")


class Tally:
    """What a search has been through."""

    def __init__(self) -> None:
        self.lives = self.steps = self.calls = self.turns = self.callers = self.links = 0
        self.seconds = 0.0
        self.moves: Counter[str] = Counter()
        self.events: Counter[str] = Counter()


class LinkModel(RuleBasedStateMachine):
    """One machine with one link, from its first start to its last stop, several starts and stops between."""

    tally = Tally()

    def __init__(self) -> None:
        super().__init__()
        self.loop = VirtualLoop()
        self.clock = LoopClock(self.loop)
        self.directory = Path(tempfile.mkdtemp(prefix="model-", dir=_memory()))
        self.paths = state_paths({"ELIZA_STATE_DIR": str(self.directory)})
        self.environ: dict[str, str] = {}
        self.chance = 1.0
        self.weather = "silent"
        self.approved = False
        self.issued: dict[str, Response] = {}
        self.kept: set[str] = set()
        self.revoked: set[str] = set()
        self.sessions: list[str] = []
        self.callers: list[Caller] = []
        self.disk_was_slow_at = 0.0
        self.fell = False
        self.ways_out = contextlib.ExitStack()
        self.log = self.ways_out.enter_context(structlog.testing.capture_logs())

    # Beginning, and beginning again

    @initialize(signed_in=st.booleans(), settings=st.sampled_from(SETTINGS), chance=st.sampled_from([0.0, 1.0]))
    def begins(self, signed_in: bool, settings: Settings, chance: float) -> None:
        self.chance = chance
        self.settings = settings
        if signed_in:
            self.issued["eliza_first"] = Response(200)
            ConfigFile(self.paths.config).update(
                lambda document: document.update(cloud={"apiKey": "eliza_first", "enabled": True})
            )
        self._start()

    def _start(self) -> None:
        self.stopping = False
        self.cloud = ScriptedCloud(self._on_call)
        self.cloud.by_itself = self._by_itself
        self.watch = Watch(lambda: self.manager.facts, lambda: self.cloud.parked)
        self.watch.held_key = self._held_key
        self.watch.on_step = self._on_step
        self.store = SqliteStore(self.paths.database)
        credentials = Credentials(ConfigFile(self.paths.config), self.store, self.environ, BASE_URL)
        self.manager = CloudManager(
            settings=self.settings,
            credentials=credentials,
            cloud=ScriptedAccess(self.cloud),
            clock=self.clock,
            chance=lambda: self.chance,
            observers=[self.watch.step],
        )
        self.credentials = credentials
        start = self.loop.create_task(self.manager.start())
        self._run(None)
        start.result()
        self.tally.links += 1

    # What callers do

    @rule(agent=AGENTS, turns=TURNS)
    def connect(self, agent: str, turns: int | None) -> None:
        self._call("connect", agent, self.manager.connect(agent))
        self._run(turns)

    @rule(agent=AGENTS, turns=TURNS)
    def begin_connect(self, agent: str, turns: int | None) -> None:
        self._call("begin_connect", agent, self.manager.begin_connect(agent))
        self._run(turns)

    @rule(agent=AGENTS)
    def connect_on_a_good_day(self, agent: str) -> None:
        self._change_weather("good")
        self._call("connect", agent, self.manager.connect(agent))
        self._run(None)

    @rule(turns=TURNS)
    def disconnect(self, turns: int | None) -> None:
        self._call("disconnect", "", self.manager.disconnect())
        self._run(turns)

    @rule(agent=AGENTS, what=st.sampled_from(HANDS), turns=TURNS)
    def lend_a_hand(self, agent: str, what: str, turns: int | None) -> None:
        self._call(what, agent, self._hand(what, agent))
        self._run(turns)

    async def _hand(self, what: str, agent: str) -> object:
        if what == "restore":
            return await self.manager.restore(agent, None)
        if what == "send":
            return await self.manager.proxy().send("hello")
        return await getattr(self.manager, what)(agent)

    @rule(turns=TURNS)
    def start_login(self, turns: int | None) -> None:
        self._call("start_login", "", self._login())
        self._run(turns)

    async def _login(self) -> None:
        self.sessions.append((await self.manager.start_login()).session_id)

    @rule(turns=TURNS, which=st.integers(0, 3))
    def cancel_login(self, turns: int | None, which: int) -> None:
        session = self.sessions[-1 - which % len(self.sessions)] if self.sessions else "of somebody else"
        self._call("cancel_login", "", self.manager.cancel_login(session))
        self._run(turns)

    @rule()
    def sign_in_on_a_good_day(self) -> None:
        self._change_weather("good")
        self.approved = True
        self._call("start_login", "", self._login())
        self.loop.pass_time(4.0)

    @rule(who=st.integers(0, 9), turns=TURNS)
    @precondition(lambda self: self.callers)
    def a_caller_leaves(self, who: int, turns: int | None) -> None:
        self.callers[who % len(self.callers)].leave()
        self._run(turns)

    @rule(settings=st.sampled_from(SETTINGS), turns=TURNS)
    def change_settings(self, settings: Settings, turns: int | None) -> None:
        if not self.stopping:
            self.settings = settings
            self.manager.change_settings(settings)
        self._run(turns)

    # What the cloud does

    @rule(which=st.integers(0, 9), how=ANSWERS, variety=st.integers(0, 3), turns=TURNS)
    @precondition(lambda self: self.cloud.waiting)
    def the_cloud_answers(self, which: int, how: str, variety: int, turns: int | None) -> None:
        waiting = self.cloud.waiting
        call = waiting[which % len(waiting)]
        if how == "cut":
            cut(call)
        elif how == "odd":
            call.answer.set_result(odd(call, variety))
        else:
            call.answer.set_result(FAULTS[how](call) if how in FAULTS else self._good(call))
        self._run(turns)

    @rule(weather=st.sampled_from(sorted(WEATHER)))
    def the_weather_changes(self, weather: str) -> None:
        self._change_weather(weather)
        self._run(None)

    @rule(turns=TURNS)
    def somebody_signs_in_at_the_browser(self, turns: int | None) -> None:
        self.approved = True
        for call in self.cloud.waiting:
            if call.name == "poll":
                call.answer.set_result(self._good(call))
        self._run(turns)

    # What time and the machine do

    @rule(seconds=SECONDS)
    def time_passes(self, seconds: float) -> None:
        self.loop.pass_time(seconds)

    @rule()
    def the_next_timer_is_due(self) -> None:
        self.loop.settle()
        due = min((timer.when() for timer in self.loop.timers()), default=self.loop.now)
        self.loop.pass_time(max(0.0, due - self.loop.now))

    @rule(seconds=st.sampled_from([-3600.0, 60.0, 28800.0]))
    def the_machine_sleeps(self, seconds: float) -> None:
        self.clock.offset += seconds
        self.loop.pass_time(10.0)

    @rule(turns=st.integers(1, 5))
    def a_moment_passes(self, turns: int) -> None:
        self._run(turns)

    @rule(slow=st.booleans())
    def the_disk_changes_its_pace(self, slow: bool) -> None:
        self.loop.disk_is_slow = slow
        self.disk_was_slow_at = self.loop.now
        if not slow:
            self._the_disk_works()

    @rule(turns=TURNS)
    @precondition(lambda self: self.loop.disk_waits)
    def the_disk_works(self, turns: int | None) -> None:
        self._the_disk_works()
        self._run(turns)

    @rule(full=st.booleans())
    @precondition(lambda self: not self.loop.disk_waits)
    def the_disk_fills_up(self, full: bool) -> None:
        self.loop.disk_is_full = full

    @rule(turns=TURNS)
    def stop(self, turns: int | None) -> None:
        self.stopping = True
        self._call("stop", "", self.manager.stop())
        self._run(turns)

    @rule()
    @precondition(lambda self: self.stopping)
    def the_service_starts_again(self) -> None:
        self._end_well()
        self._start()

    # What must hold

    @invariant()
    def promises_are_kept(self) -> None:
        self.tally.steps += 1
        self.fell = True  # unless the end is reached
        assert self.watch.broken == [], self.watch.broken[0]
        assert self.loop.faults == [], self.loop.faults[0]
        falls = [line["exc_info"] for line in self.log if line["event"] == "runtime.fell"]
        assert falls == [], repr(falls[0])
        assert self.manager.running or self.stopping
        self._hear_the_answers()
        self._check_that_closing_ends()
        if not self.loop._ready and not self.loop.disk_waits:
            self._check_that_nobody_waits_for_nothing()
        self.fell = False

    def _hear_the_answers(self) -> None:
        for caller in [caller for caller in self.callers if caller.task.done()]:
            self.callers.remove(caller)
            caller.check_the_answer()

    def _check_that_closing_ends(self) -> None:
        for caller in self.callers:
            if caller.kind in {"disconnect", "stop"} and not self.loop.disk_waits:
                begun = max(caller.begun, self.disk_was_slow_at)
                assert self.loop.now - begun <= CLOSING_BOUND, f"{caller!r} is not answered at {self.loop.now}"

    def _check_that_nobody_waits_for_nothing(self) -> None:
        linking = {LinkState.CONNECTING, LinkState.RECONNECTING, LinkState.CLOSING}
        for caller in self.callers:
            if caller.kind == "connect":
                assert self.manager.facts.state in linking, f"{caller!r} waits for what does not come"
            assert caller.kind not in {"begin_connect", "cancel_login"}, f"{caller!r} waits"

    # The end

    def teardown(self) -> None:
        try:
            if hasattr(self, "manager") and not self.fell:
                self._end_well()
        finally:
            self.tally.lives += 1
            self.tally.seconds += self.loop.now - 100.0
            self.tally.turns += self.loop.turns
            self._sweep()
            self.ways_out.close()

    def _end_well(self) -> None:
        """Let the cloud answer everything and time pass; then nothing is left of anything."""
        self._change_weather("good")
        self.loop.disk_is_full = self.loop.disk_is_slow = False
        self._the_disk_works()
        for _ in range(100):
            self.loop.pass_time(10.0)
            self.promises_are_kept()
            if not self.callers:
                break
        assert self.callers == [], "these were never answered"
        self._check_that_no_key_was_lost()
        begun = self.loop.now
        self.stopping = True
        self._call("stop", "", self.manager.stop())
        while self.callers:
            self.the_next_timer_is_due()
            self.promises_are_kept()
        assert self.loop.now - begun <= CLOSING_BOUND
        closing = self.loop.create_task(self.store.close())
        self.loop.settle()
        closing.result()
        assert self.manager.facts.state in {LinkState.DISCONNECTED, LinkState.ERROR}
        assert asyncio.all_tasks(self.loop) == set()
        assert self.loop.timers() == []
        assert self.manager._loop.interpreter.requests == {}
        assert self.cloud.closed
        self.promises_are_kept()
        self._count()

    def _check_that_no_key_was_lost(self) -> None:
        came = {key for key, response in self.issued.items() if response.was_read}
        lost = came - self.kept - self.revoked
        assert len(lost) <= len([line for line in self.log if line["event"] == "login.key_orphaned"]), lost

    def _count(self) -> None:
        self.tally.calls += self.cloud.calls
        self.tally.moves += self.watch.moves
        self.tally.events += self.watch.events

    def _sweep(self) -> None:
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.disk_is_slow = False
        with contextlib.suppress(AssertionError):
            self._the_disk_works()
            self.loop.settle()
        self.loop.close()
        shutil.rmtree(self.directory)

    # Ways and means

    def _call(self, kind: str, about: str, work: Coroutine[Any, Any, Any]) -> None:
        caller = Caller(self.loop, kind, about, work)
        caller.look(self.manager.facts)
        self.callers.append(caller)
        self.tally.callers += 1

    def _run(self, turns: int | None) -> None:
        if turns is None:
            self.loop.settle()
        else:
            for _ in range(turns):
                self.loop.turn()

    def _the_disk_works(self) -> None:
        self.disk_was_slow_at = self.loop.now
        self.loop.disk_works()

    def _change_weather(self, weather: str) -> None:
        self.weather = weather
        for call in self.cloud.waiting:
            if (answer := self._by_itself(call)) is not None:
                call.answer.set_result(answer)

    def _by_itself(self, call: Call) -> Response | None:
        return self._good(call) if self.weather == "good" else WEATHER[self.weather](call)

    def _good(self, call: Call) -> Response:
        if call.name != "poll" or not self.approved:
            return usual(call)
        self.approved = False
        key = f"eliza_{len(self.issued)}"
        answer = Response(200, {"status": "authenticated", "apiKey": key, "keyPrefix": key})
        self.issued[key] = answer
        return answer

    def _held_key(self) -> str | None:
        key = self.manager._loop.interpreter.key
        return None if key is None else key.reveal()

    def _on_call(self, call: Call) -> None:
        if call.name == "revoke" and call.key is not None:
            self.revoked.add(call.key)
        self.watch.call(call)

    def _on_step(self, report: Report) -> None:
        if (key := self._held_key()) is not None:
            self.kept.add(key)
        for caller in self.callers:
            caller.look(report.step.facts)


def _memory() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None
