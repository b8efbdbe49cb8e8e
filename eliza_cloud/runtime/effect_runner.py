"""Carrying out effects, in order. What must be durable is awaited; what takes time becomes an activity."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import msgspec
import structlog

from eliza_cloud.cloud.client import ElizaCloudClient
from eliza_cloud.core import log_events
from eliza_cloud.core.link import effects as do
from eliza_cloud.core.link import events
from eliza_cloud.core.link.effects import SaveBackupTime, SaveIdentity, StoreDesiredAgent
from eliza_cloud.core.link.state import Facts
from eliza_cloud.core.login import machine as login
from eliza_cloud.core.login.machine import StoreKey
from eliza_cloud.core.problems import LINK_INTERRUPTED, Problem
from eliza_cloud.core.timefmt import seconds_of
from eliza_cloud.redaction.secret import Secret
from eliza_cloud.runtime.activities.backup import BackupRequest, BackupScheduler, RestoreRequest, drain
from eliza_cloud.runtime.activities.connector import ActivityContext, Connector, Reconnector, Start
from eliza_cloud.runtime.activities.key_verifier import KeyVerifier
from eliza_cloud.runtime.activities.login_poller import LoginPoller, Logins
from eliza_cloud.runtime.activities.monitor import ConnectionMonitor, CreditsWatch
from eliza_cloud.runtime.activities.recheck import CloudRecheck
from eliza_cloud.runtime.clock import Clock
from eliza_cloud.runtime.cloud_session import CloudSession
from eliza_cloud.runtime.observers import log_credits
from eliza_cloud.runtime.tasks import Activities
from eliza_cloud.runtime.waiters import Waiters
from eliza_cloud.store.config.settings import Settings
from eliza_cloud.store.credentials import CloudMove, Credentials, PendingLogin
from eliza_cloud.store.errors import StoreError

log = structlog.get_logger()


class DurableWrites:
    """Writes login, identity and desired agent. Each method returns the problem when it could not.

    What nobody else would ask for again is tried again by `pursue`, until it is written or a later write
    takes its place; `on_unfinished` is called when there is something.
    """

    __slots__ = ("_again", "_credentials", "_facts", "_post", "on_unfinished")

    def __init__(
        self, credentials: Credentials, facts: Callable[[], Facts], post: Callable[[events.Event], None]
    ) -> None:
        self._credentials = credentials
        self._facts = facts
        self._post = post
        self._again: dict[str, Callable[[], Awaitable[Problem | None]]] = {}
        self.on_unfinished: Callable[[], None] = _nothing

    @property
    def is_unfinished(self) -> bool:
        """Whether something is still to be written."""
        return bool(self._again) or self._credentials.is_unfinished

    async def pursue(self) -> None:
        """Try again whatever could not be written."""
        for again in tuple(self._again.values()):
            await again()
        if self._credentials.is_unfinished or self._credentials.key_left_in:
            await self._write(self._credentials.pursue, _SIGN_OUT, _NOT_REMOVED, first=False)

    async def desired_agent(self, effect: StoreDesiredAgent) -> Problem | None:
        """Write down which agent the user wants to be linked to."""
        problem = await self._write(
            lambda: self._credentials.save_desired_agent(effect.agent_id, effect.accepted_price),
            "the agent to be linked to after a restart",
            "Nothing was changed, because it could not be written down which agent this machine is to be"
            " linked to",
        )
        if problem is None:
            self._again.clear()  # all of it is about the agent before, or the price before
        return problem

    async def consent_ended(self) -> Problem | None:
        """Write down that no price of a start is agreed to any more."""
        return await self._write(
            self._credentials.forget_consent,
            "that a price is not agreed to any more",
            "It could not be written down that a price is not agreed to any more",
            again=True,
        )

    async def restarting(self, *, restarting: bool) -> Problem | None:
        """Write down that the agent is stopped only in order to be started again, or that this is over."""
        return await self._write(
            lambda: self._credentials.save_restarting(restarting=restarting),
            "that the agent is being restarted",
            "The agent is not restarted, because that could not be written down",
            again=not restarting,
        )

    async def backup_time(self, effect: SaveBackupTime) -> Problem | None:
        """Write down when the last good backup was taken."""
        return await self._write(
            lambda: self._credentials.save_backup_time(effect.agent_id, effect.at),
            "when the last backup was taken",
            "It could not be written down when the last backup was taken",
            again=True,
        )

    async def sign_out(self) -> Problem | None:
        """Remove the login and all that belongs to it; once begun it is pursued until it is done."""
        self._again.clear()
        problem = await self._write(self._credentials.sign_out, _SIGN_OUT, _NOT_REMOVED)
        if problem is not None:
            self.on_unfinished()
            if not self._credentials.is_recorded:
                said = problem.message.replace(_NOT_REMOVED, _NOT_RECORDED, 1)
                problem = msgspec.structs.replace(problem, message=said)
        return problem

    async def identity(self, key: Secret, effect: SaveIdentity) -> Problem | None:
        """Write down whose key it is."""
        return await self._write(
            lambda: self._credentials.save_identity(key, effect.user_id, effect.organization_id),
            "whose key it is",
            "It could not be written down whose key it is",
        )

    async def login(self, key: Secret, effect: StoreKey) -> Problem | None:
        """Write down a new key."""
        return await self._write(
            lambda: self._credentials.save_login(key, effect.key_prefix, effect.expires_at),
            "the API key",
            "You are signed in, but the key could not be saved",
        )

    async def cloud_moved(self, move: CloudMove | None) -> Problem | None:
        """Write down where the cloud is by now."""
        return await self._write(
            lambda: self._credentials.save_move(move),
            "where the cloud is",
            "It could not be written down to which address Eliza Cloud has moved",
        )

    async def pending_login(self, pending: PendingLogin | None) -> Problem | None:
        """Write down the sign-in that waits for the browser, or that none does."""
        return await self._write(
            lambda: self._credentials.save_pending_login(pending),
            "the sign-in that waits for the browser",
            "It could not be written down that a sign-in "
            + (
                "is pending, so a restart would end it"
                if pending
                else "is over, so a restart would resume it"
            ),
        )

    async def _write(
        self,
        work: Callable[[], Awaitable[None]],
        what: str,
        consequence: str,
        *,
        again: bool = False,
        first: bool = True,
    ) -> Problem | None:
        try:
            await work()
        except StoreError as error:
            write = log.error if first else log.debug
            write(log_events.STORE_FAILED, what=what, cause=error.code, detail=str(error))
            problem = msgspec.structs.replace(error.problem, message=f"{consequence}: {error}")
            if again:
                self._again[what] = partial(self._write, work, what, consequence, again=True, first=False)
                self.on_unfinished()
            if first:
                self._post(events.StoreFailed(problem))
            return problem
        self._again.pop(what, None)
        if self._facts().store_problem is not None:
            self._post(events.StoreRecovered())
        return None


def _nothing() -> None:
    pass


_SIGN_OUT = "the sign-out"
_NOT_REMOVED = "The link is closed, but the key could not be removed from this machine, which is tried again"
_NOT_RECORDED = f"{_NOT_REMOVED}; a restart before that succeeds would sign in again"


CONNECTOR, RECONNECTOR, RECHECK, MONITOR, SCHEDULER, CREDITS, DRAIN = (
    "connector",
    "reconnector",
    "recheck",
    "monitor",
    "scheduler",
    "credits",
    "drain",
)
STATE_ACTIVITIES = (CONNECTOR, RECONNECTOR, RECHECK, MONITOR, SCHEDULER, CREDITS, DRAIN)
VERIFIER, WAKE = "verifier", "wake"


class EffectRunner:
    """Turns effects into calls, tasks and answers for one link.

    `post` puts an event on the queue; `handle` decides one at once, as part of the event at hand.
    """

    def __init__(
        self,
        *,
        cloud_session: CloudSession,
        credentials: Credentials,
        activities: Activities,
        waiters: Waiters,
        logins: Logins,
        clock: Clock,
        jitter: Callable[[], float],
        settings: Callable[[], Settings],
        facts: Callable[[], Facts],
        post: Callable[[events.Event | login.LoginEvent], None],
        handle: Callable[[events.Event | login.LoginEvent], Awaitable[None]],
    ) -> None:
        self.key: Secret | None = None
        self.is_key_ours = False  # obtained by our own sign-in, so that signing out may revoke it
        self.unwanted_key: Secret | None = None  # one of ours that was signed out, to be revoked
        self.requests: dict[int, BackupRequest | RestoreRequest] = {}
        self.write = DurableWrites(credentials, facts, post)
        self._cloud_session = cloud_session
        self._credentials = credentials
        self._activities = activities
        self._waiters = waiters
        self._logins = logins
        self._clock = clock
        self._jitter = jitter
        self._settings = settings
        self._facts = facts
        self._post = post
        self._handle = handle
        self._link_client: ElizaCloudClient | None = None
        self._retry_now: Callable[[do.StartRule | None, str | None], None] | None = None
        self._scheduler: BackupScheduler | None = None
        self._pending_login: PendingLogin | None = None
        self._sign_out_problem: Problem | None = None
        self._verifier: KeyVerifier | None = None

    @property
    def link_client(self) -> ElizaCloudClient | None:
        """The client the link was made with; it outlives the key until the link is closed."""
        return self._link_client

    async def carry_out(self, effect: do.Effect) -> None:
        """Do what the effect says, by the method that `CARRIED_OUT_BY` names for it."""
        await CARRIED_OUT_BY[type(effect)](self, effect)

    def close_scheduler(self, problem: Problem) -> None:
        """Answer everyone who waits for the backup loop: it ends."""
        if self._scheduler is not None:
            self._scheduler.close(problem)
            self._scheduler = None

    # The key and the sign-in

    async def forget_credentials(self, _effect: do.ForgetCredentials) -> None:
        """Forget the key here, then remove it from every place it is stored in."""
        if self.is_key_ours:
            self.unwanted_key = self.key
        self.key, self.is_key_ours = None, False
        self._cloud_session.forget_key()
        self._sign_out_problem = await self.write.sign_out()

    async def save_identity(self, effect: do.SaveIdentity) -> None:
        """Write down whose key it is, while there is one."""
        if self.key is not None:
            await self.write.identity(self.key, effect)

    async def store_key(self, effect: login.StoreKey) -> None:
        """Write down the key the poller has, and decide the outcome at once."""
        poller = self._logins.poller(effect.session_id)
        if poller is None or poller.key is None:
            return
        problem = await self.write.login(poller.key, effect)
        if problem is not None:
            await self._handle(login.LoginKeyNotStored(effect.session_id, problem.message))
        else:
            self.key, poller.key = poller.key, None
            self.is_key_ours, self.unwanted_key, self._pending_login = True, None, None
            self._link_client = None
            await self._handle(login.LoginKeyStored(effect.session_id))

    def resume_login(self, pending: PendingLogin) -> None:
        """Wait on for a sign-in that was pending when the service ended."""
        self._pending_login = pending
        session_id, page = pending.session_id.reveal(), pending.browser_url.reveal()
        self._post(login.LoginStarted(session_id, page, pending.revocable))

    async def start_poller(self, effect: login.StartPoller) -> None:
        """Poll the session of a sign-in for its key; a new one is written down first, to outlive a kill."""
        started, waited = self._logins.current, None
        if (pending := self._pending(effect.session_id)) is not None:
            waited = max(0.0, self._clock.wall() - pending.begun_at)
        else:
            session_id, page = Secret(started.session_id), Secret(started.browser_url)
            self._pending_login = PendingLogin(session_id, page, started.revocable, self._clock.wall())
            await self.write.pending_login(self._pending_login)
        poller = LoginPoller(
            self._cloud_session.client(None),
            effect.session_id,
            revocable=started.revocable,
            waited=waited,
            settings=self._settings(),
            credentials=self._credentials,
            clock=self._clock,
            post=self._post,
        )
        self._activities.start(poller.name, self._logins.follow(poller))

    async def stop_poller(self, effect: login.StopPoller) -> None:
        """End the polling; the poller revokes a key that still comes, where asked to."""
        poller = self._logins.poller(effect.session_id)
        if poller is not None:
            poller.stop(revoke=effect.revoke)
        if self._pending(effect.session_id) is not None:
            self._pending_login = None
            await self.write.pending_login(None)

    def _pending(self, session_id: str) -> PendingLogin | None:
        """Return what is written down of this sign-in."""
        pending = self._pending_login
        return pending if pending is not None and pending.session_id == Secret(session_id) else None

    async def keep_key(self, effect: login.KeepKey) -> None:
        """Have the poller offer its key again, after a pause."""
        poller = self._logins.poller(effect.session_id)
        if poller is not None:
            poller.store_again()

    async def announce_key(self, effect: login.AnnounceKey) -> None:
        """Let the link hear of its new key, as part of the event at hand."""
        await self._handle(events.KeyChanged(seconds_of(effect.expires_at)))

    async def verify_key(self, effect: do.VerifyKey) -> None:
        """Ask the cloud whose key it is; one question for each generation of the key."""
        if self.key is None or self._cloud_session.refusal is not None:
            return
        verifier = self._verifier
        if (
            VERIFIER in self._activities.names
            and verifier
            and verifier.key_generation == effect.key_generation
        ):
            if not effect.rejected:
                verifier.ask_now()
            return
        self._verifier = KeyVerifier(
            self._cloud_session.client(self.key),
            effect.key_generation,
            clock=self._clock,
            backoff=self._facts().policy.backoff,
            jitter=self._jitter,
            post=self._post,
            rejected=effect.rejected,
        )
        self._activities.start(VERIFIER, self._verifier.run())

    async def stop_verifying(self, _effect: do.StopVerifying) -> None:
        """End the question."""
        self._activities.cancel(VERIFIER)
        self._verifier = None  # it holds the key

    # What a state does

    async def cancel_activities(self, _effect: do.CancelActivities) -> None:
        """Cancel what the state that is left was doing."""
        self._activities.cancel(*STATE_ACTIVITIES)
        self._retry_now = None
        if self._scheduler is not None:
            self.close_scheduler(LINK_INTERRUPTED.occurred())

    async def start_connector(self, effect: do.StartConnector) -> None:
        """Bring the agent up, with a client that outlives a sign-out until the link is closed."""
        self._link_client = self._cloud_session.client(self.key)
        context = self._context(effect.epoch, effect.agent_id)
        work = Connector(context, self._start(effect.start, effect.accepted_price)).run()
        self._activities.start(CONNECTOR, work, agent_id=effect.agent_id)

    async def start_attempt(self, effect: do.StartAttempt) -> None:
        """Wait, then try once to restore the link."""
        reconnector = Reconnector(
            self._context(effect.epoch, effect.agent_id),
            self._start(effect.start, effect.accepted_price),
            effect.delay,
            partial(self.write.restarting, restarting=True) if effect.restart else None,
        )
        self._retry_now = reconnector.retry_now
        self._activities.start(RECONNECTOR, reconnector.run(), agent_id=effect.agent_id)

    async def start_recheck(self, effect: do.StartRecheck) -> None:
        """Ask now and then whether the cloud is back."""
        recheck = CloudRecheck(self._context(effect.epoch, effect.agent_id), effect.interval)
        self._activities.start(RECHECK, recheck.run(), detached=True, agent_id=effect.agent_id)

    async def restart_finished(self, _effect: do.RestartFinished) -> None:
        """Write down that no restart is under way."""
        await self.write.restarting(restarting=False)

    async def forget_consent(self, _effect: do.ForgetConsent) -> None:
        """Write down that no price is agreed to."""
        await self.write.consent_ended()

    async def save_backup_time(self, effect: do.SaveBackupTime) -> None:
        """Write down when the last good backup was taken."""
        await self.write.backup_time(effect)

    async def start_monitor(self, effect: do.StartMonitor) -> None:
        """Send heartbeats."""
        monitor = ConnectionMonitor(
            self._context(effect.epoch, effect.agent_id),
            lambda: self._settings().heartbeat_interval,
            shared=self._facts().agent_shared,
        )
        self._retry_now = lambda _rule, _price: monitor.retry_now()
        self._activities.start(MONITOR, monitor.run(), detached=True, agent_id=effect.agent_id)

    async def start_scheduler(self, effect: do.StartScheduler) -> None:
        """Take backups."""
        self._scheduler = BackupScheduler(
            self._context(effect.epoch, effect.agent_id), lambda: self._settings().backup_interval
        )
        self._activities.start(SCHEDULER, self._scheduler.run(), detached=True, agent_id=effect.agent_id)

    async def start_credits_watch(self, effect: do.StartCreditsWatch) -> None:
        """Read the balance from time to time."""
        watch = CreditsWatch(
            self._context(effect.epoch, effect.agent_id), lambda: self._settings().credits_interval
        )
        self._activities.start(CREDITS, watch.run(), detached=True, agent_id=effect.agent_id)

    async def report_credits(self, effect: do.ReportCredits) -> None:
        """Log a balance that became low, critical or fine."""
        log_credits(effect.level, effect.balance)

    async def start_drain(self, effect: do.StartDrain) -> None:
        """Take the last backup and report the link drained."""
        context = self._context(effect.epoch, effect.agent_id)
        work = drain(context, snapshot=effect.snapshot, paused=self._activities.settled)
        self._activities.start(DRAIN, work, agent_id=effect.agent_id)

    async def retry_now(self, effect: do.RetryNow) -> None:
        """End the wait for the next heartbeat or attempt."""
        if self._retry_now is not None:
            self._retry_now(effect.start, effect.accepted_price)

    async def hand_to_scheduler(self, effect: do.HandToScheduler) -> None:
        """Hand a caller's request to the backup loop."""
        request = self.requests.pop(effect.ticket, None)
        if request is not None and self._scheduler is not None:
            self._scheduler.submit(request)

    # Answers

    async def answer_connect(self, effect: do.AnswerConnect) -> None:
        """Answer who waits for this agent."""
        self._waiters.answer_link(effect.agent_id, effect.problem)

    async def answer_disconnect(self, _effect: do.AnswerDisconnect) -> None:
        """Answer who waits for the end of the link."""
        if self.key is None:  # else another link may have begun in the same step
            self._link_client = None
        problem, self._sign_out_problem = self._sign_out_problem, None
        self._waiters.answer_close(problem)

    def _start(self, rule: do.StartRule, accepted_price: str | None) -> Start:
        return Start(rule, accepted_price, self._settings())

    def _context(self, epoch: int, agent_id: str) -> ActivityContext:
        client = self._link_client or self._cloud_session.client(self.key)
        return ActivityContext(client, agent_id, epoch, self._facts().key_generation, self._clock, self._post)


