"""What the rows of the link's table do: replace facts, append effects. They cannot fail and cannot wait."""

from typing import Any

import msgspec

from eliza_cloud.core import effects as do
from eliza_cloud.core.backoff import delay
from eliza_cloud.core.events import (
    ConfigChanged,
    Connect,
    KeyAccepted,
    Reattach,
    Restore,
    TakeBackup,
    Woke,
)
from eliza_cloud.core.facts import Facts
from eliza_cloud.core.failure import STOPPING, SUPERSEDED, Failure
from eliza_cloud.core.machine import Action, Cursor
from eliza_cloud.core.replies import Done, Waits
from eliza_cloud.core.states import KeyState, LinkState, Reason


def _know(cursor: Cursor[Facts], **changes: Any) -> None:
    cursor.facts = msgspec.structs.replace(cursor.facts, **changes)


# What callers hear


def wait(cursor: Cursor[Facts]) -> None:
    """Let the caller wait for a later answer."""
    cursor.reply = Waits()


def report_linked(cursor: Cursor[Facts]) -> None:
    """Tell the caller that the agent named was the one in use."""
    cursor.reply = Done(linked=True)


def answer_linked(cursor: Cursor[Facts]) -> None:
    """Tell everyone who waits for this link that it stands."""
    if cursor.facts.agent_id is not None:
        cursor.effects.append(do.AnswerConnect(cursor.facts.agent_id))


def answer_failure(cursor: Cursor[Facts]) -> None:
    """Tell everyone who waits for this link why it failed."""
    failure = getattr(cursor.event, "failure", SUPERSEDED)
    if cursor.facts.agent_id is not None:
        cursor.effects.append(do.AnswerConnect(cursor.facts.agent_id, failure))


def answer_closed(cursor: Cursor[Facts]) -> None:
    """Tell everyone who waits for the link to be closed that it is."""
    cursor.effects.append(do.AnswerDisconnect())


def _overtake(cursor: Cursor[Facts], agent_id: str | None, failure: Failure = SUPERSEDED) -> None:
    if agent_id is not None:
        cursor.effects.append(do.AnswerConnect(agent_id, failure))


def overtake_callers(cursor: Cursor[Facts]) -> None:
    """Tell everyone who waits for this link that a later command took its place."""
    _overtake(cursor, cursor.facts.agent_id)


def send_callers_home(cursor: Cursor[Facts]) -> None:
    """Tell everyone who waits for a link that the service stops."""
    for agent_id in (cursor.facts.agent_id, cursor.facts.next_agent):
        _overtake(cursor, agent_id, STOPPING)
    _know(cursor, next_agent=None)


# The wish and the agent


def adopt_agent(cursor: Cursor[Facts]) -> None:
    """Make the agent named the one the link is about; the wish is stored before anything is started."""
    agent_id = cursor.expect(Connect).agent_id
    _wish(cursor, agent_id)
    _know(cursor, agent_id=agent_id, agent_name=None, unattended=False, attempt=0)


def adopt_unattended(cursor: Cursor[Facts]) -> None:
    """The same without a caller: a failure that time may mend goes to the ladder."""
    agent_id = cursor.expect(Reattach).agent_id
    _wish(cursor, agent_id)
    _know(cursor, agent_id=agent_id, agent_name=None, unattended=True, attempt=0)


def adopt_next(cursor: Cursor[Facts]) -> None:
    """Go on to the agent that waited for closing to end."""
    _know(
        cursor,
        agent_id=cursor.facts.next_agent,
        agent_name=None,
        next_agent=None,
        unattended=False,
        attempt=0,
    )


def adopt_wish(cursor: Cursor[Facts]) -> None:
    """Take up the wish again, unattended."""
    _know(cursor, agent_id=cursor.facts.wish, unattended=True)


def remember_next(cursor: Cursor[Facts]) -> None:
    """Keep the agent named for when closing has ended; an earlier one is overtaken."""
    agent_id = cursor.expect(Connect).agent_id
    if cursor.facts.next_agent != agent_id:
        _overtake(cursor, cursor.facts.next_agent)
    _wish(cursor, agent_id)
    _know(cursor, next_agent=agent_id)


