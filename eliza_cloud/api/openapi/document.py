"""The API as an OpenAPI 3.1 document, made of the route table and the types that travel."""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import version
from typing import Any

import msgspec
from msgspec import UNSET

from eliza_cloud.api.http.conditional import CachedResponse, Reference
from eliza_cloud.api.http.error_bodies import CloudRefused, ErrorBody, OpenAiRefused
from eliza_cloud.api.http.inputs import Parameter
from eliza_cloud.api.openapi.error_examples import ANY, BODY, CLOSED
from eliza_cloud.api.openapi.operation import JSON, Operation
from eliza_cloud.api.openapi.page import HEADERS as PAGE_HEADERS
from eliza_cloud.api.openapi.page import reference_page
from eliza_cloud.api.openapi.responses import (
    HEADERS,
    REF,
    Examples,
    answers_of,
    failures_of,
    header,
    headers,
    refused,
)
from eliza_cloud.api.routes import ROUTES, Endpoint
from eliza_cloud.core.problems import INVALID_REQUEST, Problem

_ABOUT = """\
Links this machine to Eliza Cloud: sign-in, remote agents, a watched and repaired connection, backups, chat.

Every request needs this service's token, as `Authorization: Bearer`, `X-Eliza-Token` or `X-Api-Key`, \
except where it says so. Every failure is a JSON object with a sentence and a `code`, under `/v1` in \
OpenAI's shape. HEAD is answered like GET. Members that are not described are ignored in requests, \
except where a body takes no others, and answers may get more of them. Every answer carries \
`X-Request-Id`, which is also in the log.

At a path that does not exist the answer is 404 `unknown_path`, for a method it does not take 405 \
`method_not_allowed` with `Allow`; what the HTTP server refuses by itself has the code `refused`.
"""
_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "elizaToken": {"type": "apiKey", "in": "header", "name": "X-Eliza-Token"},
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
}


@cache
def reference(*, all_closed: bool) -> Reference:
    """Return the document and the page for the route table, which are made once for all applications."""
    document = openapi_document(ROUTES, all_closed=all_closed)
    return Reference(
        document=CachedResponse(msgspec.json.encode(document), JSON),
        page=CachedResponse(reference_page(document).encode(), "text/html", PAGE_HEADERS),
        searched=document,
    )


def openapi_document(routes: Iterable[Endpoint], *, all_closed: bool) -> dict[str, Any]:
    """Describe the routes that have a contract; with `all_closed` only probes need no token."""
    described = [(route, route.contract) for route in routes if route.contract is not None]
    schemas = _Schemas(contract for _, contract in described)
    examples = Examples()
    paths: dict[str, dict[str, Any]] = {}
    for route, contract in described:
        is_open = route.probe or (route.open and not all_closed)
        paths.setdefault(_template(route.path), {})[route.method.lower()] = _operation(
            route, contract, schemas, examples, is_open=is_open
        )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "eliza-cloud",
            "version": version("eliza-cloud"),
            "description": _ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/", "description": "This service"}],
        "security": [{name: []} for name in _SCHEMES],
        "tags": [{"name": name} for name in dict.fromkeys(contract.group for _, contract in described)],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "examples": examples.components,
            "headers": {name: header(about) for name, about in HEADERS.items()},
            "securitySchemes": _SCHEMES,
        },
    }


class _Schemas:
    """The JSON Schemas of all types that travel: those of classes by reference, others in full."""

    def __init__(self, contracts: Iterable[Operation]) -> None:
        models = [model for contract in contracts for model in _models(contract)]
        models += [ErrorBody, OpenAiRefused, CloudRefused]
        found, components = msgspec.json.schema_components(models, ref_template=REF)
        self.components: dict[str, Any] = _for_generators(components)
        self._found = list(zip(models, _for_generators(found), strict=True))

    def of(self, model: Any) -> dict[str, Any]:
        """Return the schema of a type."""
        return next(schema for known, schema in self._found if known is model)


def _for_generators(schema: Any) -> Any:
    """Return the same schema in the form that client generators need.

    They take an `enum` of one value for a type with a name, a member with a default for one that is always
    there, and an object without a description for one without members.
    """
    if isinstance(schema, list | tuple):
        return [_for_generators(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    described = {name: _for_generators(one) for name, one in schema.items()}
    if described.get("default", ...) is None:
        del described["default"]
    if described.get("type") == "object" and "properties" not in described:
        described.setdefault("additionalProperties", True)
    match described.get("enum"):
        case [value]:
            del described["enum"]
            described["const"] = value
    return described


def _models(contract: Operation) -> Iterator[Any]:
    yield from (parameter.model for parameter in contract.parameters)
    if contract.body is not None:
        yield contract.body.model
    yield from (answer.model for answer in contract.answers if answer.model is not None)


def _operation(
    route: Endpoint, contract: Operation, schemas: _Schemas, examples: Examples, *, is_open: bool
) -> dict[str, Any]:
    described: dict[str, Any] = {
        "tags": [contract.group],
        "operationId": contract.id,
        "summary": contract.summary,
    }
    if contract.about:
        described["description"] = contract.about
    if is_open:
        described["security"] = []
    if contract.parameters:
        described["parameters"] = [_parameter(one, schemas) for one in contract.parameters]
    if contract.body is not None:
        content = {
            "schema": schemas.of(contract.body.model),
            "example": msgspec.json.decode(msgspec.json.encode(contract.body.example)),
        }
        described["requestBody"] = {"required": contract.body.required, "content": {JSON: content}}
    refusal = refused(openai=route.path.startswith("/v1/"), verbatim=contract.verbatim)
    failures = (*ANY, *(() if is_open else CLOSED), *_implied(contract), *contract.errors)
    described["responses"] = {
        **answers_of(contract.answers, schemas.of),
        **failures_of(
            failures,
            {one.status for one in contract.answers},
            examples,
            refusal,
        ),
    }
    if contract.others is not None:
        described["responses"]["default"] = {
            "description": contract.others,
            "headers": headers(()),
            "content": {JSON: {"schema": {} if contract.verbatim else refusal}},
        }
    return described


def _implied(contract: Operation) -> Iterator[Problem]:
    """Yield the problems that parameters and body imply."""
    yield from (parameter.problem or INVALID_REQUEST.example() for parameter in contract.parameters)
    if contract.body is not None:
        yield from BODY
        if contract.body.code == INVALID_REQUEST.code:
            yield INVALID_REQUEST.example()


def _template(path: str) -> str:
    return re.sub(r"{(\w+)[^}]*}", r"{\1}", path)


def _parameter(parameter: Parameter[Any], schemas: _Schemas) -> dict[str, Any]:
    schema = schemas.of(parameter.model)
    if parameter.default not in (UNSET, None, ""):
        schema = {**schema, "default": parameter.default}
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.required,
        "description": parameter.about,
        "schema": schema,
        "example": parameter.example,
    }
