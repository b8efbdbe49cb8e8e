"""Which routes count: those that are set, or else one that follows from the file (§16, Defaults)."""

from collections.abc import Mapping
from typing import Any

from eliza_cloud.routing.contract import SECTION, Capability, Route, Transport
from eliza_cloud.routing.normalise import route_in, routes_in
from eliza_cloud.routing.providers import PROVIDERS


def routes_in_force(document: Mapping[str, Any]) -> dict[Capability, Route]:
    """Return the routes that count. Once `serviceRouting` is there, be it `{}`, it alone decides."""
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
    env = document.get("env")
    if isinstance(env, dict):
        for provider in PROVIDERS.values():
            if any(isinstance(env.get(name), str) and env[name].strip() for name in provider.key_variables):
                return Route(backend=provider.id, transport=Transport.DIRECT)
    return None
