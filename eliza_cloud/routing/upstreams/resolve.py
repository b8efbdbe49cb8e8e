"""From a route to its upstream: Eliza Cloud, or a server of the user's choice."""

import re

import msgspec

from eliza_cloud.core.problems import (
    CAPABILITY_UNSUPPORTED,
    NO_KEY_SET,
    NO_ROUTE_SET,
    OWN_SECRET_NAMED,
    PROVIDER_WITHOUT_ADDRESS,
    REMOTE_WITHOUT_ADDRESS,
    ROUTE_INCOMPLETE,
    UNKNOWN_PROVIDER,
    Problem,
)
from eliza_cloud.redaction.secret import Secret
from eliza_cloud.routing.config.table import RoutingTable
from eliza_cloud.routing.config.types import ELIZA_CLOUD, Capability, Route, Transport
from eliza_cloud.routing.upstreams.accounts import Account
from eliza_cloud.routing.upstreams.env import Variables
from eliza_cloud.routing.upstreams.providers import Provider
from eliza_cloud.routing.upstreams.url import web_address, with_version, without_version
from eliza_cloud.store.config.env import OWN_SECRETS

#: The variable with the token of remote servers.
REMOTE_TOKEN = "ELIZA_REMOTE_TOKEN"  # noqa: S105 - the variable's name


class CloudUpstream(msgspec.Struct, frozen=True):
    """To Eliza Cloud, with the stored key."""

    capability: Capability
    route: Route


class DirectUpstream(msgspec.Struct, frozen=True):
    """To a provider or a remote server: `label` for sentences, `base` of the OpenAI-compatible endpoints.

    `chains` is the address of chain calls, with `{chain}` in it. At least one of the accounts can be used.
    """

    capability: Capability
    route: Route
    label: str
    base: str
    chains: str
    accounts: tuple[Account, ...]


Upstream = CloudUpstream | DirectUpstream


class RouteUnavailable(Exception):  # noqa: N818 - the fact, as its readers name it
    """A capability has no usable route; `problem` says why and how to change it."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def resolve_upstream(capability: Capability, table: RoutingTable, variables: Variables) -> Upstream:
    """Return a capability's upstream; raises `RouteUnavailable`. Whether one is signed in is not asked."""
    route = table.routes.get(capability)
    if route is None:
        raise RouteUnavailable(NO_ROUTE_SET.occurred(capability=capability))
    if route.transport is Transport.REMOTE:
        return _remote(capability, route, table, variables)
    if route.transport is Transport.DIRECT and route.backend and not route.needs_cloud:
        return _direct(capability, route, table, variables)
    if route.transport is Transport.CLOUD_PROXY and route.backend == ELIZA_CLOUD:
        return CloudUpstream(capability, route)
    raise RouteUnavailable(ROUTE_INCOMPLETE.occurred(capability=capability))


def _direct(
    capability: Capability, route: Route, table: RoutingTable, variables: Variables
) -> DirectUpstream:
    name = route.backend or ""
    provider = table.providers.get(name)
    if provider is None:
        raise RouteUnavailable(
            UNKNOWN_PROVIDER.occurred(
                provider=name, capability=capability, known=", ".join(sorted(table.providers))
            )
        )
    if capability is Capability.RPC and not provider.serves_rpc:
        raise RouteUnavailable(CAPABILITY_UNSUPPORTED.occurred(provider=name))
    base = _base(provider, variables)
    if base is None:
        raise RouteUnavailable(PROVIDER_WITHOUT_ADDRESS.occurred(provider=name, capability=capability))
    named = provider.key_variables
    accounts = _accounts(name, named, route, variables)
    if provider.key_required:
        accounts = _with_key(accounts, name, capability)
    chains = base if "{chain}" in base else f"{base}/{{chain}}"
    return DirectUpstream(capability, route, name, with_version(base), chains, accounts)


def _remote(
    capability: Capability, route: Route, table: RoutingTable, variables: Variables
) -> DirectUpstream:
    base = route.remote_api_base
    if base is None:
        raise RouteUnavailable(REMOTE_WITHOUT_ADDRESS.occurred(capability=capability))
    root = without_version(base)
    accounts = _accounts("remote", (REMOTE_TOKEN,), route, variables)
    if not route.accounts and accounts[0].key is None and table.remote_base == base and table.remote_token:
        accounts = (
            Account("remote", "default", "deploymentTarget.remoteAccessToken", Secret(table.remote_token)),
        )
    if route.accounts:
        accounts = _with_key(accounts, "the remote server", capability)
    return DirectUpstream(capability, route, root, f"{root}/v1", f"{root}/rpc/{{chain}}", accounts)


def _base(provider: Provider, variables: Variables) -> str | None:
    given = provider.base_variable and variables.value(provider.base_variable)
    return web_address(given) if given else provider.base


def _accounts(owner: str, named: tuple[str, ...], route: Route, variables: Variables) -> tuple[Account, ...]:
    """Return the route's accounts: the key of an account WORK is in the provider's variable with `_WORK`."""
    usual = {"default", owner}
    return tuple(
        _account(owner, name, named if name in usual else _suffixed(named, name), variables)
        for name in route.accounts or ("default",)
    )


def _account(owner: str, name: str, named: tuple[str, ...], variables: Variables) -> Account:
    if own := OWN_SECRETS.intersection(named):
        raise RouteUnavailable(OWN_SECRET_NAMED.occurred(provider=owner, variable=min(own)))
    found = ((variable, variables.value(variable)) for variable in named)
    variable, key = next((one for one in found if one[1]), (named[0] if named else None, None))
    return Account(owner, name, variable, Secret(key) if key else None)


def _suffixed(named: tuple[str, ...], account: str) -> tuple[str, ...]:
    return tuple(f"{variable}_{re.sub('[^A-Z0-9]', '_', account.upper())}" for variable in named[:1])


def _with_key(accounts: tuple[Account, ...], label: str, capability: Capability) -> tuple[Account, ...]:
    usable = tuple(account for account in accounts if account.key is not None)
    if not usable:
        wanted = " or ".join(str(account.variable) for account in accounts)
        raise RouteUnavailable(NO_KEY_SET.occurred(capability=capability, provider=label, variable=wanted))
    return usable
