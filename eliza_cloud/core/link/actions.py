"""What the rows of the link's table do: waiters, agent, key, heartbeats, backups, credits, host."""

from eliza_cloud.core.credits import CreditLevel, level_of, may_provision, watched
from eliza_cloud.core.link import effects as do
from eliza_cloud.core.link.effects import Completed, Pending
from eliza_cloud.core.link.events import (
    BackupFailed,
    BackupTaken,
    ClockJumped,
    ConfigChanged,
    ConfigRefused,
    Connect,
    CreditsRead,
    HeartbeatMissed,
    JobObserved,
    KeyAccepted,
    KeyChanged,
    KeyUnverified,
    MinimumBalanceSeen,
    Reattach,
    ReconnectFailed,
    Restore,
    StoreFailed,
    TakeBackup,
)
from eliza_cloud.core.link.state import CURRENT_EDITION, Facts, JobProgress, OngoingProblem
from eliza_cloud.core.problems import STOPPING, SUPERSEDED, ProblemType
from eliza_cloud.core.statechart import Action, Cursor
from eliza_cloud.core.states import KeyState, Reason

# What callers hear


def wait(cursor: Cursor[Facts]) -> None:
    """Let the caller wait for a later answer."""
    cursor.reply = Pending()


def report_linked(cursor: Cursor[Facts]) -> None:
    """Tell the caller that the agent named was the one in use."""
    cursor.reply = Completed(linked=True)


def answer_linked(cursor: Cursor[Facts]) -> None:
    """Answer everyone who waits for this link: it is connected."""
    if cursor.facts.agent_id is not None:
        cursor.effects.append(do.AnswerConnect(cursor.facts.agent_id))


def answer_problem(cursor: Cursor[Facts]) -> None:
    """Answer everyone who waits for this link: why it failed."""
    problem = getattr(cursor.event, "problem", None) or SUPERSEDED.occurred()
    if cursor.facts.agent_id is not None:
        cursor.effects.append(do.AnswerConnect(cursor.facts.agent_id, problem))


def answer_closed(cursor: Cursor[Facts]) -> None:
    """Answer everyone who waits for the link to be closed."""
    cursor.effects.append(do.AnswerDisconnect())


def _supersede(cursor: Cursor[Facts], agent_id: str | None, why: ProblemType = SUPERSEDED) -> None:
    if agent_id is not None:
        cursor.effects.append(do.AnswerConnect(agent_id, why.occurred()))


def supersede_waiters(cursor: Cursor[Facts]) -> None:
    """Answer everyone who waits for this link: a later command replaced theirs."""
    _supersede(cursor, cursor.facts.agent_id)


def reject_waiters_stopping(cursor: Cursor[Facts]) -> None:
    """Answer everyone who waits for a link: the service stops."""
    for agent_id in dict.fromkeys((cursor.facts.agent_id, cursor.facts.next_agent)):
        _supersede(cursor, agent_id, STOPPING)
    cursor.update(next_agent=None)


# The desired agent and the link's agent


def adopt_agent(cursor: Cursor[Facts]) -> None:
    """Make the agent named the one the link is about; it is stored before anything is started."""
    event = cursor.expect(Connect)
    new = cursor.facts.desired_agent_id != event.agent_id
    _set_desired_agent(cursor, event.agent_id, event.accepted_price)
    _adopt(cursor, event.agent_id, background=False)
    _recall_backup(cursor, event, new=new)


def adopt_price(cursor: Cursor[Facts]) -> None:
    """Note the price that the user agreed to, for the link that is under way or stands."""
    price = cursor.expect(Connect).accepted_price
    if price is not None:
        _set_desired_agent(cursor, cursor.facts.desired_agent_id, price)


def adopt_in_background(cursor: Cursor[Facts]) -> None:
    """The same without a caller: a failure that may pass is retried with backoff."""
    event, facts = cursor.expect(Reattach), cursor.facts
    agent_id, price = event.agent_id, event.accepted_price
    if price is None and agent_id == facts.desired_agent_id:
        price = facts.accepted_price
    new = facts.desired_agent_id != agent_id
    _set_desired_agent(cursor, agent_id, price)
    _adopt(cursor, agent_id, background=True)
    _recall_backup(cursor, event, new=new)


