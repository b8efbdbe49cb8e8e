"""What the rows of the link's table do: entry and exit, key, heartbeat, backups, credits, host."""

from eliza_cloud.core.backoff import delay
from eliza_cloud.core.credits import CreditLevel, level_of, may_provision, watched
from eliza_cloud.core.link import effects as do
from eliza_cloud.core.link.effects import Done, Waits
from eliza_cloud.core.link.events import (
    BackupFailed,
    ConfigChanged,
    ConfigRefused,
    Connect,
    CreditsRead,
    HeartbeatMissed,
    KeyAccepted,
    KeyChanged,
    KeyUnverified,
    Reattach,
    Restore,
    StoreFailed,
    TakeBackup,
    Woke,
)
from eliza_cloud.core.link.state import Facts, Trouble
from eliza_cloud.core.problems import STOPPING, SUPERSEDED, Failure
from eliza_cloud.core.statechart import Action, Cursor
from eliza_cloud.core.states import KeyState, LinkState, Reason

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
    for agent_id in dict.fromkeys((cursor.facts.agent_id, cursor.facts.next_agent)):
        _overtake(cursor, agent_id, STOPPING)
    cursor.know(next_agent=None)


# The wish and the agent


def adopt_agent(cursor: Cursor[Facts]) -> None:
    """Make the agent named the one the link is about; the wish is stored before anything is started."""
    agent_id = cursor.expect(Connect).agent_id
    _wish(cursor, agent_id)
    _adopt(cursor, agent_id, unattended=False)


def adopt_unattended(cursor: Cursor[Facts]) -> None:
    """The same without a caller: a failure that time may mend goes to the ladder."""
    agent_id = cursor.expect(Reattach).agent_id
    _wish(cursor, agent_id)
    _adopt(cursor, agent_id, unattended=True)


def adopt_next(cursor: Cursor[Facts]) -> None:
    """Go on to the agent that waited for closing to end."""
    _adopt(cursor, cursor.facts.next_agent, unattended=False)
    cursor.know(next_agent=None)


def adopt_wish(cursor: Cursor[Facts]) -> None:
    """Take up the wish again, unattended."""
    _adopt(cursor, cursor.facts.wish, unattended=True)


def remember_next(cursor: Cursor[Facts]) -> None:
    """Keep the agent named for when closing has ended; an earlier one is overtaken."""
    agent_id = cursor.expect(Connect).agent_id
    if cursor.facts.next_agent != agent_id:
        _overtake(cursor, cursor.facts.next_agent)
    _wish(cursor, agent_id)
    cursor.know(next_agent=agent_id)


def drop_next(cursor: Cursor[Facts]) -> None:
    """Nothing comes after closing any more."""
    _overtake(cursor, cursor.facts.next_agent)
    cursor.know(next_agent=None)


def drop_wish(cursor: Cursor[Facts]) -> None:
    """The user does not want this link any more."""
    _wish(cursor, None)


def release_agent(cursor: Cursor[Facts]) -> None:
    """The link is about no agent."""
    cursor.know(
        agent_id=None,
        agent_name=None,
        attempt=0,
        reason=None,
        failure=None,
        failing_since=None,
        backup_trouble=None,
    )


def _adopt(cursor: Cursor[Facts], agent_id: str | None, *, unattended: bool) -> None:
    if agent_id != cursor.facts.agent_id:
        cursor.know(
            agent_name=None,
            failing_since=None,
            last_heartbeat_at=None,
            last_backup_at=None,
            backups_refused=False,
            backup_trouble=None,
        )
    cursor.know(agent_id=agent_id, unattended=unattended, attempt=0)


def _wish(cursor: Cursor[Facts], agent_id: str | None) -> None:
    if cursor.facts.wish != agent_id:
        cursor.effects.append(do.StoreWish(agent_id))
        cursor.know(wish=agent_id)


# Why, and the service


def because(reason: Reason | None) -> Action[Facts]:
    """Make an action that notes why, with the failure the event brought, if it brought one."""

    def note(cursor: Cursor[Facts]) -> None:
        failure, since = getattr(cursor.event, "failure", None), cursor.facts.failing_since
        cursor.know(reason=reason, failure=failure, failing_since=cursor.at if since is None else since)

    return note


def note_failure(cursor: Cursor[Facts]) -> None:
    """Note what a try of the ladder failed with; the reason for the state stays."""
    failure = getattr(cursor.event, "failure", None)
    cursor.know(failure=failure, failed_tries=cursor.facts.failed_tries + 1)


def note_stop(cursor: Cursor[Facts]) -> None:
    """From now on commands are refused."""
    cursor.know(stopping=True)


