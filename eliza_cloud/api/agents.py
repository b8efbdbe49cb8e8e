"""Cloud agents, from create to shutdown (seed: Agent Management; contract local-api §8)."""

from typing import Any

from aiohttp import web

from eliza_cloud.api.answers import answer
from eliza_cloud.api.body import agent_id_of, object_of, read_object, text_of
from eliza_cloud.api.errors import bad_request
from eliza_cloud.api.keys import MANAGER
from eliza_cloud.api.wire.agents import MAX_NAME, AgentChanged, AgentLinked, AgentMade, Agents, NewAgent
from eliza_cloud.store.config_text import MAX_SHOWN, describe


async def list_agents(request: web.Request) -> web.Response:
    """GET /api/cloud/agents: the cloud's own objects; a failure is a failure, never an empty list."""
    agents = await request.app[MANAGER].ask_cloud(lambda cloud: cloud.list_agents())
    return answer(Agents(ok=True, agents=[agent.raw for agent in agents]))


async def create_agent(request: web.Request) -> web.Response:
    """POST /api/cloud/agents: 201, or 200 with `created: false` when the cloud gave an agent that existed."""
    new = _new_agent(await read_object(request))
    made = await request.app[MANAGER].create_agent(
        new.agent_name, new.agent_config, new.environment_vars, force=bool(new.force_create)
    )
    if made.created:
        return answer(AgentMade(ok=True, agent=made.agent.raw), 201)
    return answer(AgentMade(ok=True, agent=made.agent.raw, created=False))


async def connect(request: web.Request) -> web.Response:
    """POST …/{id}/connect and …/provision: answers when linked, under `Prefer: respond-async` at once."""
    agent_id = agent_id_of(request)
    manager = request.app[MANAGER]
    if _respond_async(request):
        await manager.begin_connect(agent_id)
        headers = {"Preference-Applied": "respond-async", "Location": "/api/cloud/status"}
        return answer(AgentChanged(ok=True, agent_id=agent_id, status="connecting"), 202, headers)
    agent = await manager.connect(agent_id)
    return answer(
        AgentLinked(ok=True, agent_id=agent.agent_id, agent_name=agent.agent_name, status="connected")
    )


async def shutdown_agent(request: web.Request) -> web.Response:
    """POST …/{id}/shutdown: deletes the agent and its backups; does not sign out."""
    agent_id = agent_id_of(request)
    await request.app[MANAGER].shutdown_agent(agent_id)
    return answer(AgentChanged(ok=True, agent_id=agent_id, status="stopped"))


async def suspend_agent(request: web.Request) -> web.Response:
    """POST …/{id}/suspend: stops it and keeps it."""
    agent_id = agent_id_of(request)
    await request.app[MANAGER].suspend_agent(agent_id)
    return answer(AgentChanged(ok=True, agent_id=agent_id, status="suspended"))


async def resume_agent(request: web.Request) -> web.Response:
    """POST …/{id}/resume: starts a suspended agent."""
    agent_id = agent_id_of(request)
    await request.app[MANAGER].resume_agent(agent_id)
    return answer(AgentChanged(ok=True, agent_id=agent_id, status="running"))


def _new_agent(body: dict[str, Any]) -> NewAgent:
    return NewAgent(_name(body), object_of(body, "agentConfig"), _environment(body), _force(body))


def _name(body: dict[str, Any]) -> str:
    """Check the cloud's own rule before it is called (contract eliza-cloud-api §9)."""
    name = text_of(body, "agentName")
    if len(name) > MAX_NAME:
        raise bad_request(f"agentName must have at most {MAX_NAME} characters, this one has {len(name)}")
    return name


def _environment(body: dict[str, Any]) -> dict[str, str] | None:
    variables = object_of(body, "environmentVars")
    for name, value in (variables or {}).items():
        if not isinstance(value, str):
            shown = name if len(name) <= MAX_SHOWN else describe(name)
            raise bad_request(f"environmentVars must hold strings only, {shown} is none")
    return variables


def _force(body: dict[str, Any]) -> bool | None:
    force = body.get("forceCreate")
    if not isinstance(force, bool | None):
        raise bad_request("forceCreate must be true or false")
    return force


def _respond_async(request: web.Request) -> bool:
    """Tell whether the `Prefer` headers hold respond-async (a list of preferences, each with parameters)."""
    preferences = ",".join(request.headers.getall("Prefer", [])).split(",")
    return any(one.partition(";")[0].strip().lower() == "respond-async" for one in preferences)