def adopt_next(cursor: Cursor[Facts]) -> None:
    """Go on to the agent that waited for closing to end."""
    _adopt(cursor, cursor.facts.next_agent, background=False)
    cursor.update(next_agent=None)


def adopt_desired_agent(cursor: Cursor[Facts]) -> None:
    """Link to the desired agent again, in the background."""
    _adopt(cursor, cursor.facts.desired_agent_id, background=True)


def remember_next(cursor: Cursor[Facts]) -> None:
    """Keep the agent named for when closing has ended; an earlier one is overtaken."""
    agent_id = cursor.expect(Connect).agent_id
    if cursor.facts.next_agent != agent_id:
        _supersede(cursor, cursor.facts.next_agent)
    _set_desired_agent(cursor, agent_id, cursor.expect(Connect).accepted_price)
    cursor.update(next_agent=agent_id)


def drop_next(cursor: Cursor[Facts]) -> None:
    """Nothing comes after closing any more."""
    _supersede(cursor, cursor.facts.next_agent)
    cursor.update(next_agent=None)


def clear_desired_agent(cursor: Cursor[Facts]) -> None:
    """The user does not want this link any more."""
    _set_desired_agent(cursor, None, None)


def release_agent(cursor: Cursor[Facts]) -> None:
    """The link is about no agent."""
    cursor.update(
        agent_id=None,
        agent_name=None,
        attempt=0,
        reason=None,
        problem=None,
        failing_since=None,
        backup_problem=None,
        agent_shared=False,
    )


def end_consent(cursor: Cursor[Facts]) -> None:
    """The price of a start that the user agreed to no longer holds."""
    if cursor.facts.accepted_price is not None:
        cursor.update(accepted_price=None)
        cursor.effects.append(do.ForgetConsent())


def _adopt(cursor: Cursor[Facts], agent_id: str | None, *, background: bool) -> None:
    if agent_id != cursor.facts.agent_id:
        cursor.update(
            agent_name=None,
            failing_since=None,
            last_heartbeat_at=None,
            last_backup_at=None,
            last_backup_size=None,
            backups_refused=False,
            backup_problem=None,
            agent_shared=False,
            restarted=False,
            unresponsive_attempts=0,
        )
    cursor.update(agent_id=agent_id, background=background, attempt=0)


def _recall_backup(cursor: Cursor[Facts], event: Connect | Reattach, *, new: bool) -> None:
    """Take up when the last good backup was; of an agent that was desired already it is written down."""
    if event.last_backup_at is not None:
        cursor.update(last_backup_at=event.last_backup_at)
        if new:
            cursor.effects.append(do.SaveBackupTime(event.agent_id, event.last_backup_at))


def _set_desired_agent(cursor: Cursor[Facts], agent_id: str | None, price: str | None) -> None:
    facts = cursor.facts
    if (facts.desired_agent_id, facts.accepted_price) != (agent_id, price):
        cursor.effects.append(do.StoreDesiredAgent(agent_id, price))
    if facts.desired_agent_id != agent_id:
        cursor.update(restarting=False)
    cursor.update(desired_agent_id=agent_id, accepted_price=price)


# Why, and the service


def set_reason(reason: Reason | None) -> Action[Facts]:
    """Make an action that notes why, with the failure the event brought, if it brought one."""

    def note(cursor: Cursor[Facts]) -> None:
        problem, since = getattr(cursor.event, "problem", None), cursor.facts.failing_since
        cursor.update(reason=reason, problem=problem, failing_since=cursor.at if since is None else since)

    return note


def note_failure(cursor: Cursor[Facts]) -> None:
    """Note what a reconnect attempt failed with; the reason for the state stays."""
    event, facts = cursor.expect(ReconnectFailed), cursor.facts
    cursor.update(
        problem=event.problem,
        job=None,
        failed_attempts=facts.failed_attempts + 1,
        unresponsive_attempts=facts.unresponsive_attempts + 1 if event.unresponsive else 0,
    )