def sign_out(cursor: Cursor[Facts]) -> None:
    """Forget the key, durably and first, so that a kill at any later point cannot bring the login back."""
    cursor.effects += [do.ForgetCredentials(), do.StopVerifying()]
    cursor.know(
        wish=None,
        enabled=False,
        user_id=None,
        organization_id=None,
    )
    _turn_key(cursor, KeyState.ABSENT, None)


def adopt_key(cursor: Cursor[Facts]) -> None:
    """Count the new key as unverified until the cloud has accepted it."""
    cursor.know(enabled=True, user_id=None, organization_id=None)
    _turn_key(cursor, KeyState.UNVERIFIED, cursor.expect(KeyChanged).expires_at)
    cursor.effects.append(do.VerifyKey(cursor.facts.key_number))


def _turn_key(cursor: Cursor[Facts], state: KeyState, expires_at: float | None) -> None:
    """Hold another key, or none: what was learnt with the one before does not count."""
    cursor.know(
        key=state,
        key_number=cursor.facts.key_number + 1,
        key_since=cursor.at,
        key_expires_at=expires_at,
        key_trouble=None,
        spending=None,
        credits_since=None,
    )


def accept_key(cursor: Cursor[Facts]) -> None:
    """Note whose key it is."""
    event = cursor.expect(KeyAccepted)
    if (event.user_id, event.organization_id) != (cursor.facts.user_id, cursor.facts.organization_id):
        cursor.effects.append(do.SaveIdentity(event.user_id, event.organization_id))
    cursor.know(user_id=event.user_id, organization_id=event.organization_id)
    _judge_key(cursor, KeyState.ACCEPTED)


def reject_key(cursor: Cursor[Facts]) -> None:
    """The cloud does not take the key any more."""
    cursor.effects.append(do.StopVerifying())
    _judge_key(cursor, KeyState.REJECTED)


def note_key_trouble(cursor: Cursor[Facts]) -> None:
    """The cloud could not say what it thinks of the key."""
    failure, before = cursor.expect(KeyUnverified).failure, cursor.facts.key_trouble
    cursor.know(key_trouble=Trouble(failure, before.since if before else cursor.at))


def _judge_key(cursor: Cursor[Facts], state: KeyState) -> None:
    since = cursor.facts.key_since if cursor.facts.key is state else cursor.at
    cursor.know(key=state, key_since=since, key_trouble=None)


def verify_key(cursor: Cursor[Facts]) -> None:
    """Find out whether the key is at fault."""
    cursor.effects.append(do.VerifyKey(cursor.facts.key_number))


def adopt_settings(cursor: Cursor[Facts]) -> None:
    """Decide by the new numbers from now on."""
    event = cursor.expect(ConfigChanged)
    cursor.know(
        policy=event.policy, settings_at=cursor.at, settings_trouble=None, unknown_settings=event.unknown
    )


def keep_settings(cursor: Cursor[Facts]) -> None:
    """The new settings are wrong: note that, and go on with the old ones."""
    cursor.know(settings_trouble=Trouble(cursor.expect(ConfigRefused).failure, cursor.at))


def note_store_failure(cursor: Cursor[Facts]) -> None:
    """Something could not be written down."""
    failure, before = cursor.expect(StoreFailed).failure, cursor.facts.store_trouble
    cursor.know(store_trouble=Trouble(failure, before.since if before else cursor.at))


def note_store_recovery(cursor: Cursor[Facts]) -> None:
    """Writing down works again."""
    cursor.know(store_trouble=None)


def note_wake(cursor: Cursor[Facts]) -> None:
    """The machine slept, or its clock was set."""
    cursor.know(woke_at=cursor.at, clock_gap=cursor.expect(Woke).gap)


# Heartbeats, tries and backups


def note_name(cursor: Cursor[Facts]) -> None:
    """Note the agent's name and the clean heartbeat that linking ended in."""
    name = getattr(cursor.event, "agent_name", None) or cursor.facts.agent_name
    cursor.know(agent_name=name, last_heartbeat_at=cursor.at, reason=None, failure=None, failing_since=None)


def note_beat(cursor: Cursor[Facts]) -> None:
    """A clean heartbeat; the second in a row makes the ladder start from its foot next time."""
    facts = cursor.facts
    clean = facts.clean_beats + 1
    attempt = 0 if clean >= facts.policy.stable_beats else facts.attempt
    cursor.know(
        misses=0,
        clean_beats=clean,
        attempt=attempt,
        last_heartbeat_at=cursor.at,
        failure=None,
        failing_since=None,
    )


