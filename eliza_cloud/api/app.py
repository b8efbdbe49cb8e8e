"""The aiohttp application: the table of routes behind the guard, and the headers every answer has."""

import time
import uuid
from collections.abc import Callable, Collection
from typing import Any

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from eliza_cloud.api import cors
from eliza_cloud.api.billing_memory import BillingMemory
from eliza_cloud.api.binding import Binding
from eliza_cloud.api.body import MAX_BODY
from eliza_cloud.api.errors import errors
from eliza_cloud.api.guard import Guard
from eliza_cloud.api.hosts import HostRule, OriginRule
from eliza_cloud.api.keys import BILLING, GATEWAY, LIFETIMES, MANAGER
from eliza_cloud.api.lifetime import Lifetimes
from eliza_cloud.api.routes import add_routes, is_open
from eliza_cloud.core.secret import Secret
from eliza_cloud.link.manager import CloudManager
from eliza_cloud.ops.access_log import AccessLog
from eliza_cloud.routing.gateway import Gateway

#: How the server is run: small heads, short lingering, bodies as they are sent (a small compressed one could
#: become a huge one, before the guard has looked), handlers that finish what they began.
SERVER_SETTINGS: dict[str, Any] = {
    "access_log_class": AccessLog,
    "auto_decompress": False,
    "handler_cancellation": False,
    "keepalive_timeout": 75.0,
    "lingering_time": 2.0,
    "max_line_size": 8190,
    "max_field_size": 8190,
    "max_headers": 64,
}
_REQUEST_ID = web.RequestKey("request_id", str)


def create_app(
    manager: CloudManager,
    *,
    gateway: Gateway,
    token: Secret,
    bound: Binding,
    allowed_hosts: Collection[str] = (),
    allowed_origins: Collection[str] = (),
    monotonic: Callable[[], float] = time.monotonic,
) -> web.Application:
    """Build the application for one manager and one gateway, which the caller starts and stops.

    `bound` decides what is open and which hosts are ours; the other two add hosts and origins.
    """
    guard = Guard(
        token=token,
        hosts=HostRule(bound.host, allowed_hosts, any_name=bound.is_wildcard),
        origins=OriginRule(allowed_origins),
        is_open=is_open if bound.is_loopback else lambda _: False,
        monotonic=monotonic,
    )
    app = web.Application(
        middlewares=[_named, errors, guard.middleware()],
        client_max_size=MAX_BODY,
    )
    app[MANAGER] = manager
    app[GATEWAY] = gateway
    app[LIFETIMES] = Lifetimes()
    app[BILLING] = BillingMemory(monotonic)
    add_routes(app)
    app.on_response_prepare.append(_finish)
    app.on_shutdown.append(_end_conversations)
    return app


@web.middleware
async def _named(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request an id, for its answer and for every line logged on its behalf."""
    request[_REQUEST_ID] = uuid.uuid4().hex
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request[_REQUEST_ID])
    return await handler(request)


async def _finish(request: web.Request, response: web.StreamResponse) -> None:
    cors.mark(request, response)
    headers = response.headers
    headers.setdefault("Cache-Control", "no-store")
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Request-Id"] = request.get(_REQUEST_ID, "")
    headers.pop("Server", None)


async def _end_conversations(app: web.Application) -> None:
    app[LIFETIMES].stop()
