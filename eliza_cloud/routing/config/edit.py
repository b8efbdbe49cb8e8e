"""Changing routes in an eliza.json document, in place. What others wrote there survives."""

from typing import Any

from eliza_cloud.routing.config.parse import route_in
from eliza_cloud.routing.config.types import ELIZA_CLOUD, MEMBERS, SECTION, Capability, Route


def put_route(
    document: dict[str, Any], capability: Capability, route: Route, more: dict[str, Any] | None = None
) -> None:
    """Set one route; unknown members of the old one stay, `more` adds others."""
    section = document.get(SECTION)
    if not isinstance(section, dict):
        section = document[SECTION] = {}
    section[capability.value] = {
        **_unknown(section.get(capability.value)),
        **_unknown(more),
        **route.members(),
    }


def remove_route(document: dict[str, Any], capability: Capability) -> None:
    """Remove one route. The section stays, if need be as `{}`: so the absence is a decision."""
    section = document.get(SECTION)
    if isinstance(section, dict):
        section.pop(capability.value, None)
    else:
        document[SECTION] = {}


def remove_cloud_routes(document: dict[str, Any]) -> None:
    """Remove every route that needs a sign-in to Eliza Cloud, and its account; never raises."""
    section = document.get(SECTION)
    if isinstance(section, dict):
        for capability in Capability:
            route = route_in(section.get(capability.value))
            if route is not None and route.needs_cloud:
                del section[capability.value]
    accounts = document.get("linkedAccounts")
    if isinstance(accounts, dict) and accounts.pop(ELIZA_CLOUD, None) is not None and not accounts:
        del document["linkedAccounts"]


def _unknown(entry: Any) -> dict[str, Any]:
    if not isinstance(entry, dict):
        return {}
    return {name: value for name, value in entry.items() if name not in MEMBERS}