def drop_next(cursor: Cursor[Facts]) -> None:
    """Nothing comes after closing any more."""
    _overtake(cursor, cursor.facts.next_agent)
    _know(cursor, next_agent=None)


def drop_wish(cursor: Cursor[Facts]) -> None:
    """The user does not want this link any more."""
    _wish(cursor, None)


def release_agent(cursor: Cursor[Facts]) -> None:
    """The link is about no agent."""
    _know(cursor, agent_id=None, agent_name=None, attempt=0, reason=None, failure=None)


def _wish(cursor: Cursor[Facts], agent_id: str | None) -> None:
    if cursor.facts.wish != agent_id:
        cursor.effects.append(do.StoreWish(agent_id))
        _know(cursor, wish=agent_id)


# The key


def sign_out(cursor: Cursor[Facts]) -> None:
    """Forget the key, durably and first, so that a kill at any later point cannot bring the login back."""
    cursor.effects += [do.StopVerifying(), do.ForgetCredentials()]
    _know(
        cursor,
        wish=None,
        enabled=False,
        key=KeyState.ABSENT,
        key_number=cursor.facts.key_number + 1,
        user_id=None,
        organization_id=None,
    )


def adopt_key(cursor: Cursor[Facts]) -> None:
    """Count the new key as unverified until the cloud has accepted it."""
    number = cursor.facts.key_number + 1
    _know(
        cursor, key=KeyState.UNVERIFIED, key_number=number, enabled=True, user_id=None, organization_id=None
    )
    cursor.effects.append(do.VerifyKey(number))


def accept_key(cursor: Cursor[Facts]) -> None:
    """Note whose key it is."""
    event = cursor.expect(KeyAccepted)
    if (event.user_id, event.organization_id) != (cursor.facts.user_id, cursor.facts.organization_id):
        cursor.effects.append(do.SaveIdentity(event.user_id, event.organization_id))
    _know(cursor, key=KeyState.ACCEPTED, user_id=event.user_id, organization_id=event.organization_id)


def reject_key(cursor: Cursor[Facts]) -> None:
    """The cloud does not take the key any more."""
    cursor.effects.append(do.StopVerifying())
    _know(cursor, key=KeyState.REJECTED)


def verify_key(cursor: Cursor[Facts]) -> None:
    """Find out whether the key is at fault."""
    cursor.effects.append(do.VerifyKey(cursor.facts.key_number))


# Heartbeats, tries and backups


def because(reason: Reason | None) -> Action[Facts]:
    """Make an action that notes why, with the failure the event brought, if it brought one."""

    def note(cursor: Cursor[Facts]) -> None:
        _know(cursor, reason=reason, failure=getattr(cursor.event, "failure", None))

    return note


def note_failure(cursor: Cursor[Facts]) -> None:
    """Note what failed last; the reason for the state stays."""
    _know(cursor, failure=getattr(cursor.event, "failure", None))


def note_name(cursor: Cursor[Facts]) -> None:
    """Note the agent's name and the clean heartbeat that linking ended in."""
    name = getattr(cursor.event, "agent_name", None)
    _know(cursor, agent_name=name, last_heartbeat_at=cursor.at, reason=None, failure=None)


def note_beat(cursor: Cursor[Facts]) -> None:
    """A clean heartbeat; the second in a row makes the ladder start from its foot next time."""
    facts = cursor.facts
    clean = facts.clean_beats + 1
    attempt = 0 if clean >= facts.policy.stable_beats else facts.attempt
    _know(cursor, misses=0, clean_beats=clean, attempt=attempt, last_heartbeat_at=cursor.at)


def note_miss(cursor: Cursor[Facts]) -> None:
    """A missed heartbeat."""
    _know(cursor, misses=cursor.facts.misses + 1, clean_beats=0)


