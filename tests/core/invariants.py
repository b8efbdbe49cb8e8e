"""What every step of the link keeps to, whatever is known and whatever happens."""

from collections import Counter
from collections.abc import Sequence

import msgspec

from eliza_cloud.core.credits import Spending, may_provision
from eliza_cloud.core.link import effects as do
from eliza_cloud.core.link import events as ev
from eliza_cloud.core.link.effects import Pending, Rejected, WaiterAnswer
from eliza_cloud.core.link.guards import RESTART_AFTER
from eliza_cloud.core.link.state import Facts
from eliza_cloud.core.link.table import ROWS, Proceed
from eliza_cloud.core.problems import STOPPING, Problem
from eliza_cloud.core.statechart import Outcome, Step
from eliza_cloud.core.states import KeyState, LinkState, Reason
from tests.core.link_driver import MACHINE

DISCONNECTED, CONNECTING, CONNECTED, RECONNECTING, ERROR, CLOSING = LinkState
BUSY = {CONNECTING, CONNECTED, RECONNECTING}
QUIET = {DISCONNECTED, ERROR}
STARTED_BY = {
    DISCONNECTED: Counter(),
    CONNECTING: Counter([do.StartConnector]),
    CONNECTED: Counter([do.StartMonitor, do.StartScheduler, do.StartCreditsWatch]),
    RECONNECTING: Counter([do.StartAttempt]),
    ERROR: Counter(),
    CLOSING: Counter([do.StartDrain]),
}
STARTS = (
    do.StartConnector,
    do.StartMonitor,
    do.StartScheduler,
    do.StartCreditsWatch,
    do.StartAttempt,
    do.StartDrain,
    do.StartRecheck,
)
ENDS = (do.CancelActivities, do.StopVerifying)
ALLOWED = {(row.event, source, row.dest) for row in ROWS if row.dest is not None for source in row.sources}


class Node(msgspec.Struct, frozen=True):
    """What is known, and who waits: callers of an agent by its id, and whether one waits for the close."""

    facts: Facts
    waiting: frozenset[str] = frozenset()
    leaving: bool = False


def fold(facts: Facts) -> Facts:
    """Forget what no guard reads: how often, when, and the words of a failure that tells no time to wait."""
    return msgspec.structs.replace(
        facts,
        epoch=9,
        key_generation=9,
        since=0.0,
        problem=_told_to_wait(facts),
        agent_name=None,
        last_heartbeat_at=None,
        last_backup_at=None,
        next_attempt_at=None if facts.next_attempt_at is None else 0.0,
        last_backup_size=None,
        spending=Spending(0.0, 0.0) if _too_poor(facts) else None,
        minimum_balance=None,
        job=None,
        unresponsive_attempts=min(facts.unresponsive_attempts, RESTART_AFTER - 1),
        last_event=None,
        failed_attempts=0,
        failing_since=None,
        key_since=0.0,
        key_expires_at=None,
        key_problem=None,
        backup_problem=None,
        credits_since=None,
        settings_at=0.0,
        settings_problem=None,
        unknown_settings=(),
        store_problem=None,
        woke_at=None,
        clock_delta=0.0,
        stable_heartbeats=min(facts.stable_heartbeats, facts.policy.stable_beats),
    )


def _too_poor(facts: Facts) -> bool:
    return facts.spending is not None and not may_provision(facts.spending.balance, facts.minimum_balance)


def _told_to_wait(facts: Facts) -> Problem | None:
    problem = facts.problem
    told = problem is not None and problem.retry_after is not None
    return Problem(code="", status=0, message="", retry_after=0.0, details=None) if told else None  # hashable


def take(facts: Facts, event: ev.Event, jitter: float = 1.0) -> Step[Facts]:
    return MACHINE.step(facts, event, at=100.0, jitter=jitter)


def older(event: ev.Event) -> ev.Event | None:
    """Return the event as an activity or verifier of before would have posted it."""
    if isinstance(event, ev.ActivityFact):
        return msgspec.structs.replace(event, epoch=event.epoch - 1)
    if isinstance(event, ev.KeyFact):
        return msgspec.structs.replace(event, key_generation=event.key_generation - 1)
    return None


def check_that_nothing_happens_unless_it_is_said(before: Facts, step: Step[Facts]) -> None:
    if step.outcome in {Outcome.IGNORED, Outcome.REFUSED, Outcome.STALE}:
        assert step.facts is before
        assert (step.effects, step.moves) == ((), ())
    assert isinstance(step.reply, Rejected) == (step.outcome in {Outcome.REFUSED, Outcome.STALE})
    assert bool(step.moves) == (step.outcome is Outcome.MOVED)


