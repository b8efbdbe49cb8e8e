"""The conditions of the link's table. They read the facts and the event, nothing else."""

from eliza_cloud.core.backoff import attempts_left
from eliza_cloud.core.backups import ends_the_agent
from eliza_cloud.core.credits import may_provision
from eliza_cloud.core.link.events import (
    Connect,
    ConnectFailed,
    HeartbeatMissed,
    Reattach,
    ReconnectFailed,
    Restore,
    ShutdownAgent,
    SuspendAgent,
    TakeBackup,
)
from eliza_cloud.core.link.state import CURRENT_EDITION, Facts
from eliza_cloud.core.statechart import Cursor
from eliza_cloud.core.states import KeyState, Reason

#: After so many attempts that met a dead sandbox under a running record the agent is restarted, once.
RESTART_AFTER = 3

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


def scheduled_backups(cursor: Cursor[Facts]) -> bool:
    """The event names the agent the link is about, and a backup loop serves it: shared agents have none."""
    return same_agent(cursor) and not cursor.facts.agent_shared


def restart_due(cursor: Cursor[Facts]) -> bool:
    """The sandbox is dead under a record that says running, often enough, and was not restarted yet."""
    facts = cursor.facts
    return (
        facts.policy.restart_unresponsive
        and cursor.expect(ReconnectFailed).unresponsive
        and facts.unresponsive_attempts + 1 >= RESTART_AFTER
        and not facts.restarted
        and not ends_the_agent(facts.last_backup_size)
        and attempts_remain(cursor)
    )


def too_few_credits(cursor: Cursor[Facts]) -> bool:
    """The balance, as far as it is known, is below what a start needs."""
    spending = cursor.facts.spending
    return spending is not None and not may_provision(spending.balance, cursor.facts.minimum_balance)


def key_recovers(cursor: Cursor[Facts]) -> bool:
    """The link ended because the key was rejected, and an agent is still desired."""
    facts = cursor.facts
    current = facts.policy.edition >= CURRENT_EDITION
    return current and facts.reason is Reason.KEY_REJECTED and has_desired_agent(cursor)


def retries_exhausted(cursor: Cursor[Facts]) -> bool:
    """The retries are exhausted, and there is a desired agent."""
    facts = cursor.facts
    usable = facts.key in {KeyState.ACCEPTED, KeyState.UNVERIFIED}
    return facts.reason is Reason.RETRIES_EXHAUSTED and has_desired_agent(cursor) and usable
