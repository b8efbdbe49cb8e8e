"""Cloud agents: list, create, rename, logs, delete (local-api §8)."""

from typing import Annotated, Any, Literal, TypedDict, cast

import msgspec
from aiohttp import web
from msgspec import UNSET, Meta, UnsetType

from eliza_cloud.api.app_keys import MANAGER
from eliza_cloud.api.http.inputs import ACCEPTED, PRICE, AcceptedPrice, Body, Parameter, accepted_price
from eliza_cloud.api.http.responses import answer
from eliza_cloud.api.openapi.error_examples import CLOUD, LIFECYCLE, LINK_BUSY, SANDBOX, examples
from eliza_cloud.api.openapi.operation import Operation, SuccessResponse
from eliza_cloud.core.problems import INVALID_AGENT_ID, NOT_OFFERED
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
ImageReference = Annotated[
    str,
    Meta(
        min_length=1, max_length=512, pattern="^[A-Za-z0-9._/:@-]+$", extra={"expected": "a container image"}
    ),
]


class CloudAgent(TypedDict, total=False):
    """The cloud's own object, untouched: these members if it has them, and more."""

    id: str
    agentName: str | None
    status: str
    executionTier: str | None
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


class NewAgent(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, forbid_unknown_fields=True):
    """An agent to be created; an unknown member is refused.

    `dedicated`, or the cloud's own word `alwaysOn`, asks for a container of its own, which costs. Without it
    a cloud that has tiers makes a shared agent, which has no backups. `forceCreate` insists where the cloud
    would return an agent there is, in a cloud with tiers only for dedicated ones. `autoProvision` false
    creates without starting.
    """

    agent_name: AgentName
    agent_config: dict[str, Any] | None = None
    environment_vars: dict[str, str] | None = None
    dedicated: bool | None = None
    always_on: bool | None = None
    character_id: Uuid | None = None
    docker_image: ImageReference | None = None
    auto_provision: bool | None = None
    force_create: bool | None = None
    accept_price: AcceptedPrice | None = None


class NewName(msgspec.Struct, frozen=True, rename="camel"):
    """What an agent is to be called."""

    agent_name: AgentName


class DeletedState(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Whether the agent may be deleted without the backup that the cloud would take first."""

    accept_state_loss: bool | None = None


class AgentMade(msgspec.Struct, frozen=True):
    """The agent; `created` is there, and false, only when the cloud gave one that existed already.

    `executionTier` of the agent is `shared` for one that has no container of its own: it has no backups.
    """

    ok: Ok
    agent: CloudAgent
    created: Annotated[bool, Meta(extra_json_schema={"const": False})] | UnsetType = UNSET


class AgentRenamed(msgspec.Struct, frozen=True, rename="camel"):
    """The agent and its new name."""

    ok: Ok
    agent_id: AgentId
    agent_name: str


class AgentLogs(msgspec.Struct, frozen=True, rename="camel"):
    """The last lines of an agent's log."""

    ok: Ok
    agent_id: AgentId
    logs: str


class AgentDeleted(msgspec.Struct, frozen=True, rename="camel"):
    """The agent is gone."""

    ok: Ok
    agent_id: AgentId
    status: Literal["stopped"]


AGENT_ID = Parameter[str](
    "agent_id",
    "The agent's id, a UUID.",
    Uuid,
    place="path",
    example=AGENT,
    parse=str.lower,
    problem=INVALID_AGENT_ID.example(),
)
TAIL = Parameter(
    "tail",
    "How many lines, from the end.",
    Annotated[int, Meta(ge=1, le=1000)],
    default=100,
    example=100,
)
NEW_AGENT = Body(
    NewAgent("my-cloud-agent", {}, {"LOG_LEVEL": "info"}, dedicated=True, accept_price=PRICE),
)
NEW_NAME = Body(NewName("my-cloud-agent"))
DELETED_STATE = Body(DeletedState(True), required=False)
_CLOUD_AGENT: CloudAgent = {
    "id": AGENT,
    "agentName": "my-cloud-agent",
    "status": "running",
    "executionTier": "dedicated-always",
}

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
    about="A create without an answer is never repeated: the error names what may have come of it. A"
    " dedicated agent costs from its start: without consent to the price the answer is 428 with the price,"
    " and nothing is created.",
    parameters=(ACCEPTED,),
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
    errors=(*CLOUD, *LIFECYCLE),
)
RENAME = Operation(
    id="renameAgent",
    group="Agents",
    summary="Give an agent another name",
    parameters=(AGENT_ID,),
    body=NEW_NAME,
    answers=(SuccessResponse(200, "Done.", AgentRenamed, AgentRenamed(True, AGENT, "my-cloud-agent")),),
    errors=(*CLOUD, *examples(NOT_OFFERED)),
)
LOGS = Operation(
    id="getAgentLogs",
    group="Agents",
    summary="The last lines of an agent's log",
    parameters=(AGENT_ID, TAIL),
    answers=(SuccessResponse(200, "The lines.", AgentLogs, AgentLogs(True, AGENT, "ready\n")),),
    errors=(*CLOUD, *LIFECYCLE, *examples(NOT_OFFERED)),
)
SHUTDOWN = Operation(
    id="shutdownAgent",
    group="Agents",
    summary="Shut an agent down",
    about="Deletes it **and its backups**; does not sign out. A cloud that backs the agent up first keeps it"
    " where that fails: the answer is 409 `delete_needs_backup`, and the agent stays and goes on costing."
    " `acceptStateLoss` deletes it all the same.",
    parameters=(AGENT_ID,),
    body=DELETED_STATE,
    answers=(SuccessResponse(200, "Done.", AgentDeleted, AgentDeleted(True, AGENT, "stopped")),),
    errors=(*CLOUD, *LINK_BUSY, *LIFECYCLE, *SANDBOX),
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
            dedicated=bool(new.dedicated or new.always_on),
            force=bool(new.force_create),
            character_id=new.character_id,
            docker_image=new.docker_image,
            auto_provision=new.auto_provision,
            accept_price=accepted_price(request, new.accept_price),
        )
    )
    agent = cast("CloudAgent", made.agent.raw)
    if made.created:
        return answer(AgentMade(ok=True, agent=agent), 201)
    return answer(AgentMade(ok=True, agent=agent, created=False))


async def rename_agent(request: web.Request) -> web.Response:
    """PATCH …/{id} {agentName}: the agent keeps its id."""
    agent_id = AGENT_ID.read(request)
    name = (await NEW_NAME.read(request)).agent_name
    await request.app[MANAGER].ask_cloud(lambda cloud: cloud.rename_agent(agent_id, name))
    return answer(AgentRenamed(ok=True, agent_id=agent_id, agent_name=name))


async def agent_logs(request: web.Request) -> web.Response:
    """GET …/{id}/logs?tail=: the last lines, when the cloud's job has brought them."""
    agent_id, tail = AGENT_ID.read(request), TAIL.read(request)
    lines = await request.app[MANAGER].agent_logs(agent_id, tail)
    return answer(AgentLogs(ok=True, agent_id=agent_id, logs=lines))


async def shutdown_agent(request: web.Request) -> web.Response:
    """POST …/{id}/shutdown {acceptStateLoss?}: deletes the agent and its backups; does not sign out."""
    agent_id = AGENT_ID.read(request)
    accepted = bool((await DELETED_STATE.read(request)).accept_state_loss)
    await request.app[MANAGER].shutdown_agent(agent_id, accept_state_loss=accepted)
    return answer(AgentDeleted(ok=True, agent_id=agent_id, status="stopped"))
