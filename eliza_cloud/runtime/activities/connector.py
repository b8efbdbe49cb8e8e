"""Making an agent answer: provision it, see its job through, and believe only a clean heartbeat.

The cloud answers 200 "running" to provision while the sandbox is dead, and 202 while it is not yet there
(cloud-api §10, §12, §21 rows 4, 5 and 8).
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from eliza_cloud.cloud.client import ElizaCloudClient
from eliza_cloud.cloud.errors import AgentUnreachable, CloudError, Conflict
from eliza_cloud.cloud.jobs import wait_for_job
from eliza_cloud.cloud.types.models import Agent
from eliza_cloud.core.link import events
from eliza_cloud.core.problems import Failure
from eliza_cloud.runtime.activities.context import Scope, verdict
from eliza_cloud.runtime.clock import deadline, wait_for
from eliza_cloud.runtime.errors import TOO_SLOW, failure_of

AGENT_POLL_INTERVAL = 5.0
PAUSE_BETWEEN_TRIES = 1.0
ON_ITS_WAY = frozenset({"pending", "provisioning", "sleeping"})

T = TypeVar("T")


async def bring_up(scope: Scope, *, patience: int) -> str | None:
    """Bring the agent up and return its name.

    `patience` is how often a provision that met a change of the agent, and a heartbeat just after it, may be
    tried; the ladder has patience for one. Raises `CloudError`. The caller bounds the time.
    """
    provision = await _patiently(scope, patience, Conflict, scope.client.provision)
    if provision.job is not None:
        await wait_for_job(scope.client, provision.job, scope.sleep)
    if provision.job is None and provision.status != "running":
        agent = await wait_until_up(scope.client, scope.agent_id, scope.sleep)
    else:
        agent = await scope.client.get_agent(scope.agent_id)
    if agent.status != "running":
        raise AgentUnreachable(
            f"The agent is {agent.status}, not running, although the cloud provisioned it."
        )
    await _patiently(scope, patience, CloudError, scope.client.heartbeat)
    return agent.name


async def wait_until_up(
    client: ElizaCloudClient, agent_id: str, sleep: Callable[[float], Awaitable[None]]
) -> Agent:
    """Watch an agent until it is no longer on its way up; a look that fails is followed by another.

    Raises the error of a look that waiting does not mend. The caller bounds the time.
    """
    while True:
        try:
            agent = await client.get_agent(agent_id)
        except CloudError as error:
            if not error.retryable:
                raise
        else:
            if agent.status not in ON_ITS_WAY:
                return agent
        await sleep(AGENT_POLL_INTERVAL)


async def _patiently(
    scope: Scope, patience: int, passing: type[CloudError], call: Callable[[str], Awaitable[T]]
) -> T:
    """Make a call about the agent, up to `patience` times while it fails in a way that passes by itself."""
    while True:
        patience -= 1
        try:
            return await call(scope.agent_id)
        except passing as error:
            if patience <= 0 or not error.retryable:
                raise
        await scope.sleep(PAUSE_BETWEEN_TRIES)


COLD_START = 900.0  # a cold start pulls an image, three attempts of it
CONNECT_PATIENCE = 3


class Connector:
    """Connects once (architecture: Connect)."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    async def run(self) -> None:
        """Post `Connected`, `ConnectFailed` or a confirmed verdict."""
        outcome = await _attempt(self._scope, CONNECT_PATIENCE)
        if isinstance(outcome, Failure):
            outcome = events.ConnectFailed(self._scope.epoch, outcome)
        elif not isinstance(outcome, events.Event):
            outcome = events.Connected(self._scope.epoch, outcome)
        self._scope.post(outcome)


class Reconnector:
    """Climbs one rung of the ladder: waits, then tries once (architecture: Repair)."""

    def __init__(self, scope: Scope, delay: float) -> None:
        self._scope = scope
        self._delay = delay
        self._now = asyncio.Event()

    def hurry(self) -> None:
        """End the waiting; the try itself is not touched."""
        self._now.set()

    async def run(self) -> None:
        """Post `Reconnected`, `ReconnectFailed` or a confirmed verdict."""
        await wait_for(self._scope.clock, self._now, self._delay)
        outcome = await _attempt(self._scope, patience=1)
        if isinstance(outcome, Failure):
            outcome = events.ReconnectFailed(self._scope.epoch, outcome)
        elif not isinstance(outcome, events.Event):
            outcome = events.Reconnected(self._scope.epoch, outcome)
        self._scope.post(outcome)


async def _attempt(scope: Scope, patience: int) -> str | events.Event | Failure | None:
    try:
        async with deadline(scope.clock, COLD_START):
            return await bring_up(scope, patience=patience)
    except CloudError as error:
        return await verdict(scope, error) or failure_of(error)
    except TimeoutError:
        return TOO_SLOW
