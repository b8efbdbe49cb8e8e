"""What is configured, what is in force, and why: for people and programs, without any key."""

from typing import Any

from eliza_cloud.link.errors import LinkError
from eliza_cloud.routing.contract import Capability
from eliza_cloud.routing.gateway import Gateway
from eliza_cloud.routing.roads import CloudRoad, OwnRoad, Road
from eliza_cloud.routing.table import RoutingTable


async def routing_view(gateway: Gateway) -> dict[str, Any]:
    """Return the state of all capabilities."""
    table = await gateway.table()
    return {
        "capabilities": {
            capability.value: capability_view(gateway, table, capability) for capability in Capability
        },
        "problem": gateway.problem,
    }


def capability_view(gateway: Gateway, table: RoutingTable, capability: Capability) -> dict[str, Any]:
    """Return one capability: its route, whether it can be used now, and if not, why and what to do."""
    route = table.routes.get(capability)
    shown = None if route is None else route.members()
    view: dict[str, Any] = {
        "configured": None if table.inferred else shown,
        "inForce": None,
        "inferred": table.inferred and route is not None,
        "ignored": table.ignored.get(capability, []),
    }
    try:
        road = gateway.resolve(capability, table)
    except LinkError as error:
        failure = error.failure
        return {**view, "usable": False, "reason": failure.code, "message": failure.message}
    return {**view, "inForce": shown, "usable": True, "reason": None, "message": None, **_road(gateway, road)}


def _road(gateway: Gateway, road: Road) -> dict[str, Any]:
    if isinstance(road, CloudRoad):
        return {"leadsTo": "Eliza Cloud", "accounts": []}
    return {"leadsTo": road.label, "address": road.base, "accounts": _accounts(gateway, road)}


def _accounts(gateway: Gateway, road: OwnRoad) -> list[dict[str, Any]]:
    return [
        {
            "name": account.name,
            "keyVariable": account.variable if account.key else None,
            "restingSeconds": round(gateway.accounts.resting(account)),
        }
        for account in road.accounts
    ]
