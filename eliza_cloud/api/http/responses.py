"""JSON answers from the types that document them."""

import math
from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

from eliza_cloud.api.http.error_bodies import openai_error, our_error
from eliza_cloud.core.problems import Problem


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Encode a JSON answer."""
    return web.Response(
        body=msgspec.json.encode(body),
        status=status,
        headers=headers,
        content_type="application/json",
        charset="utf-8",
    )


def problem_response(problem: Problem, headers: Mapping[str, str] | None = None) -> web.Response:
    """Encode `{ok: false, error, code}` and beside them the cloud's own details, which override none.

    429 and 503 carry `Retry-After` in whole seconds when it is known.
    """
    return answer(our_error(problem), problem.status, {**wait_headers(problem), **(headers or {})})


def wait_headers(problem: Problem) -> dict[str, str]:
    """Return `Retry-After` for a failure that has a time to wait."""
    if problem.retry_after is None or problem.status not in {429, 503}:
        return {}
    return {"Retry-After": str(max(1, math.ceil(problem.retry_after)))}


def problem_for(
    request: web.Request, problem: Problem, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Encode a failure as the clients of the request's path expect it."""
    if not request.path.startswith("/v1/"):
        return problem_response(problem, headers)
    return answer(openai_error(problem), problem.status, {**wait_headers(problem), **(headers or {})})
