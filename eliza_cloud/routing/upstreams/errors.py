"""What a provider or remote server answers instead of a success, as our own failure."""

import math
from typing import Any

import aiohttp

from eliza_cloud.cloud.http.error_mapping import cloud_text
from eliza_cloud.cloud.http.request import json_object
from eliza_cloud.cloud.http.retry_after import retry_after
from eliza_cloud.core.problems import Problem
from eliza_cloud.redaction.cloud import CloudTextRedactor
from eliza_cloud.routing.upstreams.accounts import Account

#: How much of an error's body is read.
MAX_ERROR = 64 * 1024

_CODES = {
    400: "invalid_request",
    401: "provider_key_rejected",
    402: "provider_credits_exhausted",
    403: "access_denied",
    404: "not_found",
    429: "rate_limited",
}


async def refusal(label: str, account: Account, response: aiohttp.ClientResponse) -> Problem:
    """Read an answer that is no success: a 4xx keeps its status, everything else is 502."""
    status = response.status
    if 300 <= status < 400:
        return Problem(
            code="redirected",
            status=502,
            message=f"{label} redirected the request; redirects are not followed, because the key would go"
            " along. Set the address it leads to as the base URL.",
        )
    document = json_object(await _beginning(response)) or {}
    said = CloudTextRedactor(account.key).sentence(cloud_text(document) or f"HTTP {status}")
    if status >= 500:
        return Problem(
            code="provider_server_error",
            status=502,
            message=f"{label} has a fault (HTTP {status}): {said}. Try again in a moment.",
            retryable=True,
            retry_after=retry_after(response.headers),
        )
    return Problem(
        code=_code(document, status),
        status=status,
        message=_sentence(label, account, status, said, retry_after(response.headers)),
        retryable=status == 429,
        retry_after=retry_after(response.headers),
    )


def _sentence(label: str, account: Account, status: int, said: str, wait: float | None) -> str:
    match status:
        case 401 if account.key is None:
            return f"{label} asks for a key, and none is set: {said}."
        case 401:
            return f"{label} does not accept the key in {account.variable}: {said}. Set a valid one."
        case 402:
            return f"{label} asks for more credits: {said}. Top up the account there."
        case 404:
            return f"{label} does not know it: {said}. Check the model's name and the base URL."
        case 429:
            return f"{label} asks to slow down: {said}." + (
                f" Try again in {math.ceil(wait)} s." if wait else ""
            )
        case _:
            return f"{label} refused the request: {said}."


def _code(document: dict[str, Any], status: int) -> str:
    """Return the provider's own code for what the request got wrong, which clients may know."""
    error = document.get("error")
    code = error.get("code") if isinstance(error, dict) else None
    if status not in (401, 402, 429) and isinstance(code, str) and code.isprintable() and 0 < len(code) <= 64:
        return code
    return _CODES.get(status, "provider_refused")


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    try:
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > MAX_ERROR:
                break
    except (aiohttp.ClientError, OSError):
        return b""
    return bytes(body)