def note_miss(cursor: Cursor[Facts]) -> None:
    """A missed heartbeat."""
    facts = cursor.facts
    since = cursor.at if facts.failing_since is None else facts.failing_since
    failure = cursor.expect(HeartbeatMissed).failure
    cursor.know(misses=facts.misses + 1, clean_beats=0, failure=failure, failing_since=since)


def schedule_try(cursor: Cursor[Facts]) -> None:
    """Arm the next rung: the delay is drawn here, so that it can be shown and replayed."""
    facts = cursor.facts
    if facts.agent_id is None:
        return
    ladder = facts.policy.ladder
    attempt = facts.attempt + 1 if ladder.attempts == 0 else min(facts.attempt + 1, ladder.attempts)
    failure = getattr(cursor.event, "failure", None)
    rung = 1 if isinstance(cursor.event, Woke) else attempt  # a machine that just woke waits no minute
    seconds = delay(ladder, rung, cursor.chance, failure.retry_after if failure else None)
    cursor.know(attempt=attempt, next_attempt_at=cursor.at + seconds)
    cursor.effects.append(do.StartTry(facts.epoch, facts.agent_id, attempt, seconds))


def spend_all_but_one_try(cursor: Cursor[Facts]) -> None:
    """Leave one fresh try, for a machine that wakes after the ladder had ended."""
    cursor.know(attempt=max(cursor.facts.policy.ladder.attempts - 1, 0))


def hurry(cursor: Cursor[Facts]) -> None:
    """Make the next heartbeat or try happen now."""
    if cursor.facts.next_attempt_at is not None:
        cursor.know(next_attempt_at=min(cursor.at, cursor.facts.next_attempt_at))
    cursor.effects.append(do.HurryUp())


def hurry_unless_told_to_wait(cursor: Cursor[Facts]) -> None:
    """The same, unless the cloud asked not to be called for a while: a user's wish does not lift that."""
    failure = cursor.facts.failure
    if failure is None or failure.retry_after is None:
        hurry(cursor)


def hand_to_scheduler(cursor: Cursor[Facts]) -> None:
    """Give the caller's ticket to the backup loop, so that no two calls overlap."""
    event = cursor.event
    if isinstance(event, TakeBackup | Restore):
        cursor.effects.append(do.HandToScheduler(event.ticket))


def note_backup(cursor: Cursor[Facts]) -> None:
    """A backup exists."""
    cursor.know(last_backup_at=cursor.at, backups_refused=False, backup_trouble=None)


def note_backup_failure(cursor: Cursor[Facts]) -> None:
    """A backup failed; a refusal for good is remembered."""
    event, before = cursor.expect(BackupFailed), cursor.facts.backup_trouble
    trouble = Trouble(event.failure, before.since if before else cursor.at)
    cursor.know(backups_refused=event.refused, backup_trouble=trouble)


def note_credits(cursor: Cursor[Facts]) -> None:
    """Note the balance; a change between fine, low and critical is worth a word."""
    before, balance = cursor.facts.spending, cursor.expect(CreditsRead).balance
    level = level_of(balance)
    if level is not (CreditLevel.FINE if before is None else level_of(before.balance)):
        cursor.effects.append(do.ReportCredits(level, balance))
    if before is None or (level, may_provision(balance)) != (
        level_of(before.balance),
        may_provision(before.balance),
    ):
        cursor.know(credits_since=cursor.at)
    cursor.know(spending=watched(before, balance, cursor.at))


# Entering and leaving a state


def enter(cursor: Cursor[Facts]) -> None:
    """Begin a new epoch; what a state's activities posted before it is stale."""
    came_from = cursor.facts.state if cursor.state is LinkState.CLOSING else None
    cursor.know(
        state=cursor.state,
        epoch=cursor.facts.epoch + 1,
        since=cursor.at,
        moved_by=type(cursor.event).__name__,
        came_from=came_from,
        next_attempt_at=None,
        failed_tries=0,
        misses=0,
        clean_beats=0,
    )


def enter_connecting(cursor: Cursor[Facts]) -> None:
    """Start the connector."""
    enter(cursor)
    cursor.know(reason=None, failure=None, failing_since=None)
    if cursor.facts.agent_id is not None:
        cursor.effects.append(do.StartConnector(cursor.facts.epoch, cursor.facts.agent_id))


def enter_connected(cursor: Cursor[Facts]) -> None:
    """Start the heartbeats, the backups and the watch on the credits."""
    enter(cursor)
    cursor.know(unattended=True)
    if cursor.facts.agent_id is not None:
        epoch, agent_id = cursor.facts.epoch, cursor.facts.agent_id
        cursor.effects += [
            do.StartMonitor(epoch, agent_id),
            do.StartScheduler(epoch, agent_id),
            do.StartCreditsWatch(epoch, agent_id),
        ]


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
