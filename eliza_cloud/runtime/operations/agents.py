"""What is done to agents beside the link: creating, and letting go of one before it is stopped or deleted."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import msgspec

from eliza_cloud.cloud.client import ElizaCloudClient
from eliza_cloud.cloud.errors import AgentUnreachable, CloudError, TimedOut, Unreachable
from eliza_cloud.cloud.jobs import wait_for_job
from eliza_cloud.cloud.types.models import CreatedAgent, JobRef
from eliza_cloud.core.link import events
from eliza_cloud.core.link.effects import Completed
from eliza_cloud.core.problems import AGENT_NOT_RESUMED, Problem
from eliza_cloud.runtime.activities.connector import wait_until_up
from eliza_cloud.runtime.errors import LinkError
from eliza_cloud.runtime.loop import LinkLoop
from eliza_cloud.runtime.operations.cloud_calls import AuthorizedCalls

Sleep = Callable[[float], Awaitable[None]]


class AgentCalls:
    """Creates, stops, starts and deletes agents for callers; what fails is a `LinkError`.

    A linked agent is let go of before it is stopped or deleted; where that fails, it is linked again.
    """

    __slots__ = ("_calls", "_loop", "_sleep")

    def __init__(self, loop: LinkLoop, calls: AuthorizedCalls, sleep: Sleep) -> None:
        self._loop = loop
        self._calls = calls
        self._sleep = sleep

    async def delete(self, agent_id: str) -> None:
        """Delete an agent and its backups."""
        await self._without_link(
            events.ShutdownAgent(agent_id), lambda client: delete(client, agent_id, self._sleep)
        )

    async def suspend(self, agent_id: str) -> None:
        """Stop an agent without losing it."""
        await self._without_link(
            events.SuspendAgent(agent_id), lambda client: suspend(client, agent_id, self._sleep)
        )

    async def resume(self, agent_id: str) -> None:
        """Start a suspended agent and wait until it runs; it is not linked by that."""
        await self._calls.with_key(lambda client: resume(client, agent_id, self._sleep))

    async def _without_link(
        self,
        event: events.ShutdownAgent | events.SuspendAgent,
        work: Callable[[ElizaCloudClient], Coroutine[Any, Any, None]],
    ) -> None:
        reply = await self._loop.ask(event).accepted()
        await self._loop.activities.settled()
        try:
            await self._calls.with_key(work)
        except LinkError:
            nothing_new = self._loop.facts.desired_agent_id is None  # the user asked for no other meanwhile
            if isinstance(reply, Completed) and reply.linked and nothing_new:
                self._loop.post(events.Reattach(event.agent_id))
            raise


async def create_agent(
    client: ElizaCloudClient,
    name: str,
    config: dict[str, Any] | None,
    environment: dict[str, str] | None,
    *,
    force: bool,
) -> CreatedAgent:
    """Create an agent. A create without an answer is never repeated: what may have come of it is reported."""
    try:
        return await client.create_agent(name, config, environment, force=force)
    except (TimedOut, Unreachable) as error:
        problem = error.problem
        namesakes = await _agents_named(client, name)
        raise LinkError(_uncertain(problem, name, namesakes)) from error


async def suspend(client: ElizaCloudClient, agent_id: str, sleep: Sleep) -> None:
    """Stop an agent and see the job through."""
    await _see_through(client, await client.suspend(agent_id), sleep)


async def delete(client: ElizaCloudClient, agent_id: str, sleep: Sleep) -> None:
    """Delete an agent and see the job through; its backups go with it."""
    await _see_through(client, await client.delete_agent(agent_id), sleep)


async def resume(client: ElizaCloudClient, agent_id: str, sleep: Sleep) -> None:
    """Start an agent and wait until it runs; raises `AgentUnreachable` when it does not come to that."""
    provision = await client.resume(agent_id)
    await _see_through(client, provision.job, sleep)
    agent = await wait_until_up(client, agent_id, sleep)
    if agent.status != "running":
        raise AgentUnreachable(AGENT_NOT_RESUMED.occurred(agent_status=agent.status))


async def _see_through(client: ElizaCloudClient, job: JobRef | None, sleep: Sleep) -> None:
    if job is not None:
        await wait_for_job(client, job, sleep)


async def _agents_named(client: ElizaCloudClient, name: str) -> list[dict[str, Any]] | None:
    try:
        return [agent.raw for agent in await client.list_agents() if agent.name == name]
    except CloudError:
        return None


def _uncertain(problem: Problem, name: str, namesakes: list[dict[str, Any]] | None) -> Problem:
    if namesakes is None:
        found = "It is not known whether the agent was created: list your agents before you try again."
    elif namesakes:
        found = f"An agent named “{name}” exists now; it may be this one: look at it before you try again."
    else:
        found = f"No agent named “{name}” exists, so you may try again."
    return msgspec.structs.replace(
        problem,
        message=f"{problem.message} {found}",
        retryable=namesakes == [],
        details={**problem.details, "agentsWithThisName": namesakes},
    )
