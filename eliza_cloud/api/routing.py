"""Which road each capability takes: show, set, clear (seed: Granular cloud service routing)."""

import asyncio

from aiohttp import web
from msgspec.structs import asdict

from eliza_cloud.api.answers import answer
from eliza_cloud.api.body import read_object
from eliza_cloud.api.errors import RequestError, bad_request
from eliza_cloud.api.keys import GATEWAY
from eliza_cloud.api.wire.routing import Routed, Routing, unknown_capability
from eliza_cloud.core.failure import Failure
from eliza_cloud.routing.contract import Capability
from eliza_cloud.routing.normalise import RouteRefused, checked_route
from eliza_cloud.routing.service_routing import Change, clearing, setting
from eliza_cloud.routing.view import capability_view, routing_view
from eliza_cloud.store.errors import StoreError


async def show_routing(request: web.Request) -> web.Response:
    """GET /api/cloud/routing: for each capability what is configured, what is in force, and why."""
    return answer(Routing(ok=True, **asdict(await routing_view(request.app[GATEWAY]))))


async def set_route(request: web.Request) -> web.Response:
    """PUT /api/cloud/routing/{capability} {backend, …}: counts for the next request."""
    capability = capability_of(request.match_info["capability"], 404)
    body = await read_object(request)
    try:
        route = checked_route(body)
    except RouteRefused as refused:
        raise bad_request(f"{refused}.", "invalid_route") from None
    await write(request, setting(capability, route, body))
    return await _shown(request, capability)


async def clear_route(request: web.Request) -> web.Response:
    """DELETE /api/cloud/routing/{capability}: the capability has no road then; repeatable."""
    capability = capability_of(request.match_info["capability"], 404)
    await write(request, clearing(capability))
    return await _shown(request, capability)


def capability_of(name: str, status: int = 400) -> Capability:
    """Return the capability of that name; raises `RequestError` with `status`."""
    try:
        return Capability(name)
    except ValueError:
        raise RequestError(unknown_capability(status)) from None


async def write(request: web.Request, change: Change) -> None:
    """Change eliza.json; a file that cannot be changed is a 500 with the reason."""
    try:
        await asyncio.to_thread(request.app[GATEWAY].config.update, change)
    except StoreError as error:
        raise RequestError(Failure(code="store_failed", status=500, message=str(error))) from None


async def _shown(request: web.Request, capability: Capability) -> web.Response:
    gateway = request.app[GATEWAY]
    view = capability_view(gateway, await gateway.table(), capability)
    return answer(Routed(ok=True, capability=capability, **asdict(view)))
