"""JSON answers from the types that document them."""

import math
from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

from eliza_cloud.api.http.error_bodies import openai_error, our_error
from eliza_cloud.core.problems import Failure


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Encode a JSON answer."""
    return web.Response(
        body=msgspec.json.encode(body),
        status=status,
        headers=headers,
        content_type="application/json",
        charset="utf-8",
    )


def failure_answer(failure: Failure, headers: Mapping[str, str] | None = None) -> web.Response:
    """Encode `{ok: false, error, code}` and beside them the cloud's own details, which override none.

    429 and 503 carry `Retry-After` in whole seconds when it is known.
    """
    return answer(our_error(failure), failure.status, {**wait_headers(failure), **(headers or {})})


def wait_headers(failure: Failure) -> dict[str, str]:
    """Return `Retry-After` for a failure that says how long to wait."""
    if failure.retry_after is None or failure.status not in {429, 503}:
        return {}
    return {"Retry-After": str(max(1, math.ceil(failure.retry_after)))}


def failure_for(
    request: web.Request, failure: Failure, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Encode a failure as the clients of the request's path expect it."""
    if not request.path.startswith("/v1/"):
        return failure_answer(failure, headers)
    return answer(openai_error(failure), failure.status, {**wait_headers(failure), **(headers or {})})
