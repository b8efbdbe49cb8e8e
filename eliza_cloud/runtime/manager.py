"""The face of the link (architecture: The step): what callers may ask of it."""

import asyncio
import random
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, Self, TypeVar, overload

import msgspec
import structlog

from eliza_cloud.cloud.client import ElizaCloudClient
from eliza_cloud.cloud.config import CloudConfig
from eliza_cloud.cloud.http.address import BaseUrl, Origins, same_cloud
from eliza_cloud.cloud.types.models import CreatedAgent, Restored, Snapshot
from eliza_cloud.core import log_events
from eliza_cloud.core.link import events
from eliza_cloud.core.link.state import Facts, OngoingProblem
from eliza_cloud.core.login import machine as login
from eliza_cloud.core.problems import AGENT_NOT_RUNNING, AGENT_RECONNECTING, STOPPING, Problem
from eliza_cloud.core.states import KeyState, LinkState
from eliza_cloud.core.timefmt import seconds_of
from eliza_cloud.core.views.explain import Explanation, explain
from eliza_cloud.core.views.health import HealthView, health_view, readiness
from eliza_cloud.core.views.status import StatusView, status_view
from eliza_cloud.runtime.clock import Clock, SystemClock, sleep, timeout
from eliza_cloud.runtime.cloud_session import CloudSession
from eliza_cloud.runtime.conditions import Conditions
from eliza_cloud.runtime.errors import LinkError
from eliza_cloud.runtime.loop import LinkLoop, Machines, shared_machines
from eliza_cloud.runtime.observers import LinkTransition, Observer, Subscriptions
from eliza_cloud.runtime.operations.agents import AgentOperations, AgentRequest
from eliza_cloud.runtime.operations.backups import BackupCalls
from eliza_cloud.runtime.operations.cloud_calls import AuthorizedCalls, KeyLease
from eliza_cloud.runtime.operations.login import SignedOut, SignIn
from eliza_cloud.runtime.program.log import log_through_logging
from eliza_cloud.runtime.program.settings import settings_of
from eliza_cloud.runtime.proxy import CloudRuntimeProxy
from eliza_cloud.runtime.tasks import BackgroundTasks
from eliza_cloud.store.config.settings import Settings
from eliza_cloud.store.credentials import CloudMove, Credentials
from eliza_cloud.store.memory import memory_credentials
from eliza_cloud.store.sqlite.database import Store

STOP_TIMEOUT = 9.0  # seconds; the final snapshot may take 8 of them
WRITE_TIMEOUT = 2.0  # seconds more, for what is being written

log = structlog.get_logger()

T = TypeVar("T")


class LinkedAgent(msgspec.Struct, frozen=True):
    """The agent the link now stands to."""

    agent_id: str
    agent_name: str | None


class Holdings(msgspec.Struct, frozen=True):
    """What a link keeps for callers and sign-ins; at rest all is zero but `remembered_logins`."""

    queued_events: int
    waiting_commands: int
    backup_requests: int
    background_tasks: int
    login_pollers: int
    remembered_logins: int


