"""Cloud agents, from create to shutdown (local-api §8)."""

from typing import Annotated, Any, Literal

import msgspec
from aiohttp import web
from msgspec import UNSET, Meta, UnsetType

from eliza_cloud.api.app_keys import MANAGER
from eliza_cloud.api.http.request_body import agent_id_of, object_of, read_object, text_of
from eliza_cloud.api.http.responses import answer
from eliza_cloud.api.middleware.errors import bad_request
from eliza_cloud.api.openapi.error_examples import (
    AGENT_ID,
    BODY,
    BRING_UP,
    CLOUD,
    JOB,
    LINK_BUSY,
    SANDBOX,
    invalid,
)
from eliza_cloud.api.openapi.operation import Body, Operation, Parameter, SuccessResponse
from eliza_cloud.store.config.json5 import MAX_SHOWN, describe

MAX_NAME = 100
AGENT = "0b5f0f7e-4f3c-4d8e-9a43-3d1f2c9b7e10"  # in examples

Ok = Annotated[bool, Meta(extra_json_schema={"const": True})]
AgentId = Annotated[str, Meta(description="A UUID, in lower case.", extra_json_schema={"format": "uuid"})]
CloudAgent = Annotated[dict[str, Any], Meta(description="The cloud's own object, untouched.")]
Name = Annotated[str, Meta(min_length=1, max_length=MAX_NAME, pattern=r"\S")]


class Agents(msgspec.Struct, frozen=True):
    """The account's agents."""

    ok: Ok
    agents: list[CloudAgent]


class NewAgent(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """An agent to be created. `forceCreate` insists where the cloud would return one there is."""

    agent_name: Name
    agent_config: dict[str, Any] | None = None
    environment_vars: dict[str, str] | None = None
    force_create: bool | None = None


class AgentMade(msgspec.Struct, frozen=True):
    """The agent; `created` is there, and false, only when the cloud gave one that existed already."""

    ok: Ok
    agent: CloudAgent
    created: Annotated[bool, Meta(extra_json_schema={"const": False})] | UnsetType = UNSET


class AgentLinked(msgspec.Struct, frozen=True, rename="camel"):
    """The link stands: a clean heartbeat came back from the agent's sandbox."""

    ok: Ok
    agent_id: AgentId
    agent_name: str | None
    status: Literal["connected"]


class AgentChanged(msgspec.Struct, frozen=True, rename="camel"):
    """What an agent has become."""

    ok: Ok
    agent_id: AgentId
    status: Literal["connecting", "stopped", "suspended", "running"]


PREFER = Parameter(
    "Prefer", "`respond-async` answers 202 at once; the status tells how it goes on.", place="header",
    example="respond-async",
)  # fmt: skip
_CLOUD_AGENT = {"id": AGENT, "agentName": "my-cloud-agent", "status": "running"}

LIST = Operation(
    group="Agents",
    summary="List the account's agents",
    about="A failure is a failure, never an empty list.",
    answers=(
        SuccessResponse(
            200, "The agents, as the cloud describes them.", Agents, Agents(True, [_CLOUD_AGENT])
        ),
    ),
    errors=CLOUD,
)
CREATE = Operation(
    group="Agents",
    summary="Create an agent",
    about="A create without an answer is never repeated: the failure says what may have come of it.",
    body=Body(model=NewAgent, example=NewAgent("my-cloud-agent", {}, {"LOG_LEVEL": "info"})),
    answers=(
        SuccessResponse(201, "Created.", AgentMade, AgentMade(True, {**_CLOUD_AGENT, "status": "pending"})),
        SuccessResponse(
            200,
            "The cloud gave an agent that existed already.",
            AgentMade,
            AgentMade(True, _CLOUD_AGENT, False),
        ),
    ),
    errors=(*BODY, invalid("agentName is required"), *CLOUD),
)
CONNECT = Operation(
    group="Agents",
    summary="Connect to an agent",
    about="Starts the agent if need be and links this machine to it, instead of to any other. A cold start"
    " takes a minute or two, and may take up to 15.",
    parameters=(PREFER,),
    answers=(
        SuccessResponse(
            200, "The link stands.", AgentLinked, AgentLinked(True, AGENT, "my-cloud-agent", "connected")
        ),
        SuccessResponse(
            202,
            "Begun, under `Prefer: respond-async`.",
            AgentChanged,
            AgentChanged(True, AGENT, "connecting"),
            headers={"Location": "Where to look.", "Preference-Applied": "`respond-async`"},
        ),
    ),
    errors=(AGENT_ID, *BRING_UP),
)
PROVISION = msgspec.structs.replace(
    CONNECT, summary="Provision an agent and connect to it", about="The same as connecting."
)


def _change(summary: str, about: str, status: Literal["stopped", "suspended", "running"]) -> Operation:
    return Operation(
        group="Agents",
        summary=summary,
        about=about,
        answers=(SuccessResponse(200, "Done.", AgentChanged, AgentChanged(True, AGENT, status)),),
        errors=(AGENT_ID, *CLOUD, *LINK_BUSY, JOB, *SANDBOX),
    )


SUSPEND = _change(
    "Suspend an agent", "Stops it and keeps it, with its backups. A link to it ends.", "suspended"
)
RESUME = _change("Resume an agent", "Starts a suspended agent; it is not linked by that.", "running")
SHUTDOWN = _change("Shut an agent down", "Deletes it **and its backups**; does not sign out.", "stopped")


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
    """Check the cloud's own rule before it is called (cloud-api §9)."""
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