def check_the_moves(before: Facts, event: ev.Event, step: Step[Facts]) -> None:
    here = before.state
    for number, (source, dest) in enumerate(step.moves):
        assert source is here
        assert (Proceed if number else type(event), source, dest) in ALLOWED
        here = dest
    assert step.facts.state is here
    assert step.facts.epoch == before.epoch + len(step.moves), "each entry into a state is an epoch"


def check_the_facts(facts: Facts) -> None:
    state = facts.state
    assert min(facts.attempt, facts.missed_heartbeats) >= 0
    if state in BUSY | {ERROR}:
        assert facts.agent_id is not None
        assert facts.agent_id == facts.desired_agent_id, "a kill now must lead back here"
    if state is CLOSING:
        assert facts.agent_id is not None
        assert facts.previous_state in BUSY
    else:
        assert facts.next_agent is None
        assert facts.previous_state is None
    if facts.next_agent is not None:
        assert facts.next_agent == facts.desired_agent_id
        assert not facts.stopping
    if state is RECONNECTING:
        assert facts.next_attempt_at is not None
        assert facts.attempt >= 1
        assert facts.background
    else:
        assert facts.next_attempt_at is None
    if state is not CONNECTED:
        assert (facts.missed_heartbeats, facts.stable_heartbeats) == (0, 0)
    assert (facts.reason is not None) == (state in {ERROR, RECONNECTING}) or state in {DISCONNECTED, CLOSING}
    if facts.key is KeyState.ABSENT:
        assert state in QUIET | {CLOSING}
        assert (facts.desired_agent_id, facts.next_agent, facts.user_id, facts.enabled) == (
            None,
            None,
            None,
            False,
        )
    else:
        assert facts.enabled


def check_the_counters(before: Facts, after: Facts) -> None:
    """A counter rises to its bound and no further; a bound that is lowered counts from the next rise on."""
    attempts, missed_heartbeats = after.policy.backoff.attempts, after.policy.max_failures
    assert after.attempt <= before.attempt or attempts == 0 or after.attempt <= attempts
    assert after.missed_heartbeats <= before.missed_heartbeats or after.missed_heartbeats < missed_heartbeats


def check_what_is_started_and_cancelled(before: Facts, step: Step[Facts]) -> None:
    after, effects = step.facts, step.effects
    started = Counter(type(effect) for effect in effects if isinstance(effect, STARTS))
    if step.moves:
        expected = Counter[type]()
        for _, dest in step.moves:
            expected += STARTED_BY[dest]
        if after.state is CONNECTED and after.agent_shared:
            expected -= Counter([do.StartScheduler])
        rechecks = after.policy.recheck_interval and after.reason is Reason.RETRIES_EXHAUSTED
        if after.state is DISCONNECTED and rechecks and after.agent_id is not None:
            expected += Counter([do.StartRecheck])
        assert started == expected
    else:
        assert set(started) <= {do.StartAttempt}, "only the ladder goes on within a state"
    assert all(count == 1 for count in started.values())
    for effect in effects:
        if isinstance(effect, STARTS):
            assert (effect.epoch, effect.agent_id) == (after.epoch, after.agent_id)
    left_running = sum(source not in QUIET for source, _ in step.moves)
    rechecked = before.state is DISCONNECTED and before.reason is Reason.RETRIES_EXHAUSTED
    left_running += rechecked and (bool(step.moves) or after.reason is not before.reason)
    cancels = [index for index, effect in enumerate(effects) if isinstance(effect, do.CancelActivities)]
    assert len(cancels) == left_running
    assert all(isinstance(effect, ENDS) for effect in effects[: ends(effects)]), "what ran is cancelled first"
    answers = [isinstance(effect, WaiterAnswer) for effect in effects]
    assert answers == sorted(answers), "answers come last"
    if after.stopping:
        assert set(started) <= {do.StartDrain}


def ends(effects: Sequence[do.Effect]) -> int:
    """Count the effects that end something: they take no time, and come before what does."""
    return sum(isinstance(effect, ENDS) for effect in effects)


