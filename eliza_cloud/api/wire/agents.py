"""Cloud agents (handlers: `api/agents.py`)."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from eliza_cloud.api.operation import Answer, Body, Operation, Parameter
from eliza_cloud.api.wire.errors import (
    AGENT_ID,
    BODY,
    BRING_UP,
    CLOUD,
    JOB,
    LINK_BUSY,
    SANDBOX,
    invalid,
)

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
    answers=(Answer(200, "The agents, as the cloud describes them.", Agents, Agents(True, [_CLOUD_AGENT])),),
    errors=CLOUD,
)
CREATE = Operation(
    group="Agents",
    summary="Create an agent",
    about="A create without an answer is never repeated: the failure says what may have come of it.",
    body=Body(model=NewAgent, example=NewAgent("my-cloud-agent", {}, {"LOG_LEVEL": "info"})),
    answers=(
        Answer(201, "Created.", AgentMade, AgentMade(True, {**_CLOUD_AGENT, "status": "pending"})),
        Answer(
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
        Answer(200, "The link stands.", AgentLinked, AgentLinked(True, AGENT, "my-cloud-agent", "connected")),
        Answer(
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
        answers=(Answer(200, "Done.", AgentChanged, AgentChanged(True, AGENT, status)),),
        errors=(AGENT_ID, *CLOUD, *LINK_BUSY, JOB, *SANDBOX),
    )


SUSPEND = _change(
    "Suspend an agent", "Stops it and keeps it, with its backups. A link to it ends.", "suspended"
)
RESUME = _change("Resume an agent", "Starts a suspended agent; it is not linked by that.", "running")
SHUTDOWN = _change("Shut an agent down", "Deletes it **and its backups**; does not sign out.", "stopped")
