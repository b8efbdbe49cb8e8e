"""How an operation answers, in the words of OpenAPI: its successes and its failures."""

from collections.abc import Callable, Collection, Iterable
from typing import Any

import msgspec

from eliza_cloud.api.http.error_bodies import CloudRefused, ErrorBody, OpenAiRefused, openai_error, our_error
from eliza_cloud.api.openapi.operation import EVENT_STREAM, JSON, SuccessResponse
from eliza_cloud.core.problems import Problem

REF = "#/components/schemas/{name}"
HEADERS = {
    "X-Request-Id": "The request's id, in the log, too.",
    "Retry-After": "Seconds to wait, when it is known.",
    "WWW-Authenticate": "`Bearer`.",
}
#: By status, the headers a failure may carry.
_FAILURE_HEADERS = {401: ("WWW-Authenticate",), 429: ("Retry-After",), 503: ("Retry-After",)}


SchemaOf = Callable[[Any], dict[str, Any]]


class Examples:
    """The examples of failures: one for all operations, except where one has its own sentence."""

    def __init__(self) -> None:
        self.components: dict[str, Any] = {}

    def of(self, problem: Problem, *, openai: bool) -> dict[str, Any]:
        """Return a reference to the example, or the example itself."""
        example = {"value": openai_error(problem) if openai else our_error(problem)}
        name = f"{problem.code}-{problem.status}{'-openai' if openai else ''}"
        if self.components.setdefault(name, example) != example:
            return example
        return {"$ref": f"#/components/examples/{name}"}


def answers_of(answers: Iterable[SuccessResponse], schema_of: SchemaOf) -> dict[str, Any]:
    """Describe the successes; of one status, several media types and several forms."""
    found: dict[str, Any] = {}
    for answer in answers:
        seen = found.setdefault(
            str(answer.status), {"description": "", "headers": headers(()), "content": {}}
        )
        seen["description"] = " ".join(filter(None, [seen["description"], answer.about]))
        seen["headers"] |= {name: header(about) for name, about in answer.headers.items()}
        if answer.media is not None:
            content = seen["content"].setdefault(answer.media, {})
            _merge(content, _content(answer, schema_of))
    return {status: {name: value for name, value in one.items() if value} for status, one in found.items()}


def _content(answer: SuccessResponse, schema_of: SchemaOf) -> dict[str, Any]:
    schema = {} if answer.model is None else schema_of(answer.model)
    if answer.media == EVENT_STREAM:
        return {"schema": _event(schema)}
    if answer.media != JSON:
        binary = {} if str(answer.media).startswith("text/") else {"format": "binary"}
        return {"schema": {"type": "string", **binary}}
    example = {} if answer.example is None else {"example": msgspec.to_builtins(answer.example)}
    return {"schema": schema, **example}


def _event(data: dict[str, Any]) -> dict[str, Any]:
    """Describe a server-sent event by what its `data` holds."""
    held = {"contentMediaType": JSON, "contentSchema": data} if data else {}
    return {
        "description": "One event.",
        "type": "object",
        "required": ["data"],
        "properties": {"data": {"type": "string", **held}},
    }


def _merge(content: dict[str, Any], more: dict[str, Any]) -> None:
    if "schema" in content:
        more = {"schema": {"anyOf": [*content["schema"].get("anyOf", [content["schema"]]), more["schema"]]}}
    content |= more


def failures_of(
    failures: Iterable[Problem], answered: Collection[int], examples: Examples, schema: dict[str, Any]
) -> dict[str, Any]:
    """Describe the failures by status, with an example for each code."""
    by_status: dict[int, dict[str, Problem]] = {}
    for problem in failures:
        if problem.status not in answered:
            by_status.setdefault(problem.status, {}).setdefault(problem.code, problem)
    openai = schema == _reference(OpenAiRefused)
    return {
        str(status): {
            "description": ", ".join(f"`{code}`" for code in found),
            "headers": headers(_FAILURE_HEADERS.get(status, ())),
            "content": {
                JSON: {
                    "schema": schema,
                    "examples": {code: examples.of(one, openai=openai) for code, one in found.items()},
                }
            },
        }
        for status, found in sorted(by_status.items())
    }


def refused(*, openai: bool, verbatim: bool) -> dict[str, Any]:
    """Return the schema of a failure."""
    if openai:
        return _reference(OpenAiRefused)
    if verbatim:
        return {"anyOf": [_reference(ErrorBody), _reference(CloudRefused)]}
    return _reference(ErrorBody)


def _reference(model: type) -> dict[str, Any]:
    return {"$ref": REF.format(name=model.__name__)}


def headers(names: Iterable[str]) -> dict[str, Any]:
    """Refer to headers by name, the one that every answer has first."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-Id", *names)}


def header(about: str) -> dict[str, Any]:
    """Describe one header."""
    return {"description": about, "schema": {"type": "string"}}
