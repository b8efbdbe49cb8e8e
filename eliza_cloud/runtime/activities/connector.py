"""Making an agent answer: provision it, see its job through, and accept only an answered heartbeat.

The cloud answers 200 "running" to provision while the sandbox is dead, and 202 while it is not yet there
(cloud-api §10, §12, §21 rows 4, 5 and 8).
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from eliza_cloud.cloud.client import ElizaCloudClient
from eliza_cloud.cloud.errors import AgentUnreachable, CloudError, Conflict
from eliza_cloud.cloud.jobs import wait_for_job
from eliza_cloud.cloud.types.models import Agent
from eliza_cloud.core.link import events
from eliza_cloud.core.problems import AGENT_NOT_UP, AGENT_START_TOO_SLOW, Problem
from eliza_cloud.runtime.activities.context import ActivityContext, classify_failure
from eliza_cloud.runtime.clock import Flag, timeout, wait_for

AGENT_POLL_INTERVAL = 5.0
PAUSE_BETWEEN_ATTEMPTS = 1.0
STARTING = frozenset({"pending", "provisioning", "sleeping"})

T = TypeVar("T")


async def bring_up(context: ActivityContext, *, max_attempts: int) -> str | None:
    """Bring the agent up and return its name.

    `max_attempts` is how often a provision that met a change of the agent, and a heartbeat just after it, may
    be tried; each reconnect attempt allows one. Raises `CloudError`. The caller bounds the time.
    """
    provision = await _with_attempts(context, max_attempts, Conflict, context.client.provision)
    if provision.job is not None:
        await wait_for_job(context.client, provision.job, context.sleep)
    if provision.job is None and provision.status != "running":
        agent = await wait_until_up(context.client, context.agent_id, context.sleep)
    else:
        agent = await context.client.get_agent(context.agent_id)
    if agent.status != "running":
        raise AgentUnreachable(AGENT_NOT_UP.occurred(agent_status=agent.status))
    await _with_attempts(context, max_attempts, CloudError, context.client.heartbeat)
    return agent.name


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


COLD_START = 900.0  # a cold start pulls an image, three attempts of it
CONNECT_ATTEMPTS = 3


class Connector:
    """Connects once (architecture: Connect)."""

    __slots__ = ("_context",)

    def __init__(self, context: ActivityContext) -> None:
        self._context = context

    async def run(self) -> None:
        """Post `Connected`, `ConnectFailed` or a confirmed verdict."""
        outcome = await _attempt(self._context, CONNECT_ATTEMPTS)
        if isinstance(outcome, Problem):
            outcome = events.ConnectFailed(self._context.epoch, outcome)
        elif not isinstance(outcome, events.Event):
            outcome = events.Connected(self._context.epoch, outcome)
        self._context.post(outcome)


class Reconnector:
    """Makes one attempt to reconnect, after its delay (architecture: Repair)."""

    __slots__ = ("_context", "_delay", "_now")

    def __init__(self, context: ActivityContext, delay: float) -> None:
        self._context = context
        self._delay = delay
        self._now = Flag()

    def retry_now(self) -> None:
        """End the waiting; the try itself is not touched."""
        self._now.set()

    async def run(self) -> None:
        """Post `Reconnected`, `ReconnectFailed` or a confirmed verdict."""
        await wait_for(self._context.clock, self._now, self._delay)
        outcome = await _attempt(self._context, max_attempts=1)
        if isinstance(outcome, Problem):
            outcome = events.ReconnectFailed(self._context.epoch, outcome)
        elif not isinstance(outcome, events.Event):
            outcome = events.Reconnected(self._context.epoch, outcome)
        self._context.post(outcome)


async def _attempt(context: ActivityContext, max_attempts: int) -> str | events.Event | Problem | None:
    try:
        async with timeout(context.clock, COLD_START):
            return await bring_up(context, max_attempts=max_attempts)
    except CloudError as error:
        return await classify_failure(context, error) or error.problem
    except TimeoutError:
        return AGENT_START_TOO_SLOW.occurred(minutes=round(COLD_START / 60))
