"""What the rows do about heartbeats, tries, backups and credits, and which activities a state owns."""

from eliza_cloud.core import effects as do
from eliza_cloud.core.backoff import delay
from eliza_cloud.core.credits import CreditLevel, level_of, may_provision, watched
from eliza_cloud.core.events import BackupFailed, CreditsRead, HeartbeatMissed, Restore, TakeBackup, Woke
from eliza_cloud.core.facts import Facts, Trouble
from eliza_cloud.core.machine import Cursor
from eliza_cloud.core.states import LinkState

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
