"""Observers of a link, and the log lines about its steps."""

import inspect
import itertools
from collections.abc import Callable, Iterable
from enum import Enum

import msgspec
import structlog

from eliza_cloud.core import log_events
from eliza_cloud.core.credits import CreditLevel
from eliza_cloud.core.link import events
from eliza_cloud.core.link.state import Facts
from eliza_cloud.core.login.machine import LoginEvent, LoginFacts
from eliza_cloud.core.problems import Problem
from eliza_cloud.core.statechart import Outcome, Step
from eliza_cloud.core.states import LinkState, Reason
from eliza_cloud.core.views.health import link_problem_code
from eliza_cloud.core.views.status import TOP_UP_URL
from eliza_cloud.runtime.tasks import EventSource

log = structlog.get_logger()


class StepRecord(msgspec.Struct, frozen=True):
    """One event of the link, what was known before it, and what it came to.

    `at` (wall-clock seconds) and `jitter` are what the table was given, so that the step can be repeated.
    """

    event: events.Event
    before: Facts
    step: Step[Facts]
    at: float
    jitter: float
    origin: EventSource


class LoginStepRecord(msgspec.Struct, frozen=True):
    """One event of a sign-in, and what it came to."""

    event: LoginEvent
    before: LoginFacts
    step: Step[LoginFacts]
    at: float
    origin: EventSource


class Observer:
    """Hears what the link does, at once and in order; must neither fail nor take time."""

    def on_start(self, facts: Facts) -> None:
        """Hear what is known when the link starts."""

    def on_step(self, record: StepRecord) -> None:
        """Hear of an event of the link, before its effects are carried out."""

    def on_login_step(self, record: LoginStepRecord) -> None:
        """Hear of an event of a sign-in, before its effects are carried out."""

    def on_crash(self) -> None:
        """Hear that an internal error ended the link's loop: nothing will happen any more."""

    def on_event_handled(self, kind: str, waited: float, took: float) -> None:
        """Hear how long an event of this kind waited on the queue, and then took (seconds)."""


def log_step(record: StepRecord) -> None:
    """Log the transitions of a step, and what it says of heartbeats, tries, disk and clock."""
    _log_moves(record)
    _log_problems(record)
    if record.step.outcome is Outcome.STALE:
        log.debug(log_events.LINK_STALE, event_name=type(record.event).__name__, epoch=record.before.epoch)


def _log_moves(record: StepRecord) -> None:
    before, after = record.before, record.step.facts
    since = before.since
    for epoch, (source, target) in enumerate(record.step.moves, before.epoch + 1):
        lost = target in {LinkState.RECONNECTING, LinkState.ERROR} or after.reason is Reason.RETRIES_EXHAUSTED
        restored = target is LinkState.CONNECTED and before.failing_since is not None
        level = log.warning if lost else log.info
        level(
            log_events.LINK_TRANSITION,
            **{"from": _word(source)},
            to=_word(target),
            event_name=type(record.event).__name__,
            reason=after.reason,
            cause=link_problem_code(after) if lost else None,
            epoch=epoch,
            attempt=after.attempt,
            agent_id=after.agent_id,
            detail=after.problem.message if after.problem else None,
            in_state_s=_seconds(since, after.since),
            **({"duration_s": _seconds(before.failing_since, record.at)} if restored else {}),
        )
        since = after.since


