"""What is configured, what is in force, and why: for people and programs, without any key."""

import msgspec
from msgspec import UNSET, UnsetType

from eliza_cloud.routing.config.table import RoutingTable
from eliza_cloud.routing.config.types import Capability, Route
from eliza_cloud.routing.gateway import Gateway
from eliza_cloud.routing.upstreams.resolve import CloudUpstream, DirectUpstream, Upstream
from eliza_cloud.runtime.errors import LinkError


class AccountView(msgspec.Struct, frozen=True, rename="camel"):
    """An account of a route; `keyVariable` is null when it has no key."""

    name: str
    key_variable: str | None
    cooldown_seconds: int


class CapabilityView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One capability: its route, whether it can be used now, and if not, why and what to do.

    `inferred` tells that the route is not set, but follows from what else eliza.json says; `ignored` names
    members that mean nothing. Where it leads, and with which accounts, is shown only while it is usable.
    """

    configured: Route | None
    in_force: Route | None
    inferred: bool
    ignored: list[str]
    usable: bool
    reason: str | None
    message: str | None
    leads_to: str | UnsetType = UNSET
    address: str | UnsetType = UNSET
    accounts: list[AccountView] | UnsetType = UNSET


class RoutingView(msgspec.Struct, frozen=True, kw_only=True):
    """The state of all capabilities; `problem` is why eliza.json as it is now is not used."""

    capabilities: dict[Capability, CapabilityView]
    problem: str | None


async def routing_view(gateway: Gateway) -> RoutingView:
    """Return the state of all capabilities."""
    table = await gateway.table()
    views = {capability: capability_view(gateway, table, capability) for capability in Capability}
    return RoutingView(capabilities=views, problem=gateway.problem)


def capability_view(gateway: Gateway, table: RoutingTable, capability: Capability) -> CapabilityView:
    """Return one capability as it is now."""
    route = table.routes.get(capability)
    view = CapabilityView(
        configured=None if table.inferred else route,
        in_force=None,
        inferred=table.inferred and route is not None,
        ignored=table.ignored.get(capability, []),
        usable=False,
        reason=None,
        message=None,
    )
    try:
        upstream = gateway.resolve(capability, table)
    except LinkError as error:
        problem = error.problem
        return msgspec.structs.replace(view, reason=problem.code, message=problem.message)
    leads_to, address = (
        ("Eliza Cloud", UNSET) if isinstance(upstream, CloudUpstream) else (upstream.label, upstream.base)
    )
    return msgspec.structs.replace(
        view,
        in_force=route,
        usable=True,
        leads_to=leads_to,
        address=address,
        accounts=_accounts(gateway, upstream),
    )


def _accounts(gateway: Gateway, upstream: Upstream) -> list[AccountView]:
    accounts = upstream.accounts if isinstance(upstream, DirectUpstream) else ()
    return [
        AccountView(
            name=account.name,
            key_variable=account.variable if account.key else None,
            cooldown_seconds=round(gateway.accounts.cooldown(account)),
        )
        for account in accounts
    ]
