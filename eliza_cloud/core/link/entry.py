"""Entry and exit actions of the link's states, and the attempts that `reconnecting` schedules."""

from eliza_cloud.core.backoff import delay
from eliza_cloud.core.link import effects as do
from eliza_cloud.core.link.events import ClockJumped, CloudAnswered, Event, Reattach
from eliza_cloud.core.link.state import Facts
from eliza_cloud.core.statechart import Cursor
from eliza_cloud.core.states import LinkState, Reason


def schedule_attempt(cursor: Cursor[Facts]) -> None:
    """Schedule the next attempt: the delay is drawn here, so that it can be shown and replayed."""
    _schedule(cursor, restart=False)


def schedule_restart(cursor: Cursor[Facts]) -> None:
    """Let the next attempt stop the agent first: its sandbox is dead, although its record says running."""
    _schedule(cursor, restart=True)


def _start_rule(facts: Facts) -> do.StartRule:
    """A stopped agent is started for a user who asked just now, or where this service stopped it itself."""
    asked_for = not facts.background or facts.restarting
    return do.StartRule.ALWAYS if asked_for else do.StartRule.UNLESS_STOPPED


def _schedule(cursor: Cursor[Facts], *, restart: bool) -> None:
    facts = cursor.facts
    if facts.agent_id is None:
        return
    backoff = facts.policy.backoff
    attempt = facts.attempt + 1 if backoff.attempts == 0 else min(facts.attempt + 1, backoff.attempts)
    problem = getattr(cursor.event, "problem", None)
    fresh = isinstance(cursor.event, ClockJumped | CloudAnswered)  # what held the link up is just over
    backoff_attempt = 1 if fresh else attempt
    seconds = delay(backoff, backoff_attempt, cursor.jitter, problem.retry_after if problem else None)
    cursor.update(attempt=attempt, next_attempt_at=cursor.at + seconds)
    cursor.effects.append(
        do.StartAttempt(
            facts.epoch,
            facts.agent_id,
            attempt,
            seconds,
            do.StartRule.ALWAYS if restart else _start_rule(facts),
            facts.accepted_price,
            restart,
        )
    )


def leave_one_attempt(cursor: Cursor[Facts]) -> None:
    """Allow one more attempt, for a machine that wakes after the retries were exhausted."""
    cursor.update(attempt=max(cursor.facts.policy.backoff.attempts - 1, 0))


def retry_now(cursor: Cursor[Facts]) -> None:
    """Make the next heartbeat or attempt now."""
    _retry_now(cursor, do.RetryNow())


def retry_for_user(cursor: Cursor[Facts]) -> None:
    """The same for a user, who may start a stopped agent; a pause the cloud asked for is not cut short."""
    problem = cursor.facts.problem
    if problem is None or problem.retry_after is None:
        _retry_now(cursor, do.RetryNow(do.StartRule.ALWAYS, cursor.facts.accepted_price))


def _retry_now(cursor: Cursor[Facts], effect: do.RetryNow) -> None:
    if cursor.facts.next_attempt_at is not None:
        cursor.update(next_attempt_at=min(cursor.at, cursor.facts.next_attempt_at))
    cursor.effects.append(effect)


def enter(cursor: Cursor[Facts]) -> None:
    """Begin a new epoch; what a state's activities posted before it is stale."""
    previous_state = cursor.facts.state if cursor.state is LinkState.CLOSING else None
    cursor.update(
        state=cursor.state,
        epoch=cursor.facts.epoch + 1,
        since=cursor.at,
        last_event=str(cursor.expect(Event).__struct_config__.tag),
        previous_state=previous_state,
        next_attempt_at=None,
        failed_attempts=0,
        missed_heartbeats=0,
        stable_heartbeats=0,
        job=None,
    )


def enter_disconnected(cursor: Cursor[Facts]) -> None:
    """Where the attempts ran out, ask the cloud now and then whether it is back."""
    enter(cursor)
    facts = cursor.facts
    if facts.reason is Reason.RETRIES_EXHAUSTED and facts.agent_id and facts.policy.recheck_interval:
        recheck = do.StartRecheck(facts.epoch, facts.agent_id, facts.policy.recheck_interval)
        cursor.effects.append(recheck)


def enter_connecting(cursor: Cursor[Facts]) -> None:
    """Start the connector."""
    enter(cursor)
    cursor.update(reason=None, problem=None, failing_since=None)
    facts, event = cursor.facts, cursor.event
    if facts.agent_id is not None:
        given_back = isinstance(event, Reattach) and not event.start
        rule = do.StartRule.NEVER if given_back else _start_rule(facts)
        cursor.effects.append(do.StartConnector(facts.epoch, facts.agent_id, rule, facts.accepted_price))


def enter_connected(cursor: Cursor[Facts]) -> None:
    """Start the heartbeats, the backups and the watch on the credits."""
    enter(cursor)
    cursor.update(background=True)
    if cursor.facts.agent_id is not None:
        epoch, agent_id = cursor.facts.epoch, cursor.facts.agent_id
        cursor.effects.append(do.StartMonitor(epoch, agent_id))
        if not cursor.facts.agent_shared:
            cursor.effects.append(do.StartScheduler(epoch, agent_id))
        cursor.effects.append(do.StartCreditsWatch(epoch, agent_id))


def enter_reconnecting(cursor: Cursor[Facts]) -> None:
    """Start the backoff."""
    enter(cursor)
    schedule_attempt(cursor)


def enter_closing(cursor: Cursor[Facts]) -> None:
    """Start to drain; a link that never stood has nothing to save."""
    enter(cursor)
    if cursor.facts.agent_id is not None:
        stood = cursor.facts.previous_state is not LinkState.CONNECTING
        worth_saving = stood and not cursor.facts.agent_shared
        cursor.effects.append(do.StartDrain(cursor.facts.epoch, cursor.facts.agent_id, worth_saving))


def leave(cursor: Cursor[Facts]) -> None:
    """Cancel what the state was doing."""
    cursor.effects.append(do.CancelActivities())


def leave_disconnected(cursor: Cursor[Facts]) -> None:
    """Cancel the asking whether the cloud is back, where there is any."""
    if cursor.facts.reason is Reason.RETRIES_EXHAUSTED:
        leave(cursor)
