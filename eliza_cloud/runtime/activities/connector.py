"""Making an agent answer: start it as far as that is allowed, and accept only a heartbeat of its own.

The cloud answers 200 "running" to provision while the sandbox is dead, and 202 while it is not yet there
(cloud-api §10, §12, §21 rows 4, 5 and 8). A start may cost (cloud-api-latest L2), and an agent that
somebody stopped is not started without being asked for (architecture: Repair). No verdict rests on one
call alone: the key is rejected when the call for the user is refused too; the agent is gone when the cloud
says so, in JSON, for the agent itself; credits are exhausted when provisioning says 402.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import msgspec
import structlog

from eliza_cloud.cloud.client import ElizaCloudClient
from eliza_cloud.cloud.errors import (
    AgentNotReady,
    AgentUnreachable,
    CloudError,
    Conflict,
    InsufficientCredits,
    KeyRefused,
    NotFound,
    PriceConfirmationRequired,
)
from eliza_cloud.cloud.jobs import wait_for_job
from eliza_cloud.cloud.types.models import Agent, Job, Pricing, Provision
from eliza_cloud.core import log_events
from eliza_cloud.core.link import events
from eliza_cloud.core.link.effects import StartRule
from eliza_cloud.core.link.events import Event
from eliza_cloud.core.problems import AGENT_NOT_UP, AGENT_START_TOO_SLOW, AGENT_SUSPENDED, Problem
from eliza_cloud.runtime.clock import Clock, Flag, sleep, timeout, wait_for
from eliza_cloud.store.config.settings import Settings

T = TypeVar("T")


# What a start may cost (cloud-api-latest L2)


async def at_price(
    call: Callable[[str | None], Awaitable[T]], accepted_price: str | None, settings: Settings
) -> T:
    """Make a call at the price agreed to, or at one within the limits of the settings.

    The value that accepts a price is always the one the cloud has just named, never one made here. Raises
    `PriceConfirmationRequired` for any other price; nothing was started then.
    """
    try:
        return await call(accepted_price)
    except PriceConfirmationRequired as error:
        if error.pricing is None or not is_within_limits(settings, error.pricing):
            raise
        return await call(error.pricing.acceptance_value)


def is_within_limits(settings: Settings, pricing: Pricing) -> bool:
    """Tell whether a price is within both limits, in USD; without both of them none is."""
    hourly, start = settings.max_hourly_usd, settings.max_start_usd
    if hourly is None or start is None or pricing.currency != "USD":
        return False
    return pricing.hourly_rate_usd <= hourly and pricing.minimum_activation_charge_usd <= start


# What every activity is given, and what waiting cannot mend


@dataclass(frozen=True, slots=True)
class ActivityContext:
    """What one activity of one attempt works with."""

    client: ElizaCloudClient
    agent_id: str
    epoch: int
    key_generation: int
    clock: Clock
    post: Callable[[Event], None]

    async def sleep(self, seconds: float) -> None:
        """Wait by the link's clock."""
        await sleep(self.clock, seconds)


async def classify_failure(context: ActivityContext, error: CloudError) -> events.Event | None:
    """Confirm what the error seems to say; None when it is a failure like any other."""
    if isinstance(error, PriceConfirmationRequired):
        return events.PriceRefused(context.epoch, error.problem)
    if isinstance(error, KeyRefused):
        refusal = await _refusal(context.client.get_user())
        if isinstance(refusal, KeyRefused):
            return events.KeyRejected(context.key_generation, refusal.problem)
    elif isinstance(error, NotFound):
        refusal = await _refusal(context.client.get_agent(context.agent_id))
        if isinstance(refusal, NotFound) and refusal.is_json:
            return events.AgentGone(context.epoch, refusal.problem)
    elif isinstance(error, InsufficientCredits):
        if error.required_balance is not None:
            context.post(events.MinimumBalanceSeen(error.required_balance))
        return events.CreditsExhausted(context.epoch, error.problem)
    return None


async def _refusal(call: Awaitable[object]) -> CloudError | None:
    try:
        await call
    except CloudError as error:
        return error
    return None


# Bringing an agent up

AGENT_POLL_INTERVAL = 5.0
PAUSE_BETWEEN_ATTEMPTS = 1.0
STARTING = frozenset({"pending", "provisioning"})
STOPPED = frozenset({"stopped", "sleeping"})

log = structlog.get_logger()


