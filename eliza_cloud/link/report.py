"""One line in the log for each transition, and word to whoever observes the link."""

from collections.abc import Callable, Sequence
from enum import Enum

import msgspec
import structlog

from eliza_cloud.core.credits import CreditLevel
from eliza_cloud.core.events import Event
from eliza_cloud.core.facts import Facts
from eliza_cloud.core.login import LoginEvent, LoginFacts
from eliza_cloud.core.machine import Outcome, Step
from eliza_cloud.core.states import LinkState, Reason
from eliza_cloud.core.view import TOP_UP_URL

log = structlog.get_logger()


class Report(msgspec.Struct, frozen=True):
    """One event of the link, what was known before it, and what it came to."""

    event: Event
    before: Facts
    step: Step[Facts]


Observer = Callable[[Report], None]


def report_step(report: Report, observers: Sequence[Observer]) -> None:
    """Log the transitions of a step and hand it to the observers."""
    before, after = report.before, report.step.facts
    name = type(report.event).__name__
    since = before.since
    for epoch, (source, target) in enumerate(report.step.moves, before.epoch + 1):
        gave_up = after.reason is Reason.RETRIES_EXHAUSTED
        level = log.warning if target in {LinkState.RECONNECTING, LinkState.ERROR} or gave_up else log.info
        level(
            "link.moved",
            **{"from": _word(source)},
            to=_word(target),
            event_name=name,
            reason=after.reason,
            epoch=epoch,
            attempt=after.attempt,
            agent_id=after.agent_id,
            why=after.failure.message if after.failure else None,
            in_state_s=round(max(0.0, after.since - since), 3),
        )
        since = after.since
    if report.step.outcome is Outcome.STALE:
        log.debug("link.stale", event_name=name, epoch=before.epoch)
    for observer in observers:
        observer(report)


def report_login(event: LoginEvent, step: Step[LoginFacts]) -> None:
    """Log the transitions of a sign-in."""
    for source, target in step.moves:
        log.info(
            "login.moved",
            **{"from": _word(source)},
            to=_word(target),
            event_name=type(event).__name__,
            why=step.facts.error,
        )


def report_credits(level: CreditLevel, balance: float) -> None:
    """Log that the balance has become low or critical, or is fine again; `balance` is in dollars."""
    if level is CreditLevel.FINE:
        log.info("credits.recovered", balance=balance)
        return
    event = "credits.critical" if level is CreditLevel.CRITICAL else "credits.low"
    log.warning(event, balance=balance, remedy=f"Top up at {TOP_UP_URL}")


def _word(state: Enum) -> str:
    return str(state.value)
