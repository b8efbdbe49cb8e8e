"""The conditions of the link's table. They read the facts and the event, nothing else."""

from eliza_cloud.core.backoff import attempts_left
from eliza_cloud.core.link.events import (
    Connect,
    ConnectFailed,
    HeartbeatMissed,
    Reattach,
    Restore,
    ShutdownAgent,
    SuspendAgent,
    TakeBackup,
)
from eliza_cloud.core.link.state import Facts
from eliza_cloud.core.statechart import Cursor
from eliza_cloud.core.states import KeyState, Reason

AboutAgent = Connect | Reattach | TakeBackup | Restore | ShutdownAgent | SuspendAgent


def _named(cursor: Cursor[Facts]) -> str:
    event: AboutAgent = cursor.expect(AboutAgent)  # type: ignore[arg-type]  # isinstance takes a union
    return event.agent_id


def stopping(cursor: Cursor[Facts]) -> bool:
    """The service ends."""
    return cursor.facts.stopping


def keyless(cursor: Cursor[Facts]) -> bool:
    """Nobody is signed in."""
    return cursor.facts.key is KeyState.ABSENT


def same_agent(cursor: Cursor[Facts]) -> bool:
    """The event names the agent the link is about."""
    return _named(cursor) == cursor.facts.agent_id


def is_desired_agent(cursor: Cursor[Facts]) -> bool:
    """The event names the agent the user wants to be linked to."""
    return _named(cursor) == cursor.facts.desired_agent_id


def closing_or_next(cursor: Cursor[Facts]) -> bool:
    """The event names an agent that closing is about, or the one that comes after it."""
    return _named(cursor) in {cursor.facts.agent_id, cursor.facts.next_agent}


def may_be_repaired(cursor: Cursor[Facts]) -> bool:
    """The connect runs in the background, and its failure may pass."""
    return cursor.facts.background and cursor.expect(ConnectFailed).problem.retryable


def missed_heartbeats_left(cursor: Cursor[Facts]) -> bool:
    """Fewer than `max_failures` heartbeats in a row are missed, this one included."""
    cursor.expect(HeartbeatMissed)
    return cursor.facts.missed_heartbeats + 1 < cursor.facts.policy.max_failures


def attempts_remain(cursor: Cursor[Facts]) -> bool:
    """The backoff allows another attempt."""
    return attempts_left(cursor.facts.policy.backoff, cursor.facts.attempt)


def has_desired_agent(cursor: Cursor[Facts]) -> bool:
    """There is an agent the user wants to be linked to, and the service goes on."""
    return cursor.facts.desired_agent_id is not None and not cursor.facts.stopping


def retries_exhausted(cursor: Cursor[Facts]) -> bool:
    """The retries are exhausted, and there is a desired agent."""
    facts = cursor.facts
    usable = facts.key in {KeyState.ACCEPTED, KeyState.UNVERIFIED}
    return facts.reason is Reason.RETRIES_EXHAUSTED and has_desired_agent(cursor) and usable
