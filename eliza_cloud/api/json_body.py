"""Reading what is passed on: JSON of at most 32 MiB, taken apart no further than its first level."""

from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

from eliza_cloud.api.body import in_time
from eliza_cloud.api.errors import BODY_TOO_LARGE, RequestError, bad_request

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