def _log_problems(record: StepRecord) -> None:
    """Log a failure as a warning at first and as debug while it repeats, and say how long it lasted."""
    before, after = record.before, record.step.facts
    match record.event:
        case events.HeartbeatMissed(problem=problem) if record.step.outcome is not Outcome.STALE:
            level = log.warning if before.failing_since is None else log.debug
            level(
                log_events.HEARTBEAT_MISSED,
                missed_heartbeats=before.missed_heartbeats + 1,
                cause=link_problem_code(after),
                code=problem.code,
                detail=problem.message,
            )
        case events.HeartbeatAnswered() if before.failing_since is not None and after.failing_since is None:
            lasted = _seconds(before.failing_since, record.at)
            log.info(
                log_events.HEARTBEAT_RECOVERED, missed_heartbeats=before.missed_heartbeats, duration_s=lasted
            )
        case events.ReconnectFailed(problem=problem) if record.step.outcome is not Outcome.STALE:
            repeated = before.failed_attempts > 0 and before.problem == problem
            level = log.debug if repeated else log.warning
            level(
                log_events.RECONNECT_FAILED,
                attempt=before.attempt,
                cause=link_problem_code(after),
                code=problem.code,
                detail=problem.message,
            )
        case events.KeyAccepted() if before.key_problem is not None and after.key_problem is None:
            log.info(log_events.KEY_VERIFIED, duration_s=_seconds(before.key_problem.since, record.at))
        case events.KeyRejected(problem=problem) if before.key is not after.key:
            log.warning(log_events.KEY_REJECTED, cause=link_problem_code(after), detail=problem.message)
        case events.StoreRecovered() if before.store_problem is not None:
            log.info(log_events.STORE_RECOVERED, duration_s=_seconds(before.store_problem.since, record.at))
        case events.ClockJumped(delta=gap):
            log.info(log_events.CLOCK_JUMPED, gap_s=round(gap, 3))


def log_login(record: LoginStepRecord) -> None:
    """Log the transitions of a sign-in."""
    for source, target in record.step.moves:
        log.info(
            log_events.LOGIN_TRANSITION,
            **{"from": _word(source)},
            to=_word(target),
            event_name=type(record.event).__name__,
            detail=record.step.facts.error,
        )


def log_credits(level: CreditLevel, balance: float) -> None:
    """Log that the balance has become low or critical, or is fine again; `balance` is in dollars."""
    if level is CreditLevel.FINE:
        log.info(log_events.CREDITS_RECOVERED, balance=balance)
        return
    event = log_events.CREDITS_CRITICAL if level is CreditLevel.CRITICAL else log_events.CREDITS_LOW
    cause = f"credits_{level}"
    log.warning(event, cause=cause, balance=balance, remedy=f"Top up at {TOP_UP_URL}")


def notify(record: StepRecord, observers: Iterable[Observer]) -> None:
    """Log a step and tell everyone."""
    log_step(record)
    for observer in observers:
        observer.on_step(record)


def _seconds(since: float | None, at: float) -> float:
    return round(max(0.0, at - (at if since is None else since)), 3)


def _word(state: Enum) -> str:
    return str(state.value)


log = structlog.get_logger()


class LinkTransition(msgspec.Struct, frozen=True, kw_only=True):
    """The link went from one state to another, because of an event of this name; `at` is wall-clock seconds.

    `reason` and `problem` say why it is in its state now, where that is not what was asked for.
    """

    source: LinkState
    target: LinkState
    event: str
    at: float
    agent_id: str | None
    reason: Reason | None
    problem: Problem | None


class Subscriptions(Observer):
    """Calls everyone who has subscribed. What a callback raises is logged; the link goes on."""

    __slots__ = ("_callbacks", "_numbers")

    def __init__(self) -> None:
        self._callbacks: dict[int, Callable[[LinkTransition], object]] = {}
        self._numbers = itertools.count()

    def add(self, callback: Callable[[LinkTransition], object]) -> Callable[[], None]:
        """Call `callback` from now on; returns the function that ends that. TypeError for a coroutine."""
        if inspect.iscoroutinefunction(callback):
            raise TypeError("The callback of a subscription is a plain function; nobody would await it.")
        number = next(self._numbers)
        self._callbacks[number] = callback

        def unsubscribe() -> None:
            self._callbacks.pop(number, None)

        return unsubscribe

    def on_step(self, record: StepRecord) -> None:
        """Tell of the step's transitions."""
        if not self._callbacks:
            return
        facts = record.step.facts
        for source, target in record.step.moves:
            transition = LinkTransition(
                source=LinkState(source),
                target=LinkState(target),
                event=type(record.event).__name__,
                at=record.at,
                agent_id=facts.agent_id,
                reason=facts.reason,
                problem=facts.problem,
            )
            for callback in tuple(self._callbacks.values()):
                try:
                    callback(transition)
                except Exception as error:
                    log.error(log_events.CALLBACK_FAILED, exc_info=error)
