"""What eliza.json says about routing, read once per change of the file."""

from collections.abc import Mapping
from typing import Any

import msgspec

from eliza_cloud.routing.contract import SECTION, Capability, Route
from eliza_cloud.routing.in_force import routes_in_force
from eliza_cloud.routing.normalise import unknown_members
from eliza_cloud.routing.providers import Provider, providers_in
from eliza_cloud.routing.variables import variables_in
from eliza_cloud.routing.web_address import web_address


class RoutingTable(msgspec.Struct, frozen=True):
    """The routes that count and what leading them anywhere takes.

    `inferred` tells that the file sets none; `ignored` names members of a route that mean nothing here.
    `remote_token` counts for `remote_base` alone.
    """

    routes: dict[Capability, Route] = {}
    inferred: bool = False
    ignored: dict[Capability, list[str]] = {}
    providers: dict[str, Provider] = {}
    variables: dict[str, str] = {}
    remote_base: str | None = None
    remote_token: str | None = None


def table_of(document: Mapping[str, Any]) -> RoutingTable:
    """Read a document; whatever cannot be understood is left out."""
    section = document.get(SECTION)
    target = document.get("deploymentTarget")
    base, token = (
        (target.get("remoteApiBase"), target.get("remoteAccessToken"))
        if isinstance(target, dict)
        else (None, None)
    )
    return RoutingTable(
        routes=routes_in_force(document),
        inferred=not isinstance(section, dict),
        ignored={
            capability: names
            for capability in Capability
            if isinstance(section, dict) and (names := unknown_members(section.get(capability.value)))
        },
        providers=providers_in(document),
        variables=variables_in(document),
        remote_base=web_address(base.strip()) if isinstance(base, str) else None,
        remote_token=(token.strip() or None) if isinstance(token, str) else None,
    )
