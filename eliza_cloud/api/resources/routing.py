"""The route of each capability: show, set, clear, switch the provider (local-api §12, §16)."""

import asyncio
from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import Meta
from msgspec.structs import asdict

from eliza_cloud.api.app_keys import GATEWAY
from eliza_cloud.api.http.inputs import Body, Parameter
from eliza_cloud.api.http.responses import RequestError, answer
from eliza_cloud.api.openapi.operation import Operation, SuccessResponse
from eliza_cloud.api.resources.agents import Ok
from eliza_cloud.core.problems import (
    INVALID_KEY,
    INVALID_PROVIDER,
    INVALID_ROUTE,
    MISSING_PROVIDER,
    NO_ROUTE_SET,
    STORE_FAILED,
    SWITCH_IN_PROGRESS,
    UNKNOWN_CAPABILITY,
)
from eliza_cloud.routing.config.parse import RouteRefused, checked_route
from eliza_cloud.routing.config.provider_switch import (
    MAX_KEY,
    key_variable,
    known_provider,
    switched_route,
    switching,
)
from eliza_cloud.routing.config.transactions import Change, clearing, setting
from eliza_cloud.routing.config.types import ELIZA_CLOUD, Capability, Route, Transport
from eliza_cloud.routing.view import CapabilityView, RoutingView, capability_view, routing_view
from eliza_cloud.store.errors import StoreError

_GROUP = "Routes"


class Routing(RoutingView, frozen=True, kw_only=True):
    """The state of all capabilities; `problem` is why eliza.json as it is now does not count."""

    ok: Ok


class Routed(CapabilityView, frozen=True, kw_only=True, rename="camel"):
    """The capability as it is after the change."""

    ok: Ok
    capability: Capability


ProviderKey = Annotated[
    str,
    Meta(
        max_length=MAX_KEY,
        pattern=r"^\s*[!-~]*\s*$",
        extra={
            "expected": "printable ASCII without blanks",
            "too_long": "API key is too long",
            "code": "invalid_key",
        },
    ),
]