def check_what_is_stored(before: Facts, event: ev.Event, step: Step[Facts]) -> None:
    after, effects = step.facts, step.effects[ends(step.effects) :]
    wishes = [
        (effect.agent_id, effect.accepted_price)
        for effect in effects
        if isinstance(effect, do.StoreDesiredAgent)
    ]
    if isinstance(event, ev.Disconnect):
        assert effects[0] == do.ForgetCredentials()
        assert (after.desired_agent_id, after.key, after.next_agent) == (None, KeyState.ABSENT, None)
        assert wishes == []
    else:
        assert do.ForgetCredentials() not in effects
        desired, was = _desired(after), _desired(before)
        consent_ends = isinstance(event, ev.AgentSuspended) and desired != was
        assert (do.ForgetConsent() in effects) == consent_ends
        assert wishes == ([desired] if desired != was and not consent_ends else [])
        assert not wishes or isinstance(effects[0], do.StoreDesiredAgent), "stored before anything is started"
    assert (after.key_generation != before.key_generation) == isinstance(event, ev.Disconnect | ev.KeyChanged)
    verified = [effect.key_generation for effect in effects if isinstance(effect, do.VerifyKey)]
    assert verified in ([], [after.key_generation])


def _desired(facts: Facts) -> tuple[str | None, str | None]:
    return facts.desired_agent_id, facts.accepted_price


def check_that_chance_only_shortens(before: Facts, event: ev.Event, step: Step[Facts]) -> None:
    lucky = take(before, event, jitter=0.0)
    assert fold(lucky.facts) == fold(step.facts)
    [longest] = [effect for effect in step.effects if isinstance(effect, do.StartAttempt)]
    [shortest] = [effect for effect in lucky.effects if isinstance(effect, do.StartAttempt)]
    assert longest.delay / 2 <= shortest.delay <= longest.delay
    assert step.facts.next_attempt_at == 100.0 + longest.delay
    assert longest.attempt == step.facts.attempt


def who_waits(node: Node, event: ev.Event, step: Step[Facts]) -> tuple[frozenset[str], bool]:
    """Follow the callers: everyone who was told to wait is answered once, and nobody waits for nothing."""
    after = step.facts
    waiting, leaving = node.waiting, node.leaving
    if isinstance(event, ev.Connect) and step.reply == Pending():
        waiting |= {event.agent_id}
        assert event.agent_id not in {e.agent_id for e in step.effects if isinstance(e, do.AnswerConnect)}
    if isinstance(event, ev.Disconnect):
        assert step.reply == Pending()
        leaving = True
    told = [effect for effect in step.effects if isinstance(effect, do.AnswerConnect)]
    assert len({effect.agent_id for effect in told}) == len(told), "one answer for each agent"
    for effect in told:
        waiting -= {effect.agent_id}
        if effect.problem is None:
            assert (after.state, after.agent_id) == (CONNECTED, effect.agent_id)
    if do.AnswerDisconnect() in step.effects:
        leaving = False
    awaited = {CONNECTING: {after.agent_id}, RECONNECTING: {after.agent_id}, CLOSING: {after.next_agent}}
    assert waiting <= awaited.get(after.state, set()), "nobody waits for what will not come"
    assert not leaving or after.state is CLOSING
    return waiting, leaving


def check_that_older_ones_change_nothing(facts: Facts, event: ev.Event) -> int:
    stale = older(event)
    if stale is None:
        return 0
    step = take(facts, stale)
    assert (step.outcome, step.effects) == (Outcome.STALE, ())
    assert step.facts is facts
    return 1


def check_the_ways_out(node: Node) -> None:
    """From wherever it is, a link can be closed and stopped in at most two steps."""
    for event in (ev.Disconnect(), ev.Stop()):
        facts = take(node.facts, event).facts
        if facts.state is CLOSING:
            facts = take(facts, ev.Drained(facts.epoch)).facts
        assert facts.state in QUIET
        if isinstance(event, ev.Disconnect):
            assert (facts.state, facts.agent_id, facts.desired_agent_id) == (DISCONNECTED, None, None)


def check_the_step(before: Facts, event: ev.Event, step: Step[Facts]) -> None:
    """Check every promise about one step."""
    check_that_nothing_happens_unless_it_is_said(before, step)
    check_the_moves(before, event, step)
    check_the_facts(step.facts)
    check_the_counters(before, step.facts)
    check_what_is_started_and_cancelled(before, step)
    check_what_is_stored(before, event, step)


def walk_on(node: Node, event: ev.Event) -> Node:
    """Take one step, check every promise about it, and return where it leads."""
    before, step = node.facts, take(node.facts, event)
    check_the_step(before, event, step)
    if before.stopping:
        assert step.facts.stopping, "a stop is final"
        assert step.facts.state not in BUSY
        if isinstance(event, ev.Connect | ev.Reattach):
            assert step.reply == Rejected(STOPPING.occurred())
    if any(isinstance(effect, do.StartAttempt) for effect in step.effects):
        check_that_chance_only_shortens(before, event, step)
    waiting, leaving = who_waits(node, event, step)
    return Node(fold(step.facts), waiting, leaving)
