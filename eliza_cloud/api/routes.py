"""The one route table. A route needs the token unless it is marked open here."""

from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from eliza_cloud.api import agents, backups, chat, login, status
from eliza_cloud.api.credits import balance


class Route(msgspec.Struct, frozen=True):
    """One endpoint; an open one needs no token while every bound address is loopback. HEAD follows GET."""

    method: str
    path: str
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    open: bool = False


_AGENT = "/api/cloud/agents/{agent_id}"

ROUTES = (
    Route("GET", "/api/cloud/status", status.status, open=True),
    Route("POST", "/api/cloud/login", login.start_login),
    Route("GET", "/api/cloud/login/status", login.login_status, open=True),
    Route("POST", "/api/cloud/login/cancel", login.cancel_login),
    Route("POST", "/api/cloud/disconnect", login.disconnect),
    Route("GET", "/api/cloud/agents", agents.list_agents),
    Route("POST", "/api/cloud/agents", agents.create_agent),
    Route("POST", f"{_AGENT}/provision", agents.connect),
    Route("POST", f"{_AGENT}/connect", agents.connect),
    Route("POST", f"{_AGENT}/suspend", agents.suspend_agent),
    Route("POST", f"{_AGENT}/resume", agents.resume_agent),
    Route("POST", f"{_AGENT}/shutdown", agents.shutdown_agent),
    Route("GET", f"{_AGENT}/backups", backups.list_backups),
    Route("POST", f"{_AGENT}/backups", backups.take_backup),
    Route("POST", f"{_AGENT}/restore", backups.restore),
    Route("GET", "/api/cloud/credits", balance),
    Route("POST", "/api/chat", chat.chat),
    Route("POST", "/api/chat/stream", chat.stream),
)


def add_routes(app: web.Application) -> None:
    """Enter the table into the application's router."""
    for route in ROUTES:
        for method in ("GET", "HEAD") if route.method == "GET" else (route.method,):
            app.router.add_route(method, route.path, route.handler, expect_handler=_expect)


def is_open(request: web.Request) -> bool:
    """Tell whether the request's route is marked open; what matches no route never is."""
    resource = request.match_info.route.resource
    if resource is None:
        return False
    method = "GET" if request.method == "HEAD" else request.method
    return any(one.open and one.method == method and one.path == resource.canonical for one in ROUTES)


async def _expect(request: web.Request) -> None:
    """Send `100 Continue` where it is expected; other expectations are ignored (RFC 9110 §10.1.1)."""
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
