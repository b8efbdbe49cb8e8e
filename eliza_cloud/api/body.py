"""Reading requests: agent ids, JSON objects of at most 1 MiB (contract local-api §2)."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiohttp import web

from eliza_cloud.api.errors import BODY_TOO_LARGE, BODY_TOO_SLOW, RequestError, bad_request

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
