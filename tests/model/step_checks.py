"""What is promised of a link whatever happens, checked at each step it decides and each call it makes."""

from collections import Counter
from collections.abc import Callable

from eliza_cloud.core.link import events as ev
from eliza_cloud.core.link.state import Facts
from eliza_cloud.core.statechart import Outcome
from eliza_cloud.core.states import KeyState, LinkState
from eliza_cloud.runtime.observers import StepRecord
from tests.core.invariants import check_the_step
from tests.model.simulated_cloud import Call

DISCONNECTED, CONNECTING, CONNECTED, RECONNECTING, ERROR, CLOSING = LinkState
OWNER_OF = {
    "connector": CONNECTING,
    "monitor": CONNECTED,
    "scheduler": CONNECTED,
    "credits": CONNECTED,
    "reconnector": RECONNECTING,
    "drain": CLOSING,
    "recheck": DISCONNECTED,
}
CALLS_OF = {
    "connector": {"provision", "job", "get", "heartbeat", "list", "user"},
    "reconnector": {"provision", "suspend", "backups", "job", "get", "heartbeat", "list", "user"},
    "recheck": {"get", "list"},
    "monitor": {"heartbeat", "list", "user", "get"},
    "scheduler": {"snapshot", "job", "restore", "list", "get"},
    "credits": {"balance"},
    "drain": {"snapshot", "list"},
    "verifier": {"user"},
}


class StepChecks:
    """Sees every step and every call; what breaks a promise is kept in `broken` until somebody looks."""

    def __init__(self, facts: Callable[[], Facts], parked: Callable[[], list[Call]]) -> None:
        self.broken: list[str] = []
        self.moves: Counter[str] = Counter()
        self.events: Counter[str] = Counter()
        self.forgotten_keys: set[str] = set()
        self.held_key: Callable[[], str | None] = lambda: None
        self.had_limits: Callable[[], bool] = lambda: False
        self.on_step: Callable[[StepRecord], None] = lambda _: None
        self._facts = facts
        self._parked = parked
        self._provisions: Counter[int] = Counter()
        self._rungs: dict[int, float] = {}  # by epoch; one that gets shorter keeps the rung it stands on
        self._final_snapshots: Counter[int] = Counter()

    def step(self, report: StepRecord) -> None:
        """Check one step of the link; to be its observer."""
        before, event, step = report.before, report.event, report.step
        rungs = step.facts.policy.backoff.attempts or float("inf")
        self._rungs[step.facts.epoch] = max(rungs, self._rungs.get(step.facts.epoch, 0))
        self.events[f"{type(event).__name__} {step.outcome.value}"] += 1
        self.moves.update(f"{source.value} → {dest.value}" for source, dest in step.moves)
        try:
            check_the_step(before, event, step)
            check_the_fence(report)
        except AssertionError as error:
            self._breaks(f"{type(event).__name__} in {before.state.value}: {error}")
        if isinstance(event, ev.Disconnect) and (key := self.held_key()) is not None:
            self.forgotten_keys.add(key)
        self.on_step(report)

    def call(self, call: Call) -> None:
        """Check one call as it is made; to be told by the cloud."""
        try:
            self._check_the_owner(call)
            self._check_that_it_is_the_only_one(call)
            self._check_the_key(call)
            self._check_the_price(call)
        except AssertionError as error:
            self._breaks(f"{call!r} in {self._facts().state.value}: {error}")

    def _breaks(self, what: str) -> None:
        self.broken.append(what)

    def _check_the_owner(self, call: Call) -> None:
        facts = self._facts()
        state = OWNER_OF.get(call.owner)
        if call.owner in CALLS_OF:
            assert call.name in CALLS_OF[call.owner], "not this activity's business"
        if state is None:
            return
        assert facts.state is state, f"the {call.owner} outlives its state"
        if call.about and call.name != "job":
            assert call.about == facts.agent_id, "not the agent the link is about"
        at_a_new_price = call.price is not None and call.price != facts.accepted_price  # within the limits
        if call.name == "provision" and state is RECONNECTING and not at_a_new_price:
            self._provisions[facts.epoch] += 1
            tries, rungs = self._provisions[facts.epoch], self._rungs[facts.epoch]
            assert tries <= rungs, f"try {tries} of a ladder with {rungs} rungs"
        if call.name == "snapshot" and state is CLOSING:
            self._final_snapshots[facts.epoch] += 1
            assert self._final_snapshots[facts.epoch] == 1, "more than one final snapshot"

    def _check_that_it_is_the_only_one(self, call: Call) -> None:
        others = [other for other in self._parked() if other is not call and not other.answer.done()]
        if call.owner != "background_task" and not call.owner.startswith("caller"):
            assert call.owner not in {other.owner for other in others}, "this activity overlaps itself"
        if call.owner in OWNER_OF and call.name in {"heartbeat", "snapshot", "provision", "restore"}:
            same = [other for other in others if (other.name, other.about) == (call.name, call.about)]
            assert not [other for other in same if other.owner in OWNER_OF], f"overlaps {same}"

    def _check_the_key(self, call: Call) -> None:
        if call.key in self.forgotten_keys:
            assert call.owner == "drain" or call.name == "revoke_key", "a key that was signed out is used"

    def _check_the_price(self, call: Call) -> None:
        if call.price is not None and call.owner in OWNER_OF:
            is_accepted = call.price == self._facts().accepted_price
            assert is_accepted or self.had_limits(), "a price that nobody has accepted"


def check_the_fence(report: StepRecord) -> None:
    """What an activity of an older epoch says, or is said of an older key, counts for nothing."""
    before, event = report.before, report.event
    if isinstance(event, ev.ActivityFact):
        assert (event.epoch != before.epoch) == (report.step.outcome is Outcome.STALE)
    if isinstance(event, ev.KeyFact):
        assert (event.key_generation != before.key_generation) == (report.step.outcome is Outcome.STALE)
    if before.key is KeyState.ABSENT and not isinstance(event, ev.KeyChanged | ev.ConfigChanged | ev.Stop):
        allowed = {CLOSING, DISCONNECTED}
        assert before.state not in {CONNECTING, CONNECTED, RECONNECTING}
        assert before.state is ERROR or report.step.facts.state in allowed, "signed out, and yet it goes on"