class Start(msgspec.Struct, frozen=True):
    """Whether and at which price the agent may be started; `settings` has the limits of a price."""

    rule: StartRule
    accepted_price: str | None
    settings: Settings


class Suspended(Exception):  # noqa: N818 - a state, as its reader names it
    """The agent is stopped, and may not be started."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class Unresponsive(Exception):  # noqa: N818 - a state, as its reader names it
    """The agent's record says running, the cloud starts nothing, and its sandbox does not answer."""

    def __init__(self, error: CloudError) -> None:
        super().__init__(str(error))
        self.error = error


def raise_if_stopped(agent: Agent) -> None:
    """Raise `Suspended` for an agent whose record says that it is stopped."""
    if agent.status in STOPPED:
        raise Suspended(AGENT_SUSPENDED.occurred(name=agent.name or agent.id, agent_status=agent.status))


async def bring_up(context: ActivityContext, start: Start, *, max_attempts: int) -> Agent:
    """Bring the agent up and return its record.

    `max_attempts` is how often a start that met a change of the agent, and a heartbeat just after it, may be
    tried; each reconnect attempt allows one. Raises `CloudError`, `Suspended` or `Unresponsive`. The caller
    bounds the time.
    """
    if start.rule is not StartRule.ALWAYS:
        agent = await context.client.get_agent(context.agent_id)
        raise_if_stopped(agent)
    if start.rule is StartRule.NEVER:
        await context.client.heartbeat(context.agent_id)
        return agent
    provision = await _with_attempts(
        context, max_attempts, Conflict, lambda agent_id: provision_at_price(context.client, agent_id, start)
    )
    agent = await _until_running(context, provision)
    try:
        await _until_ready(context, agent, max_attempts)
    except AgentUnreachable as error:
        nothing_started = provision.job is None and provision.status == "running"
        if nothing_started and not agent.is_shared:
            raise Unresponsive(error) from error
        raise
    return agent


async def provision_at_price(client: ElizaCloudClient, agent_id: str, start: Start) -> Provision:
    """Start the agent at a price that is agreed to."""
    return await at_price(
        lambda price: client.provision(agent_id, accept_price=price), start.accepted_price, start.settings
    )


async def restart(context: ActivityContext, start: Start) -> Agent:
    """Stop the agent, see that through, and start it again. Raises as `bring_up` does."""
    job = await context.client.suspend(context.agent_id)
    if job is not None:
        await wait_for_job(context.client, job, context.sleep, _observing(context))
    return await bring_up(context, start, max_attempts=1)


async def wait_until_up(
    client: ElizaCloudClient, agent_id: str, sleep: Callable[[float], Awaitable[None]]
) -> Agent:
    """Poll an agent until it is no longer starting; failed polls are retried.

    Raises the error of a poll that retrying does not help. The caller bounds the time.
    """
    while True:
        try:
            agent = await client.get_agent(agent_id)
        except CloudError as error:
            if not error.retryable:
                raise
        else:
            if agent.status not in STARTING:
                return agent
        await sleep(AGENT_POLL_INTERVAL)


async def _until_running(context: ActivityContext, provision: Provision) -> Agent:
    if provision.job is not None:
        await wait_for_job(context.client, provision.job, context.sleep, _observing(context))
    if provision.job is None and provision.status != "running":
        agent = await wait_until_up(context.client, context.agent_id, context.sleep)
    else:
        agent = await context.client.get_agent(context.agent_id)
    if agent.status != "running":
        raise AgentUnreachable(AGENT_NOT_UP.occurred(agent_status=agent.status))
    return agent


async def _until_ready(context: ActivityContext, agent: Agent, max_attempts: int) -> None:
    """Return after a heartbeat of the agent itself; one whose runtime still starts is waited for."""
    while True:
        try:
            beat = await _with_attempts(context, max_attempts, AgentUnreachable, context.client.heartbeat)
        except AgentNotReady:
            pass
        else:
            if agent.is_shared or not beat.from_shared_runtime:
                return
        await context.sleep(AGENT_POLL_INTERVAL)


def _observing(context: ActivityContext) -> Callable[[Job], object]:
    """Return what posts the progress of a job, whenever it has changed."""
    seen: list[tuple[int, str | None]] = []

    def observe(job: Job) -> None:
        progress = (job.attempts, None if job.status == "completed" else job.error)
        if progress not in seen:
            seen.append(progress)
            context.post(events.JobObserved(context.epoch, *progress))

    return observe