#: The method for each effect but `StoreDesiredAgent`, which the loop writes before the step takes effect.
CARRIED_OUT_BY: Mapping[type[do.Effect], Callable[[EffectRunner, Any], Awaitable[None]]] = {
    do.ForgetCredentials: EffectRunner.forget_credentials,
    do.SaveIdentity: EffectRunner.save_identity,
    login.StoreKey: EffectRunner.store_key,
    login.StartPoller: EffectRunner.start_poller,
    login.StopPoller: EffectRunner.stop_poller,
    login.KeepKey: EffectRunner.keep_key,
    login.AnnounceKey: EffectRunner.announce_key,
    do.VerifyKey: EffectRunner.verify_key,
    do.StopVerifying: EffectRunner.stop_verifying,
    do.CancelActivities: EffectRunner.cancel_activities,
    do.StartConnector: EffectRunner.start_connector,
    do.StartAttempt: EffectRunner.start_attempt,
    do.StartRecheck: EffectRunner.start_recheck,
    do.RestartFinished: EffectRunner.restart_finished,
    do.ForgetConsent: EffectRunner.forget_consent,
    do.SaveBackupTime: EffectRunner.save_backup_time,
    do.StartMonitor: EffectRunner.start_monitor,
    do.StartScheduler: EffectRunner.start_scheduler,
    do.StartCreditsWatch: EffectRunner.start_credits_watch,
    do.ReportCredits: EffectRunner.report_credits,
    do.StartDrain: EffectRunner.start_drain,
    do.RetryNow: EffectRunner.retry_now,
    do.HandToScheduler: EffectRunner.hand_to_scheduler,
    do.AnswerConnect: EffectRunner.answer_connect,
    do.AnswerDisconnect: EffectRunner.answer_disconnect,
}