def schedule_try(cursor: Cursor[Facts]) -> None:
    """Arm the next rung: the delay is drawn here, so that it can be shown and replayed."""
    facts = cursor.facts
    if facts.agent_id is None:
        return
    ladder = facts.policy.ladder
    attempt = facts.attempt + 1 if ladder.attempts == 0 else min(facts.attempt + 1, ladder.attempts)
    failure = getattr(cursor.event, "failure", None)
    rung = (
        1 if isinstance(cursor.event, Woke) else attempt
    )  # nobody waits a minute for a machine that just woke
    seconds = delay(ladder, rung, cursor.chance, failure.retry_after if failure else None)
    _know(cursor, attempt=attempt, next_attempt_at=cursor.at + seconds)
    cursor.effects.append(do.StartTry(facts.epoch, facts.agent_id, attempt, seconds))


def spend_all_but_one_try(cursor: Cursor[Facts]) -> None:
    """Leave one fresh try, for a machine that wakes after the ladder had ended."""
    _know(cursor, agent_id=cursor.facts.wish, attempt=max(cursor.facts.policy.ladder.attempts - 1, 0))


def hurry(cursor: Cursor[Facts]) -> None:
    """Make the next heartbeat or try happen now."""
    if cursor.facts.next_attempt_at is not None:
        _know(cursor, next_attempt_at=min(cursor.at, cursor.facts.next_attempt_at))
    cursor.effects.append(do.HurryUp())


def hand_to_scheduler(cursor: Cursor[Facts]) -> None:
    """Give the caller's ticket to the backup loop, so that no two calls overlap."""
    event = cursor.event
    if isinstance(event, TakeBackup | Restore):
        cursor.effects.append(do.HandToScheduler(event.ticket))


def note_backup(cursor: Cursor[Facts]) -> None:
    """A backup exists."""
    _know(cursor, last_backup_at=cursor.at, backups_refused=False)


def note_backup_failure(cursor: Cursor[Facts]) -> None:
    """A backup failed; a refusal for good is remembered."""
    _know(cursor, backups_refused=getattr(cursor.event, "refused", False))


def adopt_policy(cursor: Cursor[Facts]) -> None:
    """Decide by the new numbers from now on."""
    _know(cursor, policy=cursor.expect(ConfigChanged).policy)


def note_stop(cursor: Cursor[Facts]) -> None:
    """From now on commands are refused."""
    _know(cursor, stopping=True)


# Entering and leaving a state


def enter(cursor: Cursor[Facts]) -> None:
    """Begin a new epoch; what a state's activities posted before it is stale."""
    came_from = cursor.facts.state if cursor.state is LinkState.CLOSING else None
    _know(
        cursor,
        state=cursor.state,
        epoch=cursor.facts.epoch + 1,
        since=cursor.at,
        came_from=came_from,
        next_attempt_at=None,
        misses=0,
        clean_beats=0,
    )


def enter_connecting(cursor: Cursor[Facts]) -> None:
    """Start the connector."""
    enter(cursor)
    _know(cursor, reason=None, failure=None)
    if cursor.facts.agent_id is not None:
        cursor.effects.append(do.StartConnector(cursor.facts.epoch, cursor.facts.agent_id))


def enter_connected(cursor: Cursor[Facts]) -> None:
    """Start the heartbeats and the backups."""
    enter(cursor)
    _know(cursor, unattended=True)
    if cursor.facts.agent_id is not None:
        epoch, agent_id = cursor.facts.epoch, cursor.facts.agent_id
        cursor.effects += [do.StartMonitor(epoch, agent_id), do.StartScheduler(epoch, agent_id)]


def enter_reconnecting(cursor: Cursor[Facts]) -> None:
    """Start the ladder."""
    enter(cursor)
    schedule_try(cursor)


def enter_closing(cursor: Cursor[Facts]) -> None:
    """Start to drain; a link that never stood has nothing to save."""
    enter(cursor)
    if cursor.facts.agent_id is not None:
        worth_saving = cursor.facts.came_from is not LinkState.CONNECTING
        cursor.effects.append(do.StartDrain(cursor.facts.epoch, cursor.facts.agent_id, worth_saving))


def leave(cursor: Cursor[Facts]) -> None:
    """Cancel what the state was doing."""
    cursor.effects.append(do.CancelActivities())