async def _with_attempts(
    context: ActivityContext,
    max_attempts: int,
    passing: type[CloudError],
    call: Callable[[str], Awaitable[T]],
) -> T:
    """Make a call about the agent, up to `max_attempts` times while it fails in a transient way."""
    while True:
        max_attempts -= 1
        try:
            return await call(context.agent_id)
        except passing as error:
            if max_attempts <= 0 or not error.retryable:
                raise
        await context.sleep(PAUSE_BETWEEN_ATTEMPTS)


# The activities

COLD_START = 900.0  # a cold start pulls an image, three attempts of it
CONNECT_ATTEMPTS = 3


class Connector:
    """Connects once (architecture: Connect)."""

    __slots__ = ("_context", "_start")

    def __init__(self, context: ActivityContext, start: Start) -> None:
        self._context = context
        self._start = start

    async def run(self) -> None:
        """Post `Connected`, `ConnectFailed` or a confirmed verdict."""
        epoch = self._context.epoch
        outcome = await _outcome(
            self._context, bring_up(self._context, self._start, max_attempts=CONNECT_ATTEMPTS)
        )
        match outcome:
            case Agent():
                self._context.post(events.Connected(epoch, outcome.name, outcome.is_shared))
            case Unresponsive():
                self._context.post(events.ConnectFailed(epoch, outcome.error.problem))
            case Problem():
                self._context.post(events.ConnectFailed(epoch, outcome))
            case _:
                self._context.post(outcome)


class Reconnector:
    """Makes one attempt to reconnect, after its delay (architecture: Repair).

    With `write_down` the agent is stopped first and started again: that is written down before, so that a
    kill in between does not leave it stopped. It returns the problem when it could not be written.
    """

    __slots__ = ("_context", "_delay", "_now", "_start", "_write_down")

    def __init__(
        self,
        context: ActivityContext,
        start: Start,
        delay: float,
        write_down: Callable[[], Awaitable[Problem | None]] | None = None,
    ) -> None:
        self._context = context
        self._start = start
        self._delay = delay
        self._write_down = write_down
        self._now = Flag()

    def retry_now(self, rule: StartRule | None = None, accepted_price: str | None = None) -> None:
        """End the waiting, and start the agent by this rule where one is given; an attempt goes on."""
        if rule is not None:
            self._start = msgspec.structs.replace(self._start, rule=rule, accepted_price=accepted_price)
        self._now.set()

    async def run(self) -> None:
        """Post `Reconnected`, `ReconnectFailed` or a confirmed verdict."""
        await wait_for(self._context.clock, self._now, self._delay)
        epoch = self._context.epoch
        outcome = await _outcome(self._context, self._attempt())
        match outcome:
            case Agent():
                self._context.post(events.Reconnected(epoch, outcome.name, outcome.is_shared))
            case Unresponsive():
                problem = outcome.error.problem
                self._context.post(events.ReconnectFailed(epoch, problem, unresponsive=True))
            case Problem():
                self._context.post(events.ReconnectFailed(epoch, outcome))
            case _:
                self._context.post(outcome)

    async def _attempt(self) -> Agent | Problem:
        if self._write_down is None or await self._has_deadly_backup():
            return await bring_up(self._context, self._start, max_attempts=1)
        problem = await self._write_down()
        if problem is not None:
            return problem
        log.warning(log_events.AGENT_RESTARTING, agent_id=self._context.agent_id)
        self._context.post(events.AgentRestarting(self._context.epoch))
        return await restart(self._context, self._start)

    async def _has_deadly_backup(self) -> bool:
        """Look whether a restart would restore a backup that the agent does not survive, or may not be."""
        try:
            backups = await self._context.client.list_backups(self._context.agent_id)
        except CloudError as error:
            return error.retryable  # not known now: looked at again before the next attempt
        newest = backups[0] if backups else None
        return newest is not None and newest.ends_the_agent


async def _outcome(
    context: ActivityContext, work: Awaitable[Agent | Problem]
) -> Agent | Unresponsive | Problem | events.Event:
    try:
        async with timeout(context.clock, COLD_START):
            return await work
    except Suspended as suspended:
        return events.AgentSuspended(context.epoch, suspended.problem)
    except Unresponsive as unresponsive:
        return unresponsive
    except CloudError as error:
        return await classify_failure(context, error) or error.problem
    except TimeoutError:
        return AGENT_START_TOO_SLOW.occurred(minutes=round(COLD_START / 60))
