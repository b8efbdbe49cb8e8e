"""Which road each capability takes (handlers: `api/routing.py`, `api/provider_switch.py`)."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from eliza_cloud.api.operation import Answer, Body, Operation
from eliza_cloud.api.wire.agents import Ok
from eliza_cloud.api.wire.errors import BODY, STORE_FAILED, invalid
from eliza_cloud.core.failure import Failure
from eliza_cloud.routing.contract import ELIZA_CLOUD, Capability, Route, Transport
from eliza_cloud.routing.switching import MAX_KEY
from eliza_cloud.routing.view import CapabilityView, RoutingView

_GROUP = "Routes"

SWITCH_IN_PROGRESS = Failure(
    code="switch_in_progress", status=409, message="Provider switch already in progress", retryable=True
)


def unknown_capability(status: int) -> Failure:
    """Return the failure for a capability that does not exist: 404 in a path, 400 in a body."""
    known = ", ".join(Capability)
    return Failure(
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
        Answer(
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
    answers=(Answer(200, "Set.", Routed, Routed(ok=True, capability=Capability.TTS, **_STATE)),),
    errors=(unknown_capability(404), *BODY, _INVALID_ROUTE, STORE_FAILED),
)
CLEAR = Operation(
    group=_GROUP,
    summary="Remove the route of a capability",
    about="It has no road then. Repeatable.",
    answers=(Answer(200, "Removed.", Routed, Routed(ok=True, capability=Capability.TTS, **_NONE)),),
    errors=(unknown_capability(404), STORE_FAILED),
)
SWITCH = Operation(
    group=_GROUP,
    summary="Switch a capability to another provider",
    about="Rewrites the route of that capability and nothing else; no restart is needed.",
    body=Body(model=ProviderSwitch, example=ProviderSwitch("openai", "sk-your-key", "gpt-5-mini")),
    answers=(
        Answer(
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
