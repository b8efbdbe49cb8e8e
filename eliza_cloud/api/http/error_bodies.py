"""What a problem looks like: OpenAI's error object under /v1, ours everywhere else."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from eliza_cloud.core.problems import Action, Problem, action_of

_TYPES = {
    401: "authentication_error",
    402: "insufficient_quota",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    503: "service_unavailable",
}

Sentence = Annotated[str, Meta(description="What went wrong and what to do about it, for a person.")]
Code = Annotated[str, Meta(description="The same for a program; it stays as it is from version to version.")]


NextAction = Annotated[Action, Meta(description="What a button would do about it; absent for nothing.")]


class ErrorBody(msgspec.Struct, frozen=True):
    """A request that failed. Beside these members stand the cloud's own details, under the cloud's names."""

    ok: Annotated[bool, Meta(extra_json_schema={"const": False})]
    error: Sentence
    code: Code
    action: NextAction | UnsetType = UNSET


class CloudRefused(msgspec.Struct, frozen=True):
    """The cloud's own refusal, as it came."""

    error: str


class OpenAiError(msgspec.Struct, frozen=True):
    """OpenAI's error object."""

    message: Sentence
    type: str
    code: Code
    param: str | None
    action: NextAction | UnsetType = UNSET


class OpenAiRefused(msgspec.Struct, frozen=True):
    """A request under /v1 that failed. Beside the error's members stand the cloud's own details."""

    error: OpenAiError


def our_error(problem: Problem) -> dict[str, Any]:
    """Return our body for a problem; the cloud's details override none of its members."""
    body: dict[str, Any] = msgspec.to_builtins(
        ErrorBody(ok=False, error=problem.message, code=problem.code, action=_action(problem))
    )
    return body | {name: value for name, value in problem.details.items() if name not in body}


def openai_error(problem: Problem) -> dict[str, Any]:
    """Return OpenAI's body for a problem; the cloud's details override none of its members."""
    kind = _TYPES.get(problem.status, "server_error" if problem.status >= 500 else "invalid_request_error")
    error = OpenAiError(
        message=problem.message, type=kind, code=problem.code, param=None, action=_action(problem)
    )
    return {"error": {**problem.details, **msgspec.to_builtins(error)}}


def _action(problem: Problem) -> Action | UnsetType:
    return action_of(problem.code) or UNSET