class ProviderSwitch(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A provider's id, `elizacloud`, or `remote`. Of `llmText` unless `capability` names another."""

    provider: Annotated[
        str,
        Meta(
            min_length=1,
            pattern=r"\S",
            extra={"sentence": "Missing provider", "code": "missing_provider"},
        ),
    ]
    api_key: ProviderKey | None = None
    primary_model: str | None = None
    remote_api_base: Annotated[str, Meta(description="For `remote`: the server's address.")] | None = None
    capability: (
        Annotated[
            Capability,
            Meta(
                extra={
                    "sentence": UNKNOWN_CAPABILITY.occurred(status=400).message,
                    "code": "unknown_capability",
                }
            ),
        ]
        | None
    ) = None
    use_local_embeddings: Annotated[Any, Meta(description="Has no effect.")] = None


class ProviderSwitched(msgspec.Struct, frozen=True, rename="camel"):
    """The provider in force from the next request on."""

    ok: Ok
    success: bool
    provider: str
    capability: Capability
    restarting: bool
    requires_restart: bool


_ROUTE = Route(backend=ELIZA_CLOUD, transport=Transport.CLOUD_PROXY, account_id=ELIZA_CLOUD)
_STATE: dict[str, Any] = {
    "configured": _ROUTE,
    "in_force": _ROUTE,
    "inferred": False,
    "ignored": [],
    "usable": True,
    "reason": None,
    "message": None,
    "leads_to": "Eliza Cloud",
    "accounts": [],
}
_NONE: dict[str, Any] = {
    "configured": None,
    "in_force": None,
    "inferred": False,
    "ignored": [],
    "usable": False,
    "reason": "capability_not_routed",
    "message": NO_ROUTE_SET.example().message,
}
_INVALID_ROUTE = INVALID_ROUTE.example()

CAPABILITY = Parameter[Capability](
    "capability",
    "What is routed.",
    Capability,
    place="path",
    example="tts",
    problem=UNKNOWN_CAPABILITY.occurred(),
)
NEW_ROUTE = Body(Route(backend=ELIZA_CLOUD), code="invalid_route")
PROVIDER_SWITCH = Body(ProviderSwitch("openai", "sk-your-key", "gpt-5-mini"))

SHOW = Operation(
    id="getRouting",
    group=_GROUP,
    summary="Where each capability goes",
    about="What is configured, what is in force, and why a route that is set cannot be used yet.",
    answers=(
        SuccessResponse(
            200,
            "All five capabilities.",
            Routing,
            Routing(ok=True, capabilities={Capability.TTS: CapabilityView(**_STATE)}, problem=None),
        ),
    ),
)
SET = Operation(
    id="setRoute",
    group=_GROUP,
    summary="Set the route of a capability",
    about="Takes effect with the next request. `transport` follows from the rest.",
    parameters=(CAPABILITY,),
    body=NEW_ROUTE,
    answers=(SuccessResponse(200, "Set.", Routed, Routed(ok=True, capability=Capability.TTS, **_STATE)),),
    errors=(_INVALID_ROUTE, STORE_FAILED.example()),
)
CLEAR = Operation(
    id="clearRoute",
    group=_GROUP,
    summary="Remove the route of a capability",
    about="It has no route then. Repeatable.",
    parameters=(CAPABILITY,),
    answers=(SuccessResponse(200, "Removed.", Routed, Routed(ok=True, capability=Capability.TTS, **_NONE)),),
    errors=(STORE_FAILED.example(),),
)
SWITCH = Operation(
    id="switchProvider",
    group=_GROUP,
    summary="Switch a capability to another provider",
    about="Rewrites the route of that capability and nothing else; no restart is needed.",
    body=PROVIDER_SWITCH,
    answers=(
        SuccessResponse(
            200,
            "Switched.",
            ProviderSwitched,
            ProviderSwitched(
                ok=True,
                success=True,
                provider="openai",
                capability=Capability.LLM_TEXT,
                restarting=False,
                requires_restart=False,
            ),
        ),
    ),
    errors=(
        MISSING_PROVIDER.example(),
        INVALID_PROVIDER.example(),
        INVALID_KEY.example(),
        _INVALID_ROUTE,
        UNKNOWN_CAPABILITY.occurred(status=400),
        SWITCH_IN_PROGRESS.example(),
        STORE_FAILED.example(),
    ),
)


async def show_routing(request: web.Request) -> web.Response:
    """GET /api/cloud/routing: for each capability what is configured, what is in force, and why."""
    return answer(Routing(ok=True, **asdict(await routing_view(request.app[GATEWAY]))))


async def set_route(request: web.Request) -> web.Response:
    """PUT /api/cloud/routing/{capability} {backend, …}: takes effect with the next request."""
    capability = CAPABILITY.read(request)
    body = await NEW_ROUTE.read_document(request)
    NEW_ROUTE.convert(body)
    try:
        route = checked_route(body)
    except RouteRefused as refused:
        raise RequestError(INVALID_ROUTE.occurred(what=f"{refused}.")) from None
    await write(request, setting(capability, route, body))
    return await _shown(request, capability)


async def clear_route(request: web.Request) -> web.Response:
    """DELETE /api/cloud/routing/{capability}: the capability has no route then; repeatable."""
    capability = CAPABILITY.read(request)
    await write(request, clearing(capability))
    return await _shown(request, capability)


async def write(request: web.Request, change: Change) -> None:
    """Change eliza.json; a file that cannot be changed is a 500 with the reason."""
    try:
        await asyncio.to_thread(request.app[GATEWAY].config.update, change)
    except StoreError as error:
        raise RequestError(STORE_FAILED.occurred(what=error)) from None


async def _shown(request: web.Request, capability: Capability) -> web.Response:
    gateway = request.app[GATEWAY]
    view = capability_view(gateway, await gateway.table(), capability)
    return answer(Routed(ok=True, capability=capability, **asdict(view)))


async def switch_provider(request: web.Request) -> web.Response:
    """Rewrite the route of `capability` (llmText by default) and nothing else; no restart is needed.

    Body: provider, apiKey?, primaryModel?, remoteApiBase? (for `remote`), capability?. `useLocalEmbeddings`,
    which front ends send, would change a second capability and is ignored.
    """
    wanted = await PROVIDER_SWITCH.read(request)
    capability = wanted.capability or Capability.LLM_TEXT
    gateway = request.app[GATEWAY]
    providers = (await gateway.table()).providers
    provider = known_provider(wanted.provider, providers)
    if provider is None:
        raise RequestError(INVALID_PROVIDER.occurred())
    key = _trimmed(wanted.api_key)
    try:
        route = switched_route(provider, _trimmed(wanted.primary_model), _trimmed(wanted.remote_api_base))
        variable = key_variable(provider, providers) if key else None
    except RouteRefused as refused:
        raise RequestError(INVALID_ROUTE.occurred(what=f"{refused}.")) from None
    if gateway.switching.locked():
        raise RequestError(SWITCH_IN_PROGRESS.occurred())
    async with gateway.switching:
        await write(request, switching(capability, route, (variable, key) if variable and key else None))
    return answer(
        ProviderSwitched(
            ok=True,
            success=True,
            provider=provider,
            capability=capability,
            restarting=False,
            requires_restart=False,
        )
    )


def _trimmed(text: str | None) -> str | None:
    return (text or "").strip() or None
