"""Listing and reading agents (contract §9), both generations."""

from aiohttp import web

from eliza_cloud.emulator import agents
from eliza_cloud.emulator.agent_views import detail, hosting_summary, list_item
from eliza_cloud.emulator.answers import answer, success
from eliza_cloud.emulator.auth import require_caller
from eliza_cloud.emulator.cloud import CLOUD
from eliza_cloud.emulator.database import Row


async def list_agents(request: web.Request) -> web.Response:
    """All agents of the organization, newest first; N adds what they cost together."""
    cloud, caller = request.app[CLOUD], require_caller(request)
    found = agents.list_of(cloud, caller.organization_id)
    body: dict[str, object] = {"success": True, "data": [list_item(cloud, agent) for agent in found]}
    if cloud.is_next:
        body["hostingSummary"] = hosting_summary(found, caller.organization["balance"])
    return answer(body)


def agent_of(request: web.Request) -> Row:
    """The agent the path names, if it is the caller's; 401, 403 or 404 otherwise."""
    caller = require_caller(request)
    return agents.require(request.app[CLOUD], request.match_info["agent_id"], caller.organization_id)


async def get_agent(request: web.Request) -> web.Response:
    """One agent; 404 also for another organization's."""
    return success(detail(request.app[CLOUD], agent_of(request)))
