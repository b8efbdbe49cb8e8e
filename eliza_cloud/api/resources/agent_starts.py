"""What starts and stops an agent: connect, provision, resume, restart, suspend (local-api §8)."""

from typing import Literal

import msgspec
from aiohttp import web

from eliza_cloud.api.app_keys import MANAGER
from eliza_cloud.api.http.inputs import ACCEPTED, PRICE_CONSENT, Parameter, read_consent
from eliza_cloud.api.http.responses import answer
from eliza_cloud.api.openapi.error_examples import BRING_UP, CLOUD, LIFECYCLE, LINK_BUSY, SANDBOX
from eliza_cloud.api.openapi.operation import Operation, SuccessResponse
from eliza_cloud.api.resources.agents import AGENT, AGENT_ID, AgentId, Ok

_PRICED = (
    " Where a start costs and its price is not agreed to, the answer is 428 with the price in `pricing`, and"
    " nothing was started: show it, then repeat the call with its `acceptanceValue`."
)


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
    status: Literal["connecting", "suspended", "running"]


PREFER = Parameter(
    "Prefer",
    "`respond-async` answers 202 at once; the status tells how it goes on.",
    place="header",
    default="",
    example="respond-async",
)

CONNECT = Operation(
    id="connectAgent",
    group="Agents",
    summary="Connect to an agent",
    about="Starts the agent if need be and links this machine to it, instead of to any other. A cold start"
    f" takes a minute or two, and may take up to 15.{_PRICED} The consent holds for the repairs of this link,"
    " too, at that very price.",
    parameters=(AGENT_ID, PREFER, ACCEPTED),
    body=PRICE_CONSENT,
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
SUSPEND = Operation(
    id="suspendAgent",
    group="Agents",
    summary="Suspend an agent",
    about="Stops it and keeps it, with its backups. A link to it ends.",
    parameters=(AGENT_ID,),
    answers=(SuccessResponse(200, "Done.", AgentChanged, AgentChanged(True, AGENT, "suspended")),),
    errors=(*CLOUD, *LINK_BUSY, *LIFECYCLE, *SANDBOX),
)
RESUME = Operation(
    id="resumeAgent",
    group="Agents",
    summary="Resume an agent",
    about="Starts a suspended agent; this does not link it, unless the link ended by its suspension."
    f"{_PRICED}",
    parameters=(AGENT_ID, ACCEPTED),
    body=PRICE_CONSENT,
    answers=(SuccessResponse(200, "Done.", AgentChanged, AgentChanged(True, AGENT, "running")),),
    errors=(*CLOUD, *LINK_BUSY, *LIFECYCLE, *SANDBOX),
)
RESTART = Operation(
    id="restartAgent",
    group="Agents",
    summary="Restart an agent",
    about="Stops it and starts it again; a link to it is restored. The consent given with the connect holds."
    f"{_PRICED} The agent is stopped then.",
    parameters=(AGENT_ID, ACCEPTED),
    body=PRICE_CONSENT,
    answers=(SuccessResponse(200, "Done.", AgentChanged, AgentChanged(True, AGENT, "running")),),
    errors=(*BRING_UP, *LINK_BUSY),
)


async def connect(request: web.Request) -> web.Response:
    """POST …/{id}/connect and …/provision: answers when linked, under `Prefer: respond-async` at once."""
    agent_id = AGENT_ID.read(request)
    price = await read_consent(request)
    manager = request.app[MANAGER]
    if _respond_async(request):
        await manager.begin_connect(agent_id, accept_price=price)
        headers = {"Preference-Applied": "respond-async", "Location": "/api/cloud/status"}
        return answer(AgentChanged(ok=True, agent_id=agent_id, status="connecting"), 202, headers)
    agent = await manager.connect(agent_id, accept_price=price)
    return answer(
        AgentLinked(ok=True, agent_id=agent.agent_id, agent_name=agent.agent_name, status="connected")
    )


async def suspend_agent(request: web.Request) -> web.Response:
    """POST …/{id}/suspend: stops it and keeps it."""
    agent_id = AGENT_ID.read(request)
    await request.app[MANAGER].suspend_agent(agent_id)
    return answer(AgentChanged(ok=True, agent_id=agent_id, status="suspended"))


async def resume_agent(request: web.Request) -> web.Response:
    """POST …/{id}/resume: starts a suspended agent."""
    agent_id = AGENT_ID.read(request)
    price = await read_consent(request)
    await request.app[MANAGER].resume_agent(agent_id, accept_price=price)
    return answer(AgentChanged(ok=True, agent_id=agent_id, status="running"))


async def restart_agent(request: web.Request) -> web.Response:
    """POST …/{id}/restart: stops it and starts it again."""
    agent_id = AGENT_ID.read(request)
    price = await read_consent(request)
    await request.app[MANAGER].restart_agent(agent_id, accept_price=price)
    return answer(AgentChanged(ok=True, agent_id=agent_id, status="running"))


def _respond_async(request: web.Request) -> bool:
    """Tell whether the `Prefer` headers hold respond-async (a list of preferences, each with parameters)."""
    preferences = PREFER.read(request).split(",")
    return any(one.partition(";")[0].strip().lower() == "respond-async" for one in preferences)
