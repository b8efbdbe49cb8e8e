"""`/emulator/price`, `/emulator/worker`, `/emulator/provider`: what holds for the whole cloud."""

from aiohttp import web

from eliza_cloud.emulator.agents.jobs import JOBS
from eliza_cloud.emulator.control.calls import body_of
from eliza_cloud.emulator.money.ledger import minimum_balance
from eliza_cloud.emulator.money.prices import OPEN_CALLS, tariff
from eliza_cloud.emulator.server import settings
from eliza_cloud.emulator.server import zod_issues as zod
from eliza_cloud.emulator.server.cloud import CLOUD
from eliza_cloud.emulator.server.responses import dollars, json_response, micros

routes = web.RouteTableDef()

_AMOUNT = zod.optional(zod.number(0, 1_000_000))
_SETTINGS = {
    "hourlyUsd": "hourly_price",
    "activationUsd": "activation_price",
    "minimumBalanceUsd": "minimum_balance",
}


@routes.post("/emulator/price")
async def change_price(request: web.Request) -> web.Response:
    """Set the tariff of dedicated agents and the credit gate; the answer shows them.

    `{"hourlyUsd"?, "activationUsd"?, "minimumBalanceUsd"?, "onWake"?, "onUpgrade"?}`; without `activationUsd`
    a start costs two hours. The last two say whether these calls ask for the price, too.
    """
    cloud = request.app[CLOUD]
    switches = {f"on{call.capitalize()}": zod.optional(zod.boolean) for call in OPEN_CALLS}
    body = await body_of(request, **dict.fromkeys(_SETTINGS, _AMOUNT), **switches)
    for key, name in _SETTINGS.items():
        if key in body:
            settings.write(cloud, name, micros(str(body[key])))
    if set(switches) & set(body):
        calls = [call for call in OPEN_CALLS if body.get(f"on{call.capitalize()}") is True]
        settings.write(cloud, "priced_calls", calls)
    price = tariff(cloud)
    data = {
        "hourlyUsd": dollars(price.hourly),
        "activationUsd": dollars(price.activation),
        "minimumBalanceUsd": dollars(minimum_balance(cloud)),
        "acceptanceValue": price.acceptance_value,
    }
    return json_response({"success": True, "data": data})


@routes.post("/emulator/worker")
async def change_worker(request: web.Request) -> web.Response:
    """`{"state": "up"|"stalled"|"unhealthy"|"unreachable"}`: a stalled worker leaves every job pending.

    The last two refuse starts, in generation L.
    """
    body = await body_of(request, state=zod.one_of("up", "stalled", "unhealthy", "unreachable"))
    request.app[JOBS].stall(is_stalled=body["state"] == "stalled")
    settings.write(request.app[CLOUD], "worker", body["state"])
    return json_response({"success": True, "data": body})


@routes.post("/emulator/provider")
async def change_provider(request: web.Request) -> web.Response:
    """`{"state": "up"|"down"}`: whether the provider of the models answers."""
    body = await body_of(request, state=zod.one_of("up", "down"))
    settings.write(request.app[CLOUD], "provider_down", True if body["state"] == "down" else None)
    return json_response({"success": True, "data": body})
