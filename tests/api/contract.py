"""Holds real answers against the document at /api/openapi.json."""

import functools
import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec
from jsonschema import Draft202012Validator

from eliza_cloud.api.openapi.document import openapi_document
from eliza_cloud.api.routes import ROUTES

JSON = "application/json"
#: What belongs to no operation.
NOWHERE = (b'"unknown_path"', b'"method_not_allowed"')


@functools.cache
def document(*, all_closed: bool = False) -> dict[str, Any]:
    """The document as a client reads it."""
    return json.loads(msgspec.json.encode(openapi_document(ROUTES, all_closed=all_closed)))


def operations() -> dict[str, dict[str, Any]]:
    """Every operation, by "METHOD path"."""
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    }


def operation_of(method: str, path: str) -> str | None:
    """The operation that a request is about."""
    method = "GET" if method == "HEAD" else method
    for name in operations():
        if re.fullmatch(_pattern(name), f"{method} {path}"):
            return name
    return None


def faults(schema: dict[str, Any], value: Any) -> list[str]:
    """What is wrong with a value by a schema of the document."""
    found = _validator(json.dumps(schema)).iter_errors(value)
    return [f"{error.json_path}: {error.message}" for error in found]


def check_answer(method: str, path: str, status: int, headers: Mapping[str, str], body: bytes) -> str | None:
    """Fail unless the document says that this answer may come; return the operation."""
    if status == 204 and method == "OPTIONS":
        return None
    name = operation_of(method, path)
    if name is None or (status in {404, 405} and any(code in body for code in NOWHERE)):
        assert status in {401, 403, 404, 405, 429}, (method, path, status, body[:200])
        return None
    responses = operations()[name]["responses"]
    response = responses.get(str(status), responses.get("default"))
    assert response is not None, f"{name} answered {status}, which is not documented: {body[:200]!r}"
    if method == "HEAD" or status in {302, 304}:
        return name
    media = headers["Content-Type"].partition(";")[0]
    content = response["content"].get(media)
    if content is None and "default" in responses:
        return name
    assert content is not None, f"{name} answered {status} with {media}, which is not documented"
    if media == JSON:
        value = json.loads(body)
        assert faults(content["schema"], value) == [], f"{name}: {status} {body[:200]!r}"
        code = _code(value)
        if status >= 400 and "default" not in responses and "examples" in content:
            assert code in content["examples"], f"{name}: the code {code} of {status} is not documented"
    return name


def _code(value: Any) -> Any:
    error = value.get("error")
    return error.get("code") if isinstance(error, dict) else value.get("code")


@functools.cache
def _validator(schema: str) -> Draft202012Validator:
    return Draft202012Validator({**json.loads(schema), "components": document()["components"]})


@functools.cache
def _pattern(name: str) -> str:
    found = re.sub(r"\\{path\\}", ".+", re.escape(name))
    return re.sub(r"\\{\w+\\}", "[^/]+", found)