def note_stop(cursor: Cursor[Facts]) -> None:
    """From now on commands are refused."""
    cursor.update(stopping=True)


def sign_out(cursor: Cursor[Facts]) -> None:
    """Forget the key, durably and first, so that a kill at any later point cannot bring the login back."""
    cursor.effects += [do.ForgetCredentials(), do.StopVerifying()]
    cursor.update(
        desired_agent_id=None,
        accepted_price=None,
        restarting=False,
        enabled=False,
        user_id=None,
        organization_id=None,
    )
    _turn_key(cursor, KeyState.ABSENT, None)


def adopt_key(cursor: Cursor[Facts]) -> None:
    """Mark the new key as unverified until the cloud has accepted it."""
    cursor.update(enabled=True, user_id=None, organization_id=None)
    _turn_key(cursor, KeyState.UNVERIFIED, cursor.expect(KeyChanged).expires_at)
    cursor.effects.append(do.VerifyKey(cursor.facts.key_generation))


def _turn_key(cursor: Cursor[Facts], state: KeyState, expires_at: float | None) -> None:
    """Hold another key, or none: what was learnt with the previous one is dropped."""
    cursor.update(
        key=state,
        key_generation=cursor.facts.key_generation + 1,
        key_since=cursor.at,
        key_expires_at=expires_at,
        key_problem=None,
        spending=None,
        credits_since=None,
    )


def accept_key(cursor: Cursor[Facts]) -> None:
    """Note whose key it is."""
    event = cursor.expect(KeyAccepted)
    if (event.user_id, event.organization_id) != (cursor.facts.user_id, cursor.facts.organization_id):
        cursor.effects.append(do.SaveIdentity(event.user_id, event.organization_id))
    cursor.update(user_id=event.user_id, organization_id=event.organization_id)
    _judge_key(cursor, KeyState.ACCEPTED)


def reject_key(cursor: Cursor[Facts]) -> None:
    """The cloud does not accept the key; an outage of its sign-in looks the same, so it is asked again."""
    recheck = cursor.facts.policy.edition >= CURRENT_EDITION
    verify = do.VerifyKey(cursor.facts.key_generation, rejected=True) if recheck else do.StopVerifying()
    cursor.effects.append(verify)
    _judge_key(cursor, KeyState.REJECTED)


def note_key_problem(cursor: Cursor[Facts]) -> None:
    """The cloud could not say what it thinks of the key."""
    problem, before = cursor.expect(KeyUnverified).problem, cursor.facts.key_problem
    cursor.update(key_problem=OngoingProblem(problem, before.since if before else cursor.at))


def _judge_key(cursor: Cursor[Facts], state: KeyState) -> None:
    since = cursor.facts.key_since if cursor.facts.key is state else cursor.at
    cursor.update(key=state, key_since=since, key_problem=None)


def verify_key(cursor: Cursor[Facts]) -> None:
    """Find out whether the key is the cause."""
    cursor.effects.append(do.VerifyKey(cursor.facts.key_generation))


def adopt_settings(cursor: Cursor[Facts]) -> None:
    """Decide by the new numbers from now on."""
    event = cursor.expect(ConfigChanged)
    cursor.update(
        policy=event.policy, settings_at=cursor.at, settings_problem=None, unknown_settings=event.unknown
    )


def keep_settings(cursor: Cursor[Facts]) -> None:
    """The new settings are wrong: note that, and go on with the old ones."""
    cursor.update(settings_problem=OngoingProblem(cursor.expect(ConfigRefused).problem, cursor.at))


def note_store_failure(cursor: Cursor[Facts]) -> None:
    """Something could not be written down."""
    problem, before = cursor.expect(StoreFailed).problem, cursor.facts.store_problem
    cursor.update(store_problem=OngoingProblem(problem, before.since if before else cursor.at))


def note_store_recovery(cursor: Cursor[Facts]) -> None:
    """Writing down works again."""
    cursor.update(store_problem=None)


def note_wake(cursor: Cursor[Facts]) -> None:
    """The machine slept, or its clock was set."""
    cursor.update(woke_at=cursor.at, clock_delta=cursor.expect(ClockJumped).delta)


