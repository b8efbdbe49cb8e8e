"""Making an agent answer: provision it, see its job through, and believe only a clean heartbeat.

The cloud answers 200 "running" to provision while the sandbox is dead, and 202 while it is not yet there
(contract eliza-cloud-api §10, §12, §21 rows 4, 5 and 8).
"""

from eliza_cloud.cloud.errors import AgentUnreachable, CloudError, Conflict
from eliza_cloud.cloud.jobs import wait_for_job
from eliza_cloud.cloud.wire import Agent, Provision
from eliza_cloud.link.scope import Scope

AGENT_POLL_INTERVAL = 5.0
PAUSE_BETWEEN_TRIES = 1.0
ON_ITS_WAY = frozenset({"pending", "provisioning", "sleeping"})


async def bring_up(scope: Scope, *, patience: int) -> str | None:
    """Bring the agent up and return its name.

    `patience` is how often a provision that met a change of the agent, and a heartbeat just after it, may be
    tried; the ladder has patience for one. Raises `CloudError`. The caller bounds the time.
    """
    provision = await _provision(scope, patience)
    if provision.job is not None:
        await wait_for_job(scope.client, provision.job, scope.sleep)
    agent = await scope.client.get_agent(scope.agent_id)
    if provision.job is None and provision.status != "running":
        agent = await _wait_until_up(scope, agent)
    if agent.status != "running":
        raise AgentUnreachable(
            f"The agent is {agent.status}, not running, although the cloud provisioned it."
        )
    await _clean_heartbeat(scope, patience)
    return agent.name


async def _provision(scope: Scope, patience: int) -> Provision:
    while True:
        patience -= 1
        try:
            return await scope.client.provision(scope.agent_id)
        except Conflict as conflict:
            if patience <= 0 or not conflict.retryable:
                raise
        await scope.sleep(PAUSE_BETWEEN_TRIES)


async def _wait_until_up(scope: Scope, agent: Agent) -> Agent:
    while agent.status in ON_ITS_WAY:
        await scope.sleep(AGENT_POLL_INTERVAL)
        agent = await scope.client.get_agent(scope.agent_id)
    return agent


async def _clean_heartbeat(scope: Scope, patience: int) -> None:
    while True:
        patience -= 1
        try:
            return await scope.client.heartbeat(scope.agent_id)
        except CloudError as missed:
            if patience <= 0 or not missed.retryable:
                raise
        await scope.sleep(PAUSE_BETWEEN_TRIES)
