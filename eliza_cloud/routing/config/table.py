"""What eliza.json says about routing, read once per change of the file."""

from collections.abc import Mapping
from typing import Any

import msgspec

from eliza_cloud.routing.config.parse import route_in, routes_in, unknown_members
from eliza_cloud.routing.config.types import SECTION, Capability, Route, Transport
from eliza_cloud.routing.upstreams.env import variables_in
from eliza_cloud.routing.upstreams.providers import PROVIDERS, Provider, providers_in
from eliza_cloud.routing.upstreams.url import web_address


class RoutingTable(msgspec.Struct, frozen=True):
    """The routes in force and what resolving them takes.

    `inferred` tells that the file sets none; `ignored` names members of a route that mean nothing here.
    `remote_token` is for `remote_base` alone.
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


def routes_in_force(document: Mapping[str, Any]) -> dict[Capability, Route]:
    """Return the routes in force. Once `serviceRouting` is there, be it `{}`, it alone decides."""
    return routes_in(document) if isinstance(document.get(SECTION), dict) else inferred(document)


def inferred(document: Mapping[str, Any]) -> dict[Capability, Route]:
    """Return the one route that follows from a file which sets none: a remote target, or a provider's key."""
    route = remote_target(document) or local_provider(document)
    return {} if route is None else {Capability.LLM_TEXT: route}


def remote_target(document: Mapping[str, Any]) -> Route | None:
    """Return the route to the remote server that `deploymentTarget` names."""
    target = document.get("deploymentTarget")
    if not isinstance(target, dict) or target.get("runtime") != "remote":
        return None
    route = route_in({"transport": "remote", "remoteApiBase": target.get("remoteApiBase")})
    return route if route is not None and route.remote_api_base else None


def local_provider(document: Mapping[str, Any]) -> Route | None:
    """Return the direct route to the first provider whose key is in the file's `env`."""
    env = variables_in(document)
    for provider in PROVIDERS.values():
        if any(env.get(name, "").strip() for name in provider.key_variables):
            return Route(backend=provider.id, transport=Transport.DIRECT)
    return None