# Heartbeats, attempts and backups


def note_name(cursor: Cursor[Facts]) -> None:
    """Note the agent's name and the clean heartbeat that linking ended in."""
    name = getattr(cursor.event, "agent_name", None) or cursor.facts.agent_name
    if cursor.facts.restarting:
        cursor.effects.append(do.RestartFinished())
    cursor.update(
        agent_name=name,
        agent_shared=getattr(cursor.event, "shared", False),
        last_heartbeat_at=cursor.at,
        reason=None,
        problem=None,
        failing_since=None,
        restarting=False,
        restarted=False,
        unresponsive_attempts=0,
    )


def note_stable_heartbeat(cursor: Cursor[Facts]) -> None:
    """A clean heartbeat; the second in a row resets the backoff."""
    facts = cursor.facts
    clean = facts.stable_heartbeats + 1
    attempt = 0 if clean >= facts.policy.stable_beats else facts.attempt
    cursor.update(
        missed_heartbeats=0,
        stable_heartbeats=clean,
        attempt=attempt,
        last_heartbeat_at=cursor.at,
        problem=None,
        failing_since=None,
    )


def note_missed_heartbeat(cursor: Cursor[Facts]) -> None:
    """A missed heartbeat."""
    facts = cursor.facts
    since = cursor.at if facts.failing_since is None else facts.failing_since
    problem = cursor.expect(HeartbeatMissed).problem
    cursor.update(
        missed_heartbeats=facts.missed_heartbeats + 1,
        stable_heartbeats=0,
        problem=problem,
        failing_since=since,
    )


def note_restart(cursor: Cursor[Facts]) -> None:
    """The agent is stopped now in order to be started again; this is written down already."""
    cursor.update(restarting=True, restarted=True)


def note_job(cursor: Cursor[Facts]) -> None:
    """Note how far the job that is waited for is."""
    event = cursor.expect(JobObserved)
    cursor.update(job=JobProgress(event.attempts, event.error))


def hand_to_scheduler(cursor: Cursor[Facts]) -> None:
    """Give the caller's ticket to the backup loop, so that no two calls overlap."""
    event = cursor.event
    if isinstance(event, TakeBackup | Restore):
        cursor.effects.append(do.HandToScheduler(event.ticket))


def note_backup(cursor: Cursor[Facts]) -> None:
    """A backup exists."""
    event = cursor.expect(BackupTaken)
    if cursor.facts.policy.edition >= CURRENT_EDITION:
        cursor.update(last_backup_size=event.size if event.blocking else None)
    cursor.update(
        last_backup_at=cursor.at,
        backups_refused=False,
        backup_problem=None,
    )
    if cursor.facts.agent_id is not None:
        cursor.effects.append(do.SaveBackupTime(cursor.facts.agent_id, cursor.at))


def note_backup_failure(cursor: Cursor[Facts]) -> None:
    """A backup failed; a refusal for good is remembered."""
    event, before = cursor.expect(BackupFailed), cursor.facts.backup_problem
    problem = OngoingProblem(event.problem, before.since if before else cursor.at)
    cursor.update(backups_refused=event.refused, backup_problem=problem)


def note_credits(cursor: Cursor[Facts]) -> None:
    """Note the balance; a change between fine, low and critical is worth a word."""
    before, balance = cursor.facts.spending, cursor.expect(CreditsRead).balance
    level = level_of(balance)
    if level is not (CreditLevel.FINE if before is None else level_of(before.balance)):
        cursor.effects.append(do.ReportCredits(level, balance))
    minimum = cursor.facts.minimum_balance
    if before is None or (level, may_provision(balance, minimum)) != (
        level_of(before.balance),
        may_provision(before.balance, minimum),
    ):
        cursor.update(credits_since=cursor.at)
    cursor.update(spending=watched(before, balance, cursor.at))


def note_minimum_balance(cursor: Cursor[Facts]) -> None:
    """Note what a start needs: the cloud tells it with each refusal."""
    cursor.update(minimum_balance=cursor.expect(MinimumBalanceSeen).balance)
