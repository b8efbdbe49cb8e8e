"""Cloud agents, from create to shutdown (local-api §8)."""

from typing import Annotated, Any, Literal, TypedDict, cast

import msgspec
from aiohttp import web
from msgspec import UNSET, Meta, UnsetType

from eliza_cloud.api.app_keys import MANAGER
from eliza_cloud.api.http.parameters import Parameter
from eliza_cloud.api.http.request_body import Body
from eliza_cloud.api.http.responses import answer
from eliza_cloud.api.openapi.error_examples import BRING_UP, CLOUD, LIFECYCLE, LINK_BUSY, SANDBOX
from eliza_cloud.api.openapi.operation import Operation, SuccessResponse
from eliza_cloud.core.problems import INVALID_AGENT_ID
from eliza_cloud.runtime.operations.agents import AgentRequest

AGENT = "0b5f0f7e-4f3c-4d8e-9a43-3d1f2c9b7e10"  # in examples

Ok = Annotated[bool, Meta(extra_json_schema={"const": True})]
AgentId = Annotated[str, Meta(description="A UUID, in lower case.", extra_json_schema={"format": "uuid"})]
Uuid = Annotated[
    str,
    Meta(
        pattern="^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
        max_length=36,
        extra_json_schema={"format": "uuid"},
        extra={"expected": "a UUID"},
    ),
]
#: The cloud's own rule, checked before it is called (cloud-api §9).
AgentName = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"\S")]


class CloudAgent(TypedDict, total=False):
    """The cloud's own object, untouched: these members if it has them, and more."""

    id: str
    agentName: str | None
    status: str
    databaseStatus: str | None
    errorMessage: str | None
    lastBackupAt: str | None
    lastHeartbeatAt: str | None
    createdAt: str | None
    updatedAt: str | None


class Agents(msgspec.Struct, frozen=True):
    """The account's agents."""

    ok: Ok
    agents: list[CloudAgent]


class NewAgent(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """An agent to be created. `forceCreate` insists where the cloud would return one there is."""

    agent_name: AgentName
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
    """The agent after the change."""

    ok: Ok
    agent_id: AgentId
    status: Literal["connecting", "stopped", "suspended", "running"]


AGENT_ID = Parameter[str](
    "agent_id",
    "The agent's id, a UUID.",
    Uuid,
    place="path",
    example=AGENT,
    parse=str.lower,
    problem=INVALID_AGENT_ID.example(),
)
PREFER = Parameter(
    "Prefer",
    "`respond-async` answers 202 at once; the status shows the progress.",
    place="header",
    default="",
    example="respond-async",
)
NEW_AGENT = Body(NewAgent("my-cloud-agent", {}, {"LOG_LEVEL": "info"}))
_CLOUD_AGENT: CloudAgent = {"id": AGENT, "agentName": "my-cloud-agent", "status": "running"}

LIST = Operation(
    id="listAgents",
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
    id="createAgent",
    group="Agents",
    summary="Create an agent",
    about="A create without an answer is never repeated: the error names what may have come of it.",
    body=NEW_AGENT,
    answers=(
        SuccessResponse(201, "Created.", AgentMade, AgentMade(True, {**_CLOUD_AGENT, "status": "pending"})),
        SuccessResponse(
            200,
            "The cloud gave an agent that existed already.",
            AgentMade,
            AgentMade(True, _CLOUD_AGENT, False),
        ),
    ),
    errors=CLOUD,
)
CONNECT = Operation(
    id="connectAgent",
    group="Agents",
    summary="Connect to an agent",
    about="Starts the agent if need be and links this machine to it, instead of to any other. A cold start"
    " takes a minute or two, and may take up to 15.",
    parameters=(AGENT_ID, PREFER),
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
    errors=BRING_UP,
)
PROVISION = msgspec.structs.replace(
    CONNECT,
    id="provisionAgent",
    summary="Provision an agent and connect to it",
    about="The same as connecting.",
)


def _change(
    name: str, summary: str, about: str, status: Literal["stopped", "suspended", "running"]
) -> Operation:
    return Operation(
        id=name,
        group="Agents",
        summary=summary,
        about=about,
        parameters=(AGENT_ID,),
        answers=(SuccessResponse(200, "Done.", AgentChanged, AgentChanged(True, AGENT, status)),),
        errors=(*CLOUD, *LINK_BUSY, *LIFECYCLE, *SANDBOX),
    )


SUSPEND = _change(
    "suspendAgent",
    "Suspend an agent",
    "Stops it and keeps it, with its backups. A link to it ends.",
    "suspended",
)
RESUME = _change(
    "resumeAgent", "Resume an agent", "Starts a suspended agent; this does not link it.", "running"
)
SHUTDOWN = _change(
    "shutdownAgent",
    "Shut an agent down",
    "Deletes it **and its backups**; does not sign out.",
    "stopped",
)


async def list_agents(request: web.Request) -> web.Response:
    """GET /api/cloud/agents: the cloud's own objects; a failure is a failure, never an empty list."""
    agents = await request.app[MANAGER].ask_cloud(lambda cloud: cloud.list_agents())
    return answer(Agents(ok=True, agents=[cast("CloudAgent", agent.raw) for agent in agents]))


async def create_agent(request: web.Request) -> web.Response:
    """POST /api/cloud/agents: 201, or 200 with `created: false` when the cloud gave an agent that existed."""
    new = await NEW_AGENT.read(request)
    made = await request.app[MANAGER].create_agent(
        AgentRequest(
            name=new.agent_name,
            config=new.agent_config,
            environment=new.environment_vars,
            force=bool(new.force_create),
        )
    )
    agent = cast("CloudAgent", made.agent.raw)
    if made.created:
        return answer(AgentMade(ok=True, agent=agent), 201)
    return answer(AgentMade(ok=True, agent=agent, created=False))


async def connect(request: web.Request) -> web.Response:
    """POST …/{id}/connect and …/provision: answers when linked, under `Prefer: respond-async` at once."""
    agent_id = AGENT_ID.read(request)
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
    agent_id = AGENT_ID.read(request)
    await request.app[MANAGER].shutdown_agent(agent_id)
    return answer(AgentChanged(ok=True, agent_id=agent_id, status="stopped"))


async def suspend_agent(request: web.Request) -> web.Response:
    """POST …/{id}/suspend: stops it and keeps it."""
    agent_id = AGENT_ID.read(request)
    await request.app[MANAGER].suspend_agent(agent_id)
    return answer(AgentChanged(ok=True, agent_id=agent_id, status="suspended"))


async def resume_agent(request: web.Request) -> web.Response:
    """POST …/{id}/resume: starts a suspended agent."""
    agent_id = AGENT_ID.read(request)
    await request.app[MANAGER].resume_agent(agent_id)
    return answer(AgentChanged(ok=True, agent_id=agent_id, status="running"))


def _respond_async(request: web.Request) -> bool:
    """Return whether the `Prefer` headers hold `respond-async` (RFC 7240)."""
    preferences = PREFER.read(request).split(",")
    return any(one.partition(";")[0].strip().lower() == "respond-async" for one in preferences)
