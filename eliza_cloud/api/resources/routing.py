"""Which road each capability takes: show, set, clear (local-api §16)."""

import asyncio
from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import Meta
from msgspec.structs import asdict

from eliza_cloud.api.app_keys import GATEWAY
from eliza_cloud.api.http.request_body import read_object
from eliza_cloud.api.http.responses import answer
from eliza_cloud.api.middleware.errors import RequestError, bad_request
from eliza_cloud.api.openapi.error_examples import BODY, STORE_FAILED, invalid
from eliza_cloud.api.openapi.operation import Body, Operation, SuccessResponse
from eliza_cloud.api.resources.agents import Ok
from eliza_cloud.core.problems import Problem
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

SWITCH_IN_PROGRESS = Problem(
    code="switch_in_progress", status=409, message="Provider switch already in progress", retryable=True
)


def unknown_capability(status: int) -> Problem:
    """Return the failure for a capability that does not exist: 404 in a path, 400 in a body."""
    known = ", ".join(Capability)
    return Problem(
        code="unknown_capability",
        status=status,
        message=f"There is no such capability. Those that can be routed are {known}.",
    )


class Routing(RoutingView, frozen=True, kw_only=True):
    """The state of all capabilities; `problem` is why eliza.json as it is now does not count."""

    ok: Ok


class Routed(CapabilityView, frozen=True, kw_only=True, rename="camel"):
    """The capability as it is after the change."""

    ok: Ok
    capability: Capability


class ProviderSwitch(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A provider's id, `elizacloud`, or `remote`. Of `llmText` unless `capability` names another."""

    provider: Annotated[str, Meta(min_length=1, pattern=r"\S")]
    api_key: Annotated[str, Meta(max_length=MAX_KEY, pattern=r"^[!-~]*$")] | None = None
    primary_model: str | None = None
    remote_api_base: Annotated[str, Meta(description="For `remote`: the server's address.")] | None = None
    capability: Capability | None = None
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
    "message": "No route is set for tts. Set one with `eliza-cloud routing set tts BACKEND`.",
}
_INVALID_ROUTE = invalid("transport direct needs the backend of a provider, such as openai.", "invalid_route")

SHOW = Operation(
    group=_GROUP,
    summary="Where each capability goes",
    about="What is configured, what is in force, and why a road that is set cannot be used yet.",
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
    group=_GROUP,
    summary="Set the route of a capability",
    about="Counts from the next request on. `transport` follows from the rest.",
    body=Body(model=Route, example=Route(backend=ELIZA_CLOUD)),
    answers=(SuccessResponse(200, "Set.", Routed, Routed(ok=True, capability=Capability.TTS, **_STATE)),),
    errors=(unknown_capability(404), *BODY, _INVALID_ROUTE, STORE_FAILED),
)
CLEAR = Operation(
    group=_GROUP,
    summary="Remove the route of a capability",
    about="It has no road then. Repeatable.",
    answers=(SuccessResponse(200, "Removed.", Routed, Routed(ok=True, capability=Capability.TTS, **_NONE)),),
    errors=(unknown_capability(404), STORE_FAILED),
)
SWITCH = Operation(
    group=_GROUP,
    summary="Switch a capability to another provider",
    about="Rewrites the route of that capability and nothing else; no restart is needed.",
    body=Body(model=ProviderSwitch, example=ProviderSwitch("openai", "sk-your-key", "gpt-5-mini")),
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
        *BODY,
        invalid("primaryModel must be a string"),
        invalid("Missing provider", "missing_provider"),
        invalid("Invalid provider", "invalid_provider"),
        invalid("API key is too long", "invalid_key"),
        _INVALID_ROUTE,
        unknown_capability(400),
        SWITCH_IN_PROGRESS,
        STORE_FAILED,
    ),
)


async def show_routing(request: web.Request) -> web.Response:
    """GET /api/cloud/routing: for each capability what is configured, what is in force, and why."""
    return answer(Routing(ok=True, **asdict(await routing_view(request.app[GATEWAY]))))


async def set_route(request: web.Request) -> web.Response:
    """PUT /api/cloud/routing/{capability} {backend, …}: counts for the next request."""
    capability = capability_of(request.match_info["capability"], 404)
    body = await read_object(request)
    try:
        route = checked_route(body)
    except RouteRefused as refused:
        raise bad_request(f"{refused}.", "invalid_route") from None
    await write(request, setting(capability, route, body))
    return await _shown(request, capability)


async def clear_route(request: web.Request) -> web.Response:
    """DELETE /api/cloud/routing/{capability}: the capability has no road then; repeatable."""
    capability = capability_of(request.match_info["capability"], 404)
    await write(request, clearing(capability))
    return await _shown(request, capability)


def capability_of(name: str, status: int = 400) -> Capability:
    """Return the capability of that name; raises `RequestError` with `status`."""
    try:
        return Capability(name)
    except ValueError:
        raise RequestError(unknown_capability(status)) from None


async def write(request: web.Request, change: Change) -> None:
    """Change eliza.json; a file that cannot be changed is a 500 with the reason."""
    try:
        await asyncio.to_thread(request.app[GATEWAY].config.update, change)
    except StoreError as error:
        raise RequestError(Problem(code="store_failed", status=500, message=str(error))) from None


async def _shown(request: web.Request, capability: Capability) -> web.Response:
    gateway = request.app[GATEWAY]
    view = capability_view(gateway, await gateway.table(), capability)
    return answer(Routed(ok=True, capability=capability, **asdict(view)))


async def switch_provider(request: web.Request) -> web.Response:
    """Rewrite the route of `capability` (llmText by default) and nothing else; no restart is needed.

    Body: provider, apiKey?, primaryModel?, remoteApiBase? (for `remote`), capability?. `useLocalEmbeddings`,
    which front ends send, would change a second capability and is ignored.
    """
    body = await read_object(request)
    name = _text(body, "provider", "Missing provider")
    if name is None:
        raise bad_request("Missing provider", "missing_provider")
    capability = capability_of(_text(body, "capability") or Capability.LLM_TEXT.value)
    gateway = request.app[GATEWAY]
    providers = (await gateway.table()).providers
    provider = known_provider(name, providers)
    if provider is None:
        raise bad_request("Invalid provider", "invalid_provider")
    key = _key(body)
    try:
        route = switched_route(provider, _text(body, "primaryModel"), _text(body, "remoteApiBase"))
        variable = key_variable(provider, providers) if key else None
    except RouteRefused as refused:
        raise bad_request(f"{refused}.", "invalid_route") from None
    if gateway.switching.locked():
        raise RequestError(SWITCH_IN_PROGRESS)
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


def _key(body: dict[str, Any]) -> str | None:
    key = _text(body, "apiKey")
    if key is not None and len(key) > MAX_KEY:
        raise bad_request("API key is too long", "invalid_key")
    if key is not None and not all("!" <= character <= "~" for character in key):
        raise bad_request("API key must be printable ASCII without blanks", "invalid_key")
    return key


def _text(body: dict[str, Any], name: str, message: str | None = None) -> str | None:
    value = body.get(name)
    if not isinstance(value, str | None):
        raise bad_request(message or f"{name} must be a string")
    return (value.strip() or None) if value else None
