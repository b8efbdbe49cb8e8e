"""What is known about the account and the link (local-api §5), and what front ends ask for."""

from typing import Literal

import msgspec
from aiohttp import web

from eliza_cloud.api.app_keys import MANAGER
from eliza_cloud.api.http.responses import answer
from eliza_cloud.api.openapi.operation import Operation, SuccessResponse
from eliza_cloud.api.resources.agents import AGENT
from eliza_cloud.core.views.status import TOP_UP_URL, ConnectionView, StatusView

AppState = Literal["not_started", "restarting", "running", "error"]


class CloudHosts(msgspec.Struct, frozen=True, rename="camel"):
    """The cloud's hosts in use now; null while the base URL is refused.

    `baseUrl` is the one that is set; the cloud may have led from there to another of its hosts.
    """

    base_url: str | None
    api_url: str | None
    pages_url: str | None


class CloudLink(msgspec.Struct, frozen=True, rename="camel"):
    """The link behind it."""

    connection_status: str
    active_agent_id: str | None


class AppStatus(msgspec.Struct, frozen=True, rename="camel"):
    """The link in the words of existing front ends, for which an agent is what runs."""

    state: AppState
    agent_name: str
    run_mode: Literal["local", "cloud"]
    cloud: CloudLink


_CONNECTION = ConnectionView(
    state="connected",
    agent_id=AGENT,
    agent_name="my-cloud-agent",
    since="2026-11-23T20:15:00.000Z",
    reason=None,
    attempt=0,
    next_attempt_at=None,
    last_heartbeat_at="2026-11-23T20:17:30.000Z",
    last_backup_at="2026-11-23T20:17:00.000Z",
)

STATUS = Operation(
    id="getStatus",
    group="Status",
    summary="The account, and the link to an agent",
    about="Answers at once: the cloud is not asked. The top level is about the account; `connected` is true"
    " once the cloud has accepted the key. `connection` is about the link.",
    answers=(
        SuccessResponse(
            200,
            "What is known.",
            StatusView,
            StatusView(
                connected=True,
                enabled=True,
                has_api_key=True,
                user_id="user-123",
                organization_id="org-456",
                top_up_url=TOP_UP_URL,
                connection=_CONNECTION,
            ),
        ),
    ),
)
HOSTS = Operation(
    id="getCloudHosts",
    group="Status",
    summary="The hosts of the cloud that are in use",
    answers=(
        SuccessResponse(
            200,
            "What is known; the cloud is not asked.",
            CloudHosts,
            CloudHosts("https://www.elizacloud.ai", "https://cloud.eliza.app", "https://cloud.eliza.app"),
        ),
    ),
)
APP_STATUS = Operation(
    id="getAppStatus",
    group="Status",
    summary="The link, in the words of existing front ends",
    answers=(
        SuccessResponse(
            200,
            "What is known.",
            AppStatus,
            AppStatus("running", "my-cloud-agent", "cloud", CloudLink("connected", AGENT)),
        ),
    ),
)


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


async def hosts(request: web.Request) -> web.Response:
    """GET /api/cloud/hosts: where the calls go now."""
    manager = request.app[MANAGER]
    configured, origins = manager.configured_base_url, manager.origins
    if configured is None or origins is None:
        return answer(CloudHosts(None, None, None))
    return answer(CloudHosts(str(configured), str(origins.api), str(origins.pages)))


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
