"""What the endpoints of the routed capabilities have in common: their types, and the problems of an upstream.

Of a body only the members that are read here are described; further ones are passed on.
"""

from typing import Annotated, Any

from msgspec import Meta

from eliza_cloud.api.http.relay import CUT
from eliza_cloud.api.http.request_body import Body
from eliza_cloud.api.openapi.error_examples import CLOUD, invalid
from eliza_cloud.api.openapi.operation import Operation, SuccessResponse
from eliza_cloud.core.problems import Problem

GROUP = "Capabilities"
OTHERS = "What the upstream refuses keeps its 4xx, with its own code where it names one."
PASSED_ON = "What the upstream answers, as it comes."

Model = Annotated[
    str,
    Meta(
        description="A model, a tier such as `small`, or `eliza-agent`; the route's own when none is named."
    ),
]
Text = Annotated[str, Meta(min_length=1, pattern=r"\S")]


def _closed(code: str, message: str) -> Problem:
    return Problem(code=code, status=503, message=message)


#: What using an upstream can meet.
UPSTREAM_PROBLEMS: tuple[Problem, ...] = (
    *CLOUD,
    _closed(
        "capability_not_routed",
        "No route is set for tts. Set one with `eliza-cloud routing set tts BACKEND`.",
    ),
    _closed("route_incomplete", "The route of tts leads nowhere: it needs a backend, or a remoteApiBase."),
    _closed(
        "unknown_provider",
        "The provider mine of tts is not known. Describe it under providers in eliza.json.",
    ),
    _closed("capability_unsupported", "groq answers no chain calls. Route rpc to elizacloud."),
    _closed("provider_without_address", "The provider mine of tts has no valid address."),
    _closed("provider_key_missing", "tts goes to openai, but there is no key: set OPENAI_API_KEY under env."),
    Problem(
        code="provider_key_rejected", status=401, message="openai does not accept the key in OPENAI_API_KEY."
    ),
    Problem(
        code="provider_credits_exhausted", status=402, message="openai asks for more credits. Top up there."
    ),
    Problem(code="provider_refused", status=422, message="openai refused the request: HTTP 422."),
    Problem(code="provider_unreachable", status=502, message="openai cannot be reached. Check its base URL."),
    Problem(
        code="provider_server_error",
        status=502,
        message="openai has a fault (HTTP 500). Try again in a moment.",
    ),
    Problem(
        code="provider_timeout", status=504, message="openai took too long to answer. Try again in a moment."
    ),
    CUT,
)
MODEL_NOT_CONFIGURED = invalid(
    "The route names no model for small: set smallModel or primaryModel.", "model_not_configured"
)
MODEL_REQUIRED = invalid("model is required: the route of llmText names none", "model_required")
AUDIO = SuccessResponse(200, "The audio as it comes.", media="audio/mpeg")


def upstream_operation(
    name: str,
    summary: str,
    body: Body[Any],
    answers: tuple[SuccessResponse, ...],
    *errors: Problem,
    **more: Any,
) -> Operation:
    """Return the contract of an endpoint that takes the route of its capability."""
    return Operation(
        id=name,
        group=GROUP,
        summary=summary,
        body=body,
        answers=answers,
        errors=(*errors, *UPSTREAM_PROBLEMS),
        others=OTHERS,
        **more,
    )
