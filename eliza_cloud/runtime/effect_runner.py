"""Carrying out effects, in order. What must be durable is awaited; what takes time becomes an activity."""

from collections.abc import Awaitable, Callable
from functools import singledispatchmethod

import structlog

from eliza_cloud.cloud.client import ElizaCloudClient
from eliza_cloud.core import log_events
from eliza_cloud.core.link import effects as do
from eliza_cloud.core.link import events
from eliza_cloud.core.link.state import Facts
from eliza_cloud.core.login import machine as login
from eliza_cloud.core.problems import Problem
from eliza_cloud.core.timefmt import seconds_of
from eliza_cloud.redaction.secret import Secret
from eliza_cloud.runtime.activities.backup import (
    INTERRUPTED,
    BackupRequest,
    BackupScheduler,
    RestoreRequest,
    drain,
)
from eliza_cloud.runtime.activities.connector import Connector, Reconnector
from eliza_cloud.runtime.activities.context import ActivityContext
from eliza_cloud.runtime.activities.credits import CreditsWatch
from eliza_cloud.runtime.activities.heartbeat import ConnectionMonitor
from eliza_cloud.runtime.activities.key_verifier import verify_key
from eliza_cloud.runtime.activities.login_poller import LoginPoller, Logins
from eliza_cloud.runtime.clock import Clock
from eliza_cloud.runtime.cloud_session import CloudSession
from eliza_cloud.runtime.observers import log_credits
from eliza_cloud.runtime.tasks import Activities
from eliza_cloud.runtime.waiters import Waiters
from eliza_cloud.store.config.settings import Settings
from eliza_cloud.store.credentials import Credentials
from eliza_cloud.store.errors import StoreError

CONNECTOR, RECONNECTOR, MONITOR, SCHEDULER, CREDITS, DRAIN = (
    "connector",
    "reconnector",
    "monitor",
    "scheduler",
    "credits",
    "drain",
)
OF_A_STATE = (CONNECTOR, RECONNECTOR, MONITOR, SCHEDULER, CREDITS, DRAIN)
VERIFIER, WAKE = "verifier", "wake"

log = structlog.get_logger()


