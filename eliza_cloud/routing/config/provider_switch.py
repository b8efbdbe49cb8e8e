"""Switching a capability to another provider (local-api §12): its own route, and nothing else."""

from typing import Any

from eliza_cloud.routing.config.parse import RouteRefused, backend_id, checked_route
from eliza_cloud.routing.config.transactions import Change, setting
from eliza_cloud.routing.config.types import ELIZA_CLOUD, Capability, Route
from eliza_cloud.routing.upstreams.env import put_variable
from eliza_cloud.routing.upstreams.providers import Provider
from eliza_cloud.routing.upstreams.resolve import REMOTE_TOKEN

REMOTE = "remote"
MAX_KEY = 512


def switched_route(provider: str, primary_model: str | None, remote_base: str | None) -> Route:
    """Return the route to a provider, to `elizacloud` or to `remote`; raises RouteRefused."""
    members: dict[str, Any] = {"primaryModel": primary_model}
    if provider == REMOTE:
        return checked_route({**members, "transport": REMOTE, "remoteApiBase": remote_base})
    return checked_route({**members, "backend": provider})


def key_variable(provider: str, providers: dict[str, Provider]) -> str:
    """Return the variable a given key is kept in; raises RouteRefused where no key is taken."""
    if provider == ELIZA_CLOUD:
        raise RouteRefused("A key of Eliza Cloud is not taken here: sign in with `eliza-cloud login` instead")
    if provider == REMOTE:
        return REMOTE_TOKEN
    variables = providers[provider].key_variables
    if not variables:
        raise RouteRefused(f"{provider} takes no key: name its variable in providers.{provider}.keyVariable")
    return variables[0]


def known_provider(name: str, providers: dict[str, Provider]) -> str | None:
    """Return the id of a provider one can switch to; None for any other name."""
    provider = backend_id(name)
    return provider if provider in providers or provider in (ELIZA_CLOUD, REMOTE) else None


def switching(capability: Capability, route: Route, key: tuple[str, str] | None) -> Change:
    """Return the change that sets one route and, if given, one (variable, key)."""
    set_route = setting(capability, route)

    def change(document: dict[str, Any]) -> None:
        set_route(document)
        if key is not None:
            put_variable(document, *key)

    return change
