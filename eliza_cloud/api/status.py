"""What is known about the account and the link (seed: Status Endpoint), and what front ends ask for."""

from aiohttp import web

from eliza_cloud.api.answers import answer
from eliza_cloud.api.keys import MANAGER
from eliza_cloud.api.wire.status import AppState, AppStatus, CloudLink

_AGENT_STATES: dict[str, AppState] = {
    "disconnected": "not_started",
    "connecting": "restarting",
    "connected": "running",
    "reconnecting": "restarting",
    "error": "error",
}


async def status(request: web.Request) -> web.Response:
    """GET /api/cloud/status: always 200, the cloud is not asked."""
    return answer(request.app[MANAGER].status())


async def app_status(request: web.Request) -> web.Response:
    """GET /api/status: the link in the words of existing front ends, for which an agent is what runs."""
    connection = request.app[MANAGER].status().connection
    return answer(
        AppStatus(
            state=_AGENT_STATES[connection.state],
            agent_name=connection.agent_name or "",
            run_mode="local" if connection.agent_id is None else "cloud",
            cloud=CloudLink(connection.state, connection.agent_id),
        )
    )