class Interpreter:
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
        self.requests: dict[int, BackupRequest | RestoreRequest] = {}
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
        self._retry_now: Callable[[], None] | None = None
        self._scheduler: BackupScheduler | None = None
        self._sign_out_problem: Problem | None = None
        self._key_in_question: int | None = None

    @property
    def link_client(self) -> ElizaCloudClient | None:
        """The client the link was made with; it outlives the key until the link is closed."""
        return self._link_client

    @singledispatchmethod
    async def carry_out(self, effect: do.Effect) -> None:
        """Do what the effect says."""
        raise NotImplementedError(type(effect).__name__)

    def close_scheduler(self, problem: Problem) -> None:
        """Tell whoever waits for the backup loop that it ends."""
        if self._scheduler is not None:
            self._scheduler.close(problem)
            self._scheduler = None

    # What must survive

    async def write_down(self, effect: do.StoreDesiredAgent) -> Problem | None:
        """Do what comes before a step counts; return why it could not be done."""
        what = "the agent to be linked to after a restart"
        return await self._durably(
            self._credentials.save_desired_agent(effect.agent_id),
            what,
            "Nothing was changed, because it could not be written down which agent this machine is to be"
            " linked to",
        )

    async def _durably(self, work: Awaitable[None], what: str, consequence: str) -> Problem | None:
        """Write something down; where that fails, it is logged and posted, and returned as a failure."""
        try:
            await work
        except StoreError as error:
            log.error(log_events.STORE_FAILED, what=what, cause=error.code, detail=str(error))
            problem = Problem(code=error.code, status=500, message=f"{consequence}: {error}")
            self._post(events.StoreFailed(problem))
            return problem
        if self._facts().store_problem is not None:
            self._post(events.StoreRecovered())
        return None

    @carry_out.register
    async def _(self, _effect: do.ForgetCredentials) -> None:
        self.key = None
        self._cloud_session.forget_key()
        self._sign_out_problem = await self._durably(
            self._credentials.sign_out(),
            "the sign-out",
            "The link is closed, but the key could not be removed from this machine",
        )

    @carry_out.register
    async def _(self, effect: do.SaveIdentity) -> None:
        if self.key is not None:
            await self._durably(
                self._credentials.save_identity(self.key, effect.user_id, effect.organization_id),
                "whose key it is",
                "It could not be written down whose key it is",
            )

    @carry_out.register
    async def _(self, effect: login.StoreKey) -> None:
        poller = self._logins.poller(effect.session_id)
        if poller is None or poller.key is None:
            return
        problem = await self._durably(
            self._credentials.save_login(poller.key, effect.key_prefix, effect.expires_at),
            "the API key",
            "You are signed in, but the key could not be saved",
        )
        if problem is not None:
            await self._handle(login.LoginKeyNotStored(effect.session_id, problem.message))
        else:
            self.key, poller.key = poller.key, None
            self._link_client = None
            await self._handle(login.LoginKeyStored(effect.session_id))

    # The sign-in and the key

    @carry_out.register
    async def _(self, effect: login.StartPoller) -> None:
        poller = LoginPoller(
            self._cloud_session.client(None),
            effect.session_id,
            revocable=self._logins.current.revocable,
            settings=self._settings(),
            credentials=self._credentials,
            clock=self._clock,
            post=self._post,
        )
        self._activities.start(poller.name, self._logins.follow(poller))

    @carry_out.register
    async def _(self, effect: login.StopPoller) -> None:
        poller = self._logins.poller(effect.session_id)
        if poller is not None:
            poller.stop(revoke=effect.revoke)

    @carry_out.register
    async def _(self, effect: login.KeepKey) -> None:
        poller = self._logins.poller(effect.session_id)
        if poller is not None:
            poller.store_again()

    @carry_out.register
    async def _(self, effect: login.AnnounceKey) -> None:
        await self._handle(events.KeyChanged(seconds_of(effect.expires_at)))

    @carry_out.register
    async def _(self, effect: do.VerifyKey) -> None:
        if self.key is None or self._cloud_session.refusal is not None:
            return
        if VERIFIER in self._activities.names and self._key_in_question == effect.key_generation:
            return
        self._key_in_question = effect.key_generation
        self._activities.start(
            VERIFIER,
            verify_key(
                self._cloud_session.client(self.key),
                effect.key_generation,
                clock=self._clock,
                backoff=self._facts().policy.backoff,
                jitter=self._jitter,
                post=self._post,
            ),
        )

    @carry_out.register
    async def _(self, _effect: do.StopVerifying) -> None:
        self._activities.cancel(VERIFIER)

    # What the states do

    @carry_out.register
    async def _(self, _effect: do.CancelActivities) -> None:
        self._activities.cancel(*OF_A_STATE)
        self._retry_now = None
        self.close_scheduler(INTERRUPTED)

    @carry_out.register
    async def _(self, effect: do.StartConnector) -> None:
        self._link_client = self._cloud_session.client(self.key)
        work = Connector(self._context(effect.epoch, effect.agent_id)).run()
        self._activities.start(CONNECTOR, work, agent_id=effect.agent_id)

    @carry_out.register
    async def _(self, effect: do.StartAttempt) -> None:
        reconnector = Reconnector(self._context(effect.epoch, effect.agent_id), effect.delay)
        self._retry_now = reconnector.retry_now
        self._activities.start(RECONNECTOR, reconnector.run(), agent_id=effect.agent_id)

    @carry_out.register
    async def _(self, effect: do.StartMonitor) -> None:
        monitor = ConnectionMonitor(
            self._context(effect.epoch, effect.agent_id), lambda: self._settings().heartbeat_interval
        )
        self._retry_now = monitor.retry_now
        self._activities.start(MONITOR, monitor.run(), detached=True, agent_id=effect.agent_id)

    @carry_out.register
    async def _(self, effect: do.StartScheduler) -> None:
        self._scheduler = BackupScheduler(
            self._context(effect.epoch, effect.agent_id), lambda: self._settings().backup_interval
        )
        self._activities.start(SCHEDULER, self._scheduler.run(), detached=True, agent_id=effect.agent_id)

    @carry_out.register
    async def _(self, effect: do.StartCreditsWatch) -> None:
        watch = CreditsWatch(
            self._context(effect.epoch, effect.agent_id), lambda: self._settings().credits_interval
        )
        self._activities.start(CREDITS, watch.run(), detached=True, agent_id=effect.agent_id)

    @carry_out.register
    async def _(self, effect: do.ReportCredits) -> None:
        log_credits(effect.level, effect.balance)

    @carry_out.register
    async def _(self, effect: do.StartDrain) -> None:
        context = self._context(effect.epoch, effect.agent_id)
        work = drain(context, snapshot=effect.snapshot, paused=self._activities.settled)
        self._activities.start(DRAIN, work, agent_id=effect.agent_id)

    @carry_out.register
    async def _(self, _effect: do.RetryNow) -> None:
        if self._retry_now is not None:
            self._retry_now()

    @carry_out.register
    async def _(self, effect: do.HandToScheduler) -> None:
        request = self.requests.pop(effect.ticket, None)
        if request is not None and self._scheduler is not None:
            self._scheduler.submit(request)

    # Answers

    @carry_out.register
    async def _(self, effect: do.AnswerConnect) -> None:
        self._waiters.answer_link(effect.agent_id, effect.problem)

    @carry_out.register
    async def _(self, _effect: do.AnswerDisconnect) -> None:
        if self.key is None:  # else another link may have begun in the same step
            self._link_client = None
        problem, self._sign_out_problem = self._sign_out_problem, None
        self._waiters.answer_close(problem)

    def _context(self, epoch: int, agent_id: str) -> ActivityContext:
        client = self._link_client or self._cloud_session.client(self.key)
        return ActivityContext(client, agent_id, epoch, self._facts().key_generation, self._clock, self._post)
