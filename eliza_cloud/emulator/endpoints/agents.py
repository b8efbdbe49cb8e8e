"""Reading and pairing agents (cloud-api §9, §20), and what all generations check before they change one."""

import json
import secrets

from aiohttp import web

from eliza_cloud.emulator.access.auth import Caller, require_caller
from eliza_cloud.emulator.agents import records
from eliza_cloud.emulator.agents.jobs import JOBS, STARTING
from eliza_cloud.emulator.endpoints.agent_views import detail, hosting_summary, list_item, web_ui_url
from eliza_cloud.emulator.server import zod_issues as zod
from eliza_cloud.emulator.server.cloud import CLOUD, Cloud
from eliza_cloud.emulator.server.database import Row
from eliza_cloud.emulator.server.responses import api_error, json_response, success, to_json, unexpected_error

CREATE_FIELDS: dict[str, zod.Check] = {
    "agentName": zod.string(1, 100),
    "characterId": zod.optional(zod.uuid),
    "agentConfig": zod.optional(zod.record()),
    "environmentVars": zod.optional(zod.record(zod.string())),
}
ACTION = zod.fields({"action": zod.one_of("shutdown", "suspend")})
_PAIRING_SECONDS = 60


def add_agent(cloud: Cloud, caller: Caller, body: dict[str, object], tier: str, image: object = None) -> Row:
    """A new record in state `pending`, as a valid body asks for it."""
    return records.add(
        cloud,
        organization_id=caller.organization_id,
        user_id=caller.user["id"],
        fields={
            "agent_name": body["agentName"],
            "agent_config": records.own_config(body.get("agentConfig")),
            "environment_vars": to_json(body.get("environmentVars", {})),
            "docker_image": image,
            "execution_tier": tier,
            "status": "pending",
        },
    )


async def list_agents(request: web.Request) -> web.Response:
    """All agents of the organization, newest first; N adds what they cost together."""
    cloud, caller = request.app[CLOUD], require_caller(request)
    found = [a for a in records.list_of(cloud, caller.organization_id) if not a["is_cut_over"]]
    body: dict[str, object] = {"success": True, "data": [list_item(cloud, agent) for agent in found]}
    if not cloud.is_c and not cloud.is_latest:
        body["hostingSummary"] = hosting_summary(found, caller.organization["balance"])
    return json_response(body)


def agent_of(request: web.Request) -> Row:
    """The agent the path names, if it is the caller's; 401, 403 or 404 otherwise."""
    caller = require_caller(request)
    return records.require(request.app[CLOUD], request.match_info["agent_id"], caller.organization_id)


async def get_agent(request: web.Request) -> web.Response:
    """One agent; 404 also for another organization's."""
    return success(detail(request.app[CLOUD], agent_of(request)))


async def pair_agent(request: web.Request) -> web.Response:
    """The token and where it would be used; the agent must be running. Nothing here redeems it."""
    agent = agent_of(request)
    if agent["status"] != "running":
        raise api_error(400, "The agent must be running to be paired")
    token = secrets.token_urlsafe(32)
    address = f"{web_ui_url(agent['id'])}/pair?token={token}"
    response = success({"token": token, "redirectUrl": address, "expiresIn": _PAIRING_SECONDS})
    response.headers["Cache-Control"] = "no-store"
    return response


def _has_null(value: object) -> bool:
    match value:
        case str():
            return "\0" in value
        case dict():
            return any(_has_null(key) or _has_null(each) for key, each in value.items())
        case list():
            return any(_has_null(each) for each in value)
        case _:
            return False


def refuse_unstorable(body: dict[str, object]) -> None:
    """500 for U+0000 in what goes into the database (cloud-api §23)."""
    if any(_has_null(body.get(name)) for name in ("agentName", "agentConfig", "environmentVars")):
        raise unexpected_error()


async def body_or_null(request: web.Request) -> object:
    """The body as JSON; anything else reads as `null`."""
    try:
        return json.loads(await request.text())
    except (ValueError, RecursionError, LookupError):
        return None


def already_stopped(agent: Row, action: str) -> web.Response:
    """What stopping a stopped agent answers, in every generation."""
    message = "Agent is already stopped" if action == "shutdown" else "Agent is already suspended"
    return success(
        {"agentId": agent["id"], "action": action, "message": message, "previousStatus": agent["status"]}
    )


def refuse_while_starting(request: web.Request, agent: Row) -> None:
    """409 while the agent is being provisioned, or is about to be tried again."""
    if agent["status"] == "provisioning" or request.app[JOBS].active(agent["id"], STARTING) is not None:
        raise api_error(409, "Agent provisioning is in progress")
