"""Carrying out effects, in order. What must be durable is awaited; what takes time becomes an activity."""

from collections.abc import Awaitable, Callable
from functools import singledispatchmethod

import structlog

from eliza_cloud.cloud.client import ElizaCloudClient
from eliza_cloud.core import effects as do
from eliza_cloud.core import events, login
from eliza_cloud.core.facts import Facts
from eliza_cloud.core.failure import Failure
from eliza_cloud.core.secret import Secret
from eliza_cloud.link.access import CloudAccess
from eliza_cloud.link.activities import Activities
from eliza_cloud.link.backup import INTERRUPTED, BackupRequest, BackupScheduler, RestoreRequest
from eliza_cloud.link.callers import Callers
from eliza_cloud.link.clock import Clock
from eliza_cloud.link.connector import Connector, Reconnector
from eliza_cloud.link.credits_watch import CreditsWatch
from eliza_cloud.link.drain import drain
from eliza_cloud.link.key_verifier import verify_key
from eliza_cloud.link.login_poller import LoginPoller
from eliza_cloud.link.logins import Logins
from eliza_cloud.link.monitor import ConnectionMonitor
from eliza_cloud.link.report import report_credits
from eliza_cloud.link.scope import Scope
from eliza_cloud.store.credentials import Credentials
from eliza_cloud.store.errors import StoreError
from eliza_cloud.store.settings import Settings

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
        access: CloudAccess,
        credentials: Credentials,
        activities: Activities,
        callers: Callers,
        logins: Logins,
        clock: Clock,
        chance: Callable[[], float],
        settings: Callable[[], Settings],
        facts: Callable[[], Facts],
        post: Callable[[events.Event | login.LoginEvent], None],
        handle: Callable[[events.Event | login.LoginEvent], Awaitable[None]],
    ) -> None:
        self.key: Secret | None = None
        self.requests: dict[int, BackupRequest | RestoreRequest] = {}
        self._access = access
        self._credentials = credentials
        self._activities = activities
        self._callers = callers
        self._logins = logins
        self._clock = clock
        self._chance = chance
        self._settings = settings
        self._facts = facts
        self._post = post
        self._handle = handle
        self._link_client: ElizaCloudClient | None = None
        self._hurry: Callable[[], None] | None = None
        self._scheduler: BackupScheduler | None = None
        self._sign_out_failure: Failure | None = None
        self._key_in_question: int | None = None

    @property
    def link_client(self) -> ElizaCloudClient | None:
        """The client the link was made with; it outlives the key until the link is closed."""
        return self._link_client

    @singledispatchmethod
    async def carry_out(self, effect: do.Effect) -> None:
        """Do what the effect says."""
        raise NotImplementedError(type(effect).__name__)

    def close_scheduler(self, failure: Failure) -> None:
        """Tell whoever waits for the backup loop that it ends."""
        if self._scheduler is not None:
            self._scheduler.close(failure)
            self._scheduler = None

    # What must survive

    async def write_down(self, effect: do.StoreWish) -> Failure | None:
        """Do what comes before a step counts; return why it could not be done."""
        try:
            await self._credentials.save_wish(effect.agent_id)
        except StoreError as error:
            log.error("store.failed", what="the agent to be linked to after a restart", why=str(error))
            return Failure(
                code="store_failed",
                status=500,
                message="Nothing was changed, because it could not be written down which agent this machine"
                f" is to be linked to: {error}",
            )
        return None

    @carry_out.register
    async def _(self, _effect: do.ForgetCredentials) -> None:
        self.key = None
        self._access.forget_key()
        self._sign_out_failure = None
        try:
            await self._credentials.sign_out()
        except StoreError as error:
            log.error("store.failed", what="the sign-out", why=str(error))
            self._sign_out_failure = Failure(
                code="store_failed",
                status=500,
                message=f"The link is closed, but the key could not be removed from this machine: {error}",
            )

    @carry_out.register
    async def _(self, effect: do.SaveIdentity) -> None:
        if self.key is None:
            return
        try:
            await self._credentials.save_identity(self.key, effect.user_id, effect.organization_id)
        except StoreError as error:
            log.error("store.failed", what="whose key it is", why=str(error))

    @carry_out.register
    async def _(self, effect: login.StoreKey) -> None:
        poller = self._logins.poller(effect.session_id)
        if poller is None or poller.key is None:
            return
        try:
            await self._credentials.save_login(poller.key, effect.key_prefix, effect.expires_at)
        except StoreError as error:
            log.error("store.failed", what="the API key", why=str(error))
            sentence = f"You are signed in, but the key could not be saved: {error}"
            await self._handle(login.LoginKeyNotStored(effect.session_id, sentence))
        else:
            self.key, poller.key = poller.key, None
            self._link_client = None
            await self._handle(login.LoginKeyStored(effect.session_id))

    # The sign-in and the key

    @carry_out.register
    async def _(self, effect: login.StartPoller) -> None:
        poller = LoginPoller(
            self._access.client(None),
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
    async def _(self, _effect: login.AnnounceKey) -> None:
        await self._handle(events.KeyChanged())

    @carry_out.register
    async def _(self, effect: do.VerifyKey) -> None:
        if self.key is None or self._access.refusal is not None:
            return
        if VERIFIER in self._activities.names and self._key_in_question == effect.key_number:
            return
        self._key_in_question = effect.key_number
        self._activities.start(
            VERIFIER,
            verify_key(
                self._access.client(self.key),
                effect.key_number,
                clock=self._clock,
                ladder=self._facts().policy.ladder,
                chance=self._chance,
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
        self._hurry = None
        self.close_scheduler(INTERRUPTED)

    @carry_out.register
    async def _(self, effect: do.StartConnector) -> None:
        self._link_client = self._access.client(self.key)
        self._activities.start(CONNECTOR, Connector(self._scope(effect.epoch, effect.agent_id)).run())

    @carry_out.register
    async def _(self, effect: do.StartTry) -> None:
        reconnector = Reconnector(self._scope(effect.epoch, effect.agent_id), effect.delay)
        self._hurry = reconnector.hurry
        self._activities.start(RECONNECTOR, reconnector.run())

    @carry_out.register
    async def _(self, effect: do.StartMonitor) -> None:
        monitor = ConnectionMonitor(
            self._scope(effect.epoch, effect.agent_id), lambda: self._settings().heartbeat_interval
        )
        self._hurry = monitor.hurry
        self._activities.start(MONITOR, monitor.run())

    @carry_out.register
    async def _(self, effect: do.StartScheduler) -> None:
        self._scheduler = BackupScheduler(
            self._scope(effect.epoch, effect.agent_id), lambda: self._settings().backup_interval
        )
        self._activities.start(SCHEDULER, self._scheduler.run())

    @carry_out.register
    async def _(self, effect: do.StartCreditsWatch) -> None:
        watch = CreditsWatch(
            self._scope(effect.epoch, effect.agent_id), lambda: self._settings().credits_interval
        )
        self._activities.start(CREDITS, watch.run())

    @carry_out.register
    async def _(self, effect: do.ReportCredits) -> None:
        report_credits(effect.level, effect.balance)

    @carry_out.register
    async def _(self, effect: do.StartDrain) -> None:
        scope = self._scope(effect.epoch, effect.agent_id)
        work = drain(scope, snapshot=effect.snapshot, paused=self._activities.settled)
        self._activities.start(DRAIN, work)

    @carry_out.register
    async def _(self, _effect: do.HurryUp) -> None:
        if self._hurry is not None:
            self._hurry()

    @carry_out.register
    async def _(self, effect: do.HandToScheduler) -> None:
        request = self.requests.pop(effect.ticket, None)
        if request is not None and self._scheduler is not None:
            self._scheduler.submit(request)

    # Answers

    @carry_out.register
    async def _(self, effect: do.AnswerConnect) -> None:
        self._callers.answer_link(effect.agent_id, effect.failure)

    @carry_out.register
    async def _(self, _effect: do.AnswerDisconnect) -> None:
        if self.key is None:  # else another link may have begun in the same step
            self._link_client = None
        failure, self._sign_out_failure = self._sign_out_failure, None
        self._callers.answer_close(failure)

    def _scope(self, epoch: int, agent_id: str) -> Scope:
        client = self._link_client or self._access.client(self.key)
        return Scope(client, agent_id, epoch, self._facts().key_number, self._clock, self._post)