class CloudManager:
    """One link. What is refused or fails is a `LinkError`; a caller that goes away cancels nothing.

    A program makes it of a `CloudConfig` and uses it as a context manager (reference: library). Its login is
    in memory; with a `store` (see `Store`; it stays the program's to close) the desired agent outlives the
    program. The service hands in the parts; who made them closes them.
    """

    @overload
    def __init__(
        self, config: CloudConfig, *, store: Store | None = None, observers: Sequence[Observer] = ()
    ) -> None: ...

    @overload
    def __init__(
        self,
        *,
        settings: Settings,
        credentials: Credentials,
        cloud: CloudSession,
        clock: Clock | None = None,
        jitter: Callable[[], float] = random.random,
        observers: Sequence[Observer] = (),
        unknown_settings: Sequence[str] = (),
        machines: Machines | None = None,
        conditions: Conditions | None = None,
    ) -> None: ...

    def __init__(
        self,
        config: CloudConfig | None = None,
        *,
        store: Store | None = None,
        settings: Settings | None = None,
        credentials: Credentials | None = None,
        cloud: CloudSession | None = None,
        clock: Clock | None = None,
        jitter: Callable[[], float] = random.random,
        observers: Sequence[Observer] = (),
        unknown_settings: Sequence[str] = (),
        machines: Machines | None = None,
        conditions: Conditions | None = None,
    ) -> None:
        self._own_cloud: CloudSession | None = None
        if config is not None:
            log_through_logging()
            settings = settings_of(config)
            credentials = memory_credentials(config.key, str(config.parsed_base_url()), store, same_cloud)
            cloud = self._own_cloud = CloudSession(config.base_url, allow_loopback=config.allow_loopback)
        if settings is None or credentials is None or cloud is None:
            raise TypeError("CloudManager needs a CloudConfig, or settings, credentials and cloud.")
        self._settings = settings
        self._unknown_settings = tuple(unknown_settings)
        self._credentials = credentials
        self._cloud = cloud
        self._clock: Clock = clock or SystemClock()
        self._conditions = conditions or Conditions(self._clock.wall)
        self._subscriptions = Subscriptions()
        self._background_tasks = BackgroundTasks()
        self._key_lease = KeyLease()
        self._loop = LinkLoop(
            cloud_session=cloud,
            credentials=credentials,
            settings=lambda: self._settings,
            clock=self._clock,
            jitter=jitter,
            observers=[self._key_lease, self._subscriptions, *observers],
            machines=machines or shared_machines(),
        )
        self._calls = AuthorizedCalls(self._loop, cloud, self._clock, self._key_lease)
        self._agents = AgentOperations(self._loop, self._calls, self._sleep, lambda: self._settings)
        self._backups = BackupCalls(self._loop, self._calls, self._sleep)
        self._sign_in = SignIn(
            loop=self._loop,
            cloud_session=cloud,
            calls=self._calls,
            background_tasks=self._background_tasks,
            clock=self._clock,
            settings=lambda: self._settings,
        )

    # Life

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Take up what was left behind: verify the key, link again to the desired agent.

        Raises `StoreError` when what was left behind cannot be read.
        """
        held = await self._credentials.load()
        move, pending = await self._credentials.move(), await self._credentials.pending_login()
        if move is not None:
            self._cloud.resume_at(move.api_url)
        self._cloud.listener = self._cloud_moved
        now = self._clock.wall()
        facts = Facts(
            policy=self._settings.policy,
            since=now,
            key_since=now,
            key_expires_at=seconds_of(held.key_expires_at),
            base_url_problem=None
            if self._cloud.refusal is None
            else OngoingProblem(self._cloud.refusal, now),
            settings_at=now,
            unknown_settings=self._unknown_settings,
            key=KeyState.ABSENT if held.key is None else KeyState.UNVERIFIED,
            enabled=held.enabled,
            desired_agent_id=held.desired_agent_id,
            accepted_price=held.accepted_price,
            restarting=held.restarting,
        )
        self._loop.effect_runner.is_key_ours = held.key_obtained
        self._loop.start(facts, held.key)
        if self._cloud.refusal is not None:
            refusal = self._cloud.refusal
            log.error(log_events.BASE_URL_REFUSED, cause=refusal.code, detail=refusal.message)
        elif held.key is not None:
            self._loop.post(events.KeySuspected(facts.key_generation))
            if held.desired_agent_id is not None:
                self._loop.post(events.Reattach(held.desired_agent_id, last_backup_at=held.last_backup_at))
        if pending is not None and self._cloud.refusal is None:
            log.info(log_events.LOGIN_RESUMED)
            self._loop.effect_runner.resume_login(pending)

    async def stop(self) -> None:
        """Take the final snapshot within its time and end everything. Desired agent and key stay.

        A disconnect that is under way is waited for in the same time, so that it can revoke its key.
        """
        if self.running:
            self._loop.pursue()
            await asyncio.gather(
                self._close_link(), self._sign_in.end(self._sign_in.pollers), self._finish_disconnects()
            )
        try:
            async with timeout(self._clock, WRITE_TIMEOUT):
                await self._loop.close(STOPPING.occurred())  # from here on no call is begun
                await self._background_tasks.close()
        except TimeoutError:
            log.warning(log_events.STORE_OVERDUE, seconds=STOP_TIMEOUT + WRITE_TIMEOUT)
        if self._own_cloud is not None:
            await self._own_cloud.close()

    async def close_link(self) -> None:
        """Close the link as a stop does, with its final snapshot; the service goes on."""
        if self.running:
            await self._close_link()

    async def _close_link(self) -> None:
        try:
            async with timeout(self._clock, STOP_TIMEOUT):
                await self._loop.ask(events.Stop()).ended()
        except TimeoutError:
            log.warning(log_events.LINK_STOP_OVERDUE, state=self.facts.state.value)
        except LinkError as error:
            log.warning(log_events.LINK_STOP_FAILED, detail=str(error))

    async def _finish_disconnects(self) -> None:
        with suppress(TimeoutError):
            async with timeout(self._clock, STOP_TIMEOUT):
                await self._background_tasks.finished()

    @property
    def running(self) -> bool:
        """Whether the link's consumer works; an internal error or `stop` ends it."""
        return self._loop.running

    @property
    def facts(self) -> Facts:
        """What is known about the link."""
        return self._loop.facts

    async def answers(self, within: float) -> bool:
        """Tell whether the link's consumer takes up what is asked of it within so many seconds."""
        try:
            async with timeout(self._clock, within):
                await self._loop.probe().accepted()
        except (TimeoutError, LinkError):
            return False
        return True

    @property
    def is_idle(self) -> bool:
        """Whether the link's consumer waits for the next event."""
        return self._loop.is_idle

    @property
    def queue_length(self) -> int:
        """How many events wait for the link's consumer."""
        return self._loop.queue_length

    @property
    def holdings(self) -> Holdings:
        """Count what is kept for callers and sign-ins."""
        loop = self._loop
        return Holdings(
            queued_events=loop.queue_length,
            waiting_commands=loop.waiting,
            backup_requests=len(loop.effect_runner.requests),
            background_tasks=len(self._background_tasks),
            login_pollers=len(loop.logins.pollers),
            remembered_logins=loop.logins.remembered,
        )

    def subscribe(self, callback: Callable[[LinkTransition], object]) -> Callable[[], None]:
        """Call `callback` at each transition of the link, in order; returns the function that ends that.

        It is called on the event loop, before what the transition leads to is begun, and must not take time.
        What it raises is logged. TypeError for a coroutine function.
        """
        return self._subscriptions.add(callback)

    def status(self) -> StatusView:
        """Derive the status view."""
        signing_out = self._credentials.is_signing_out
        return status_view(self.facts, running=self.running, signing_out=signing_out)

    def health(self) -> HealthView:
        """Derive what is wrong."""
        return health_view(self.facts, self._clock.wall(), self._conditions.problems)

    def readiness(self) -> str | None:
        """Return why the link does not stand, as a cause's code or a state's name; None when it does."""
        return readiness(self.facts) if self.running else "runtime_not_started"

    def explain(self) -> Explanation:
        """Explain in sentences why the link is in its state, and what happens next."""
        return explain(self.facts, self._clock.wall(), running=self.running)

    @property
    def settings(self) -> Settings:
        """The settings in effect."""
        return self._settings

    def change_settings(self, settings: Settings, unknown: Sequence[str] = ()) -> None:
        """Use these settings from now on; a changed base URL takes effect after a restart."""
        self._settings = settings
        self._loop.post(events.ConfigChanged(settings.policy, tuple(unknown)))

    def keep_settings(self, why: Problem) -> None:
        """Note that the settings were read again and are wrong; the ones before stay in effect."""
        self._loop.post(events.ConfigRefused(why))

    def pursue(self) -> None:
        """Try again at once to write down what could not be, a sign-out above all; the queue comes first."""
        self._loop.pursue()

    @property
    def key_left_in(self) -> tuple[str, ...]:
        """Where the key that was signed out is still found, and ignored."""
        return self._credentials.key_left_in

    def note_store(self, problem: Problem | None) -> None:
        """Note that something beside the link could not be written down, or that it can be again (None)."""
        if problem is not None:
            self._loop.post(events.StoreFailed(problem))
        elif self.facts.store_problem is not None:
            self._loop.post(events.StoreRecovered())

    @property
    def configured_base_url(self) -> BaseUrl | None:
        """The base URL that is set; None for one that is refused, which may hold a secret."""
        return self._cloud.configured

    @property
    def origins(self) -> Origins | None:
        """The base URLs of the cloud's API and pages in use now; None when the base URL is refused."""
        return self._cloud.origins

    # The link

    async def connect(self, agent_id: str, *, accept_price: str | None = None) -> LinkedAgent:
        """Link to an agent (architecture: Connect) and return when the link stands.

        `accept_price` is the `acceptance_value` of the price that its start, and its repairs, may cost.
        """
        await self._prepare(agent_id, accept_price)
        await self._loop.ask(events.Connect(agent_id, accept_price)).ended()
        name = self.facts.agent_name if self.facts.agent_id == agent_id else None
        return LinkedAgent(agent_id, name)

    async def begin_connect(self, agent_id: str, *, accept_price: str | None = None) -> None:
        """Link to an agent and return when the command is accepted."""
        await self._prepare(agent_id, accept_price)
        await self._loop.ask(events.Connect(agent_id, accept_price)).accepted()

    async def disconnect(self, *, keep_key: bool = False) -> SignedOut:
        """Close the link and sign out (architecture: Closing); return when nothing of it is left.

        A key that our own sign-in obtained is revoked at the cloud then, unless `keep_key`. What fails about
        that is said in the result and blocks nothing.
        """
        return await self._background_tasks.run(self._disconnect(keep_key=keep_key), finish=True)

    async def _disconnect(self, *, keep_key: bool) -> SignedOut:
        had_key = self._loop.effect_runner.key is not None
        pollers = self._sign_in.pollers  # a sign-in that begins later is not ours to end
        try:
            await self._loop.ask(events.Disconnect()).ended()
        finally:
            await self._sign_in.end(pollers)
            await self._loop.activities.settled()
        return await self._sign_in.revoke_unwanted_key(keep=keep_key, had_key=had_key)

    def proxy(self) -> CloudRuntimeProxy:
        """Return the way to the connected agent; `LinkError` 503 when there is none."""
        if not self.running:
            raise LinkError(self._loop.why_not_running)
        facts, client = self.facts, self._loop.effect_runner.link_client
        if facts.state is LinkState.RECONNECTING:
            raise LinkError(AGENT_RECONNECTING.occurred())
        if facts.state is not LinkState.CONNECTED or facts.agent_id is None or client is None:
            raise LinkError(AGENT_NOT_RUNNING.occurred())
        return CloudRuntimeProxy(client, facts.agent_id, facts.agent_name)

    # The sign-in

    async def start_login(self) -> login.LoginFacts:
        """Begin a sign-in, or return the one that is pending (local-api §4)."""
        return await self._sign_in.start()

    def login_status(self, session_id: str) -> login.LoginView:
        """Say what became of a sign-in, from what is known here."""
        return self._sign_in.view(session_id)

    async def cancel_login(self, session_id: str) -> login.LoginView:
        """Give a sign-in up; one that has ended stays as it is."""
        return await self._sign_in.cancel(session_id)

    # Agents

    async def ask_cloud(self, call: Callable[[ElizaCloudClient], Coroutine[Any, Any, T]]) -> T:
        """Make one call with the present key; its failures arrive as `LinkError`s."""
        return await self._background_tasks.run(self._calls.with_key(call))

    def cloud_client(self) -> ElizaCloudClient:
        """Return a client with the present key, for calls that end with their caller; raises `LinkError`."""
        return self._calls.client()

    def reverify_key(self) -> None:
        """Have the key verified, because the cloud has just refused it in some call."""
        self._calls.reverify_key()

    async def create_agent(self, new: AgentRequest) -> CreatedAgent:
        """Create an agent; see `AgentOperations`."""
        self._calls.client()
        return await self._background_tasks.run(self._agents.create(new))

    async def take_backup(self, agent_id: str) -> Snapshot:
        """Take a backup now; of the linked agent in the backup loop, so that no two calls overlap."""
        self._calls.client()
        return await self._background_tasks.run(self._backups.take(agent_id))

    async def restore(
        self, agent_id: str, backup_id: str | None, *, accept_agent_loss: bool = False
    ) -> Restored:
        """Go back to a backup; None is the newest; see `BackupCalls`."""
        self._calls.client()
        return await self._background_tasks.run(
            self._backups.restore(agent_id, backup_id, accept_agent_loss=accept_agent_loss)
        )

    async def shutdown_agent(self, agent_id: str, *, accept_state_loss: bool = False) -> None:
        """Delete an agent and its backups; see `AgentOperations`."""
        self._calls.client()
        await self._background_tasks.run(self._agents.delete(agent_id, accept_state_loss=accept_state_loss))

    async def suspend_agent(self, agent_id: str) -> None:
        """Stop an agent without losing it; see `AgentOperations`."""
        self._calls.client()
        await self._background_tasks.run(self._agents.suspend(agent_id))

    async def resume_agent(self, agent_id: str, *, accept_price: str | None = None) -> None:
        """Start a suspended agent and wait until it runs; the link to it is restored if it ended by that."""
        self._calls.client()
        await self._background_tasks.run(self._agents.resume(agent_id, accept_price))

    async def restart_agent(self, agent_id: str, *, accept_price: str | None = None) -> None:
        """Stop an agent and start it again; a link to it is restored."""
        self._calls.client()
        await self._background_tasks.run(self._agents.restart(agent_id, accept_price))

    async def upgrade_agent(self, agent_id: str, quote_id: str, *, accept_price: str | None = None) -> str:
        """Make a shared agent dedicated; see `AgentOperations`. It is not linked by that."""
        return await self._background_tasks.run(self._agents.upgrade(agent_id, quote_id, accept_price))

    async def agent_logs(self, agent_id: str, tail: int) -> str:
        """Return the last lines of an agent's log."""
        return await self._background_tasks.run(self._agents.logs(agent_id, tail))

    # Parts

    async def _prepare(self, agent_id: str, accept_price: str | None) -> None:
        """Refuse what the base URL forbids, and what would end a link that stands without making another.

        A rejected key is asked about again, for the rejection may have passed.
        """
        if self._cloud.refusal is not None:
            self._cloud.client(None)
        if self.facts.key is KeyState.REJECTED:
            self._loop.post(events.KeySuspected(self.facts.key_generation))
        stands = self.facts.state in {LinkState.CONNECTED, LinkState.RECONNECTING}
        if stands and self.facts.agent_id != agent_id:
            self._calls.client()
            await self._background_tasks.run(self._agents.start(agent_id, accept_price))

    def _cloud_moved(self, origins: Origins) -> None:
        api, pages = str(origins.api), str(origins.pages)
        log.info(log_events.CLOUD_MOVED, api=api, pages=pages)
        self._loop.activities.start("cloud_move", self._save_move(CloudMove(api, pages)), detached=True)

    async def _save_move(self, move: CloudMove) -> None:
        await self._loop.effect_runner.write.cloud_moved(move)

    async def _sleep(self, seconds: float) -> None:
        await sleep(self._clock, seconds)
