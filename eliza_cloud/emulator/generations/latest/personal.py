"""Everyone's free personal agent in generation L (cloud-api-latest L4, L17): listed nowhere, always there.

It answers on bridge and stream as `personal:<user id>`, until its owner has a dedicated agent for it.
"""

from typing import Final

from aiohttp import web

from eliza_cloud.emulator.access.auth import Caller, require_caller
from eliza_cloud.emulator.agents import records, sandbox
from eliza_cloud.emulator.endpoints.agents import agent_of
from eliza_cloud.emulator.server import settings
from eliza_cloud.emulator.server.cloud import CLOUD, Cloud
from eliza_cloud.emulator.server.database import Row
from eliza_cloud.emulator.server.responses import api_error, not_found, success

PREFIX: Final = "personal:"


def identity_of(user: Row) -> str:
    """The id of this user's personal agent."""
    return f"{PREFIX}{user['id']}"


def successor(cloud: Cloud, user: Row) -> str | None:
    """The dedicated agent that took the personal one's place, as the control endpoints have it."""
    found = settings.read(cloud, identity_of(user))
    return found if isinstance(found, str) else None


async def get_personal(request: web.Request) -> web.Response:
    """Who the caller's personal agent is, and where it runs."""
    cloud, caller = request.app[CLOUD], require_caller(request)
    shown: dict[str, object] = {"id": identity_of(caller.user), "displayName": "Eliza"}
    active = successor(cloud, caller.user)
    if active is None:
        return success({"identity": {**shown, "runtime": "shared"}})
    base = f"{request.scheme}://{request.host}/api/v1/eliza/agents/{active}"
    return success({"identity": {**shown, "runtime": "dedicated", "activeAgentId": active, "apiBase": base}})


def _row(cloud: Cloud, caller: Caller) -> Row:
    agent_id = identity_of(caller.user)
    found = records.get(cloud, agent_id)
    if found is not None:
        return found
    now = cloud.clock.time()
    cloud.database.insert(
        "agents",
        {
            "id": agent_id,
            "organization_id": caller.organization_id,
            "user_id": caller.user["id"],
            "agent_name": "Eliza",
            "agent_config": "{}",
            "environment_vars": "{}",
            "execution_tier": "shared",
            "status": "running",
            "created_at": now,
            "updated_at": now,
        },
    )
    sandbox.start(cloud, agent_id, {}, None)
    return _row(cloud, caller)


def conversation_partner(request: web.Request) -> Row:
    """The agent that the path names, the caller's personal one among them; 404, or 409 once it moved."""
    agent_id = request.match_info["agent_id"]
    if not agent_id.startswith(PREFIX):
        return agent_of(request)
    cloud, caller = request.app[CLOUD], require_caller(request)
    if agent_id != identity_of(caller.user):
        raise not_found(cloud, "Agent not found")
    active = successor(cloud, caller.user)
    if active is not None:
        error = "This agent's owner has a dedicated one"
        more = {"retryable": False, "activeAgentId": active}
        raise api_error(409, error, code="personal_eliza_dedicated", **more)
    return _row(cloud, caller)
