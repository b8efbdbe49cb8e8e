"""Reading request bodies: agent ids, JSON objects of at most 1 MiB, and JSON that is passed on undecoded."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiohttp import web

from eliza_cloud.api.middleware.errors import BODY_TOO_LARGE, BODY_TOO_SLOW, RequestError, bad_request

MAX_BODY = 1_048_576
#: Seconds a body may take to arrive.
BODY_WITHIN = 60.0


@asynccontextmanager
async def in_time() -> AsyncIterator[None]:
    """Read a body in the block; raises `RequestError` 408 when it takes too long."""
    try:
        async with asyncio.timeout(BODY_WITHIN):
            yield
    except TimeoutError:
        raise RequestError(BODY_TOO_SLOW) from None


async def read_object(request: web.Request, *, may_be_empty: bool = False) -> dict[str, Any]:
    """Return the body's object ({} for an empty one where that is allowed).

    Raises `RequestError`: 413 over 1 MiB, 408 when it does not come, else 400.
    """
    if (request.content_length or 0) > MAX_BODY:
        raise RequestError(BODY_TOO_LARGE)
    try:
        async with in_time():
            content = await request.read()
        if may_be_empty and not content:
            return {}
        document = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, web.RequestPayloadError):
        raise bad_request("Invalid JSON in request body", "invalid_json") from None
    if not isinstance(document, dict):
        raise bad_request("Request body must be a JSON object", "invalid_json")
    return document


def text_of(body: dict[str, Any], name: str) -> str:
    """Return a string that is not blank, as it was sent; raises 400 "<name> is required"."""
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise bad_request(f"{name} is required")
    return value


def object_of(body: dict[str, Any], name: str) -> dict[str, Any] | None:
    """Return a JSON object, or None when it is missing or null; raises 400."""
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise bad_request(f"{name} must be a JSON object")
    return value


def agent_id_of(request: web.Request) -> str:
    """Return the agent id of the path in its canonical spelling; raises 400 when it is no UUID."""
    return uuid_of(
        request.match_info["agent_id"], "Invalid agent ID or cloud not connected", "invalid_agent_id"
    )


def uuid_of(text: str, message: str, code: str = "invalid_request") -> str:
    """Return a UUID in lower case; raises 400 with `message` for any other text."""
    try:
        known = str(uuid.UUID(text))
    except ValueError:
        known = ""
    if known != text.lower():
        raise bad_request(message, code)
    return known


MAX_PASSED_ON = 32 * 1024 * 1024
_FAULTS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

Members = dict[str, msgspec.Raw]


async def read_members(request: web.Request) -> Members:
    """Return the members of a JSON object, each as it was written; raises 413, else 400."""
    try:
        return msgspec.json.decode(await _read(request), type=Members)
    except _FAULTS:
        raise bad_request("The request body must be a JSON object", "invalid_json") from None


async def read_json(request: web.Request) -> msgspec.Raw:
    """Return any JSON value as it was written; raises 413, else 400."""
    try:
        return msgspec.json.decode(await _read(request), type=msgspec.Raw)
    except _FAULTS:
        raise bad_request("The request body must be JSON", "invalid_json") from None


def member(members: Mapping[str, msgspec.Raw], name: str) -> Any:
    """Return one member decoded, None when it is missing; raises 400."""
    try:
        return msgspec.json.decode(members[name]) if name in members else None
    except _FAULTS:
        raise bad_request(f"{name} is not valid JSON", "invalid_json") from None


def text_member(members: Mapping[str, msgspec.Raw], name: str) -> str | None:
    """Return a text without surrounding blanks; None when it is missing, null or blank; raises 400."""
    value = member(members, name)
    if value is not None and not isinstance(value, str):
        raise bad_request(f"{name} must be a string")
    return (value.strip() or None) if value else None


async def _read(request: web.Request) -> bytes:
    """Read the body. Not by aiohttp's own `read`, which knows one limit for the whole application."""
    if (request.content_length or 0) > MAX_PASSED_ON:
        raise RequestError(BODY_TOO_LARGE)
    content = bytearray()
    try:
        async with in_time():
            async for chunk in request.content.iter_any():
                content += chunk
                if len(content) > MAX_PASSED_ON:
                    raise RequestError(BODY_TOO_LARGE)
    except web.RequestPayloadError:
        raise bad_request("The request body is broken off", "invalid_json") from None
    return bytes(content)
