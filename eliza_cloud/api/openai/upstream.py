"""What the endpoints of the routed capabilities have in common: their types, and the problems of an upstream.

Of a body only the members that are read here are described; further ones are passed on.
"""

from typing import Annotated, Any

from msgspec import Meta

from eliza_cloud.api.http.inputs import Body
from eliza_cloud.api.openapi.error_examples import CLOUD, examples
from eliza_cloud.api.openapi.operation import Operation, SuccessResponse
from eliza_cloud.core.problems import (
    CAPABILITY_UNSUPPORTED,
    MODEL_NOT_FOUND,
    NO_KEY_SET,
    NO_ROUTE_SET,
    PROVIDER_CREDITS_EXHAUSTED,
    PROVIDER_KEY_REJECTED,
    PROVIDER_REFUSED,
    PROVIDER_SERVER_ERROR,
    PROVIDER_TIMEOUT,
    PROVIDER_UNREACHABLE,
    PROVIDER_WITHOUT_ADDRESS,
    QUOTA_EXHAUSTED,
    RESPONSE_TRUNCATED,
    ROUTE_INCOMPLETE,
    UNKNOWN_PROVIDER,
    Problem,
)

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


#: What using an upstream can meet.
UPSTREAM_PROBLEMS: tuple[Problem, ...] = (
    *CLOUD,
    *examples(
        MODEL_NOT_FOUND,
        QUOTA_EXHAUSTED,
        NO_ROUTE_SET,
        ROUTE_INCOMPLETE,
        UNKNOWN_PROVIDER,
        CAPABILITY_UNSUPPORTED,
        PROVIDER_WITHOUT_ADDRESS,
        NO_KEY_SET,
        PROVIDER_KEY_REJECTED,
        PROVIDER_CREDITS_EXHAUSTED,
        PROVIDER_REFUSED,
        PROVIDER_UNREACHABLE,
        PROVIDER_SERVER_ERROR,
        PROVIDER_TIMEOUT,
        RESPONSE_TRUNCATED,
    ),
)
AUDIO = SuccessResponse(200, "The audio as it comes.", media="audio/*")


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
