"""What a search may do to a link: anything that a caller, the cloud, the clock or the machine can do."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from eliza_cloud.core.states import KeyState, LinkState
from eliza_cloud.store.config.settings import Settings
from tests.harness.cloud_contract import A, B
from tests.model.cloud_behaviours import BEHAVIOURS, FAULTS, odd
from tests.model.machine import Machine
from tests.model.simulated_cloud import OTHER_PRICE, PRICE, QUOTE, cut

AGENTS = st.sampled_from([A, A, B])
TURNS = st.sampled_from(
    [0, 1, 2, 3, 5, 8, None, None, None]
)  # rounds of the loop after a rule; None: to rest
ANSWERS = st.sampled_from(["usual", "usual", "usual", "odd", "odd", "cut", *FAULTS])
SECONDS = st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 10.0, 30.0, 60.0, 90.0, 300.0, 900.0])
SETTINGS = [
    Settings(),
    Settings(max_reconnect_attempts=2, max_failures=1, recheck_interval=30.0),
    Settings(max_hourly_usd=1.0, max_start_usd=1.0, max_reconnect_attempts=5),
    Settings(heartbeat_interval=1.0, backup_interval=1.0, reconnect_interval=0.5, max_reconnect_attempts=1),
    Settings(max_reconnect_attempts=0, max_reconnect_delay=5.0, login_timeout=20.0),
]
HANDS = (
    "take_backup",
    "restore",
    "suspend_agent",
    "shutdown_agent",
    "resume_agent",
    "restart_agent",
    "upgrade_agent",
    "send",
)
AT_A_PRICE = ("connect", "resume_agent", "restart_agent", "upgrade_agent")


alive = precondition(lambda self: not self.stopped)


class LinkModel(Machine, RuleBasedStateMachine):
    """One machine with one link, from its first start to its last stop, several starts and stops between."""

    # Beginning, and beginning again

    @initialize(
        signed_in=st.sampled_from([True, True, False]),
        settings=st.sampled_from(SETTINGS),
        jitter=st.sampled_from([0.0, 1.0]),
    )
    def a_machine(self, signed_in: bool, settings: Settings, jitter: float) -> None:
        self.begins(signed_in=signed_in, settings=settings, jitter=jitter)

    # What callers do

    @rule(agent=AGENTS, turns=TURNS)
    def connect(self, agent: str, turns: int | None) -> None:
        self.call("connect", agent, self.manager.connect(agent))
        self.run(turns)

    @rule(agent=AGENTS, turns=TURNS)
    @alive
    def begin_connect(self, agent: str, turns: int | None) -> None:
        self.call("begin_connect", agent, self.manager.begin_connect(agent))
        self.run(turns)

    @rule(
        agent=AGENTS,
        what=st.sampled_from(AT_A_PRICE),
        behaviour=st.sampled_from(["priced", "dearer"]),
        value=st.sampled_from([PRICE, OTHER_PRICE]),
        turns=TURNS,
    )
    @alive
    def accept_a_price(self, agent: str, what: str, behaviour: str, value: str, turns: int | None) -> None:
        """It may be the price, or no longer."""
        self.change_behaviour(behaviour)
        if what == "upgrade_agent":
            work = self.manager.upgrade_agent(agent, QUOTE, accept_price=value)
        else:
            work = getattr(self.manager, what)(agent, accept_price=value)
        self.call(what, agent, work)
        self.run(turns)

    @rule(agent=AGENTS)
    @alive
    def connect_on_a_good_day(self, agent: str) -> None:
        if self.manager.facts.key is KeyState.ABSENT:
            self.sign_in_on_a_good_day()
        self.change_behaviour("good")
        self.call("connect", agent, self.manager.connect(agent))
        self.run(None)

    @rule(turns=TURNS)
    def disconnect(self, turns: int | None) -> None:
        self.call("disconnect", "", self.manager.disconnect())
        self.run(turns)

    @rule(agent=AGENTS, what=st.sampled_from(HANDS), turns=TURNS)
    @alive
    def lend_a_hand(self, agent: str, what: str, turns: int | None) -> None:
        self.call(what, agent, self._hand(what, agent))
        self.run(turns)

    async def _hand(self, what: str, agent: str) -> object:
        if what == "restore":
            return await self.manager.restore(agent, None)
        if what == "send":
            return await self.manager.proxy().send("hello")
        if what == "upgrade_agent":
            return await self.manager.upgrade_agent(agent, QUOTE)
        return await getattr(self.manager, what)(agent)

    @rule(turns=TURNS)
    def start_login(self, turns: int | None) -> None:
        self.call("start_login", "", self._login())
        self.run(turns)

    async def _login(self) -> None:
        self.sessions.append((await self.manager.start_login()).session_id)

    @rule(turns=TURNS, which=st.integers(0, 3))
    @alive
    def cancel_login(self, turns: int | None, which: int) -> None:
        session = self.sessions[-1 - which % len(self.sessions)] if self.sessions else "of somebody else"
        self.call("cancel_login", "", self.manager.cancel_login(session))
        self.run(turns)

    @rule()
    @alive
    def sign_in_on_a_good_day(self) -> None:
        self.change_behaviour("good")
        self.approved = True
        self.call("start_login", "", self._login())
        self.loop.pass_time(4.0)

    @rule(who=st.integers(0, 9), turns=TURNS)
    @precondition(lambda self: self.waiters)
    def a_caller_leaves(self, who: int, turns: int | None) -> None:
        self.waiters[who % len(self.waiters)].leave()
        self.run(turns)

    @rule(settings=st.sampled_from(SETTINGS), turns=TURNS)
    @alive
    def change_settings(self, settings: Settings, turns: int | None) -> None:
        if not self.stopping:
            self.settings = settings
            self.manager.change_settings(settings)
        self.run(turns)

    # What happens to a link that stands, when the cloud says nothing

    @rule(what=st.sampled_from(["take_backup", "restore", "send"]), turns=TURNS)
    @precondition(lambda self: self.manager.facts.state is LinkState.CONNECTED)
    def lend_a_hand_in_silence(self, what: str, turns: int | None) -> None:
        self.change_behaviour("silent")
        self.lend_a_hand(self.manager.facts.agent_id or A, what, turns)

    @rule(how=st.sampled_from(["disconnect", "stop", "connect A", "connect B"]), seconds=SECONDS)
    @precondition(lambda self: self.manager.facts.state in {LinkState.CONNECTED, LinkState.RECONNECTING})
    def close_in_silence(self, how: str, seconds: float) -> None:
        self.change_behaviour("silent")
        if how == "disconnect":
            self.disconnect(None)
        elif how == "stop":
            self.stop(None)
        else:
            self.connect(A if how == "connect A" else B, None)
        self.loop.pass_time(seconds)

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
            call.answer.set_result(FAULTS[how](call) if how in FAULTS else self.good(call))
        self.run(turns)

    @rule(behaviour=st.sampled_from(sorted(BEHAVIOURS)))
    @alive
    def the_cloud_changes_its_behaviour(self, behaviour: str) -> None:
        self.change_behaviour(behaviour)
        self.run(None)

    @rule(
        behaviour=st.sampled_from(
            [
                "dead sandbox",
                "dead sandbox, jobs",
                "dead and priced",
                "stopped at the website",
                "down",
                "silent",
            ]
        ),
        seconds=SECONDS,
    )
    @precondition(lambda self: self.manager.facts.state is LinkState.CONNECTED)
    def the_link_is_lost(self, behaviour: str, seconds: float) -> None:
        self.change_behaviour(behaviour)
        for _ in range(20):  # a disk that stands still may keep the link from being lost
            if self.manager.facts.state is LinkState.CONNECTED:
                self.loop.pass_time(10.0)
        self.loop.pass_time(seconds)

    @rule(turns=TURNS)
    @alive
    def somebody_signs_in_at_the_browser(self, turns: int | None) -> None:
        self.approved = True
        for call in self.cloud.waiting:
            if call.name == "poll":
                call.answer.set_result(self.good(call))
        self.run(turns)

    # What time and the machine do

    @rule(seconds=SECONDS)
    @alive
    def time_passes(self, seconds: float) -> None:
        self.loop.pass_time(seconds)

    @rule()
    def the_next_timer_is_due(self) -> None:
        self.until_next_timer()

    @rule(seconds=st.sampled_from([-3600.0, 60.0, 28800.0]))
    @alive
    def the_machine_sleeps(self, seconds: float) -> None:
        self.clock.offset += seconds
        self.loop.pass_time(10.0)

    @rule(turns=st.integers(1, 5))
    @alive
    def a_moment_passes(self, turns: int) -> None:
        self.run(turns)

    @rule(slow=st.booleans())
    def the_disk_changes_its_pace(self, slow: bool) -> None:
        self.loop.disk_is_slow = slow
        self.disk_was_slow_at = self.loop.now
        if not slow:
            self.disk_does_its_work()

    @rule(turns=TURNS)
    @precondition(lambda self: self.loop.disk_waits)
    def the_disk_works(self, turns: int | None) -> None:
        self.disk_does_its_work()
        self.run(turns)

    @rule(full=st.booleans())
    @precondition(lambda self: not self.loop.disk_waits)
    def the_disk_fills_up(self, full: bool) -> None:
        self.loop.disk_is_full = full

    @rule(turns=TURNS)
    def stop(self, turns: int | None) -> None:
        self.stopping = True
        self.call("stop", "", self.manager.stop())
        self.run(turns)

    @rule()
    @precondition(lambda self: self.stopping)
    def the_service_starts_again(self) -> None:
        self.end_well()
        self.start()

    @invariant()
    def promises_are_kept(self) -> None:
        self.check()

    # The end

    def teardown(self) -> None:
        try:
            if hasattr(self, "manager") and not self.crashed:
                self.end_well()
        finally:
            self.tally.lives += 1
            self.tally.seconds += self.loop.now - 100.0
            self.tally.turns += self.loop.turns
            self.sweep()
            self.ways_out.close()
