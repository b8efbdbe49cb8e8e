"""What a provider or remote server answers instead of a success, as a problem of ours."""

from typing import Any

import aiohttp
import msgspec

from eliza_cloud.cloud.http.error_body import cloud_text, retry_after
from eliza_cloud.cloud.http.request import json_object
from eliza_cloud.core.problems import (
    PROVIDER_CREDITS_EXHAUSTED,
    PROVIDER_DENIED,
    PROVIDER_FOUND_INVALID,
    PROVIDER_KEY_REJECTED,
    PROVIDER_KEY_WANTED,
    PROVIDER_LACKS,
    PROVIDER_LIMITS_RATE,
    PROVIDER_REDIRECTED,
    PROVIDER_REFUSED,
    PROVIDER_SERVER_ERROR,
    Problem,
)
from eliza_cloud.redaction.secret import CloudTextRedactor
from eliza_cloud.routing.upstreams.accounts import Account

#: How much of an error's body is read.
MAX_ERROR = 64 * 1024

#: What a status means, where the provider gives no code of its own.
_ROWS = {
    400: PROVIDER_FOUND_INVALID,
    401: PROVIDER_KEY_REJECTED,
    402: PROVIDER_CREDITS_EXHAUSTED,
    403: PROVIDER_DENIED,
    404: PROVIDER_LACKS,
    429: PROVIDER_LIMITS_RATE,
}


async def refusal(label: str, account: Account, response: aiohttp.ClientResponse) -> Problem:
    """Read a response that is not a success: a 4xx keeps its status, everything else is 502."""
    status = response.status
    if 300 <= status < 400:
        return PROVIDER_REDIRECTED.occurred(provider=label)
    document = json_object(await _beginning(response)) or {}
    said = CloudTextRedactor(account.key).sentence(cloud_text(document) or f"HTTP {status}")
    wait = retry_after(response.headers)
    if status >= 500:
        return PROVIDER_SERVER_ERROR.occurred(provider=label, http_status=status, said=said, retry_after=wait)
    row = _ROWS.get(status, PROVIDER_REFUSED)
    if status == 401 and account.key is None:
        row = PROVIDER_KEY_WANTED
    problem = row.occurred(
        provider=label, variable=account.variable, said=said, status=status, retry_after=wait
    )
    return msgspec.structs.replace(problem, code=_own_code(document, status) or problem.code)


def _own_code(document: dict[str, Any], status: int) -> str | None:
    """Return the provider's own code for what the request got wrong, which clients may know."""
    error = document.get("error")
    code = error.get("code") if isinstance(error, dict) else None
    if status not in (401, 402, 429) and isinstance(code, str) and code.isprintable() and 0 < len(code) <= 64:
        return code
    return None


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
