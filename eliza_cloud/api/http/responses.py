"""JSON answers from the types that document them, and the errors that handlers raise."""

import math
from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

from eliza_cloud.api.http.error_bodies import openai_error, our_error
from eliza_cloud.core.problems import PROBLEMS, Problem


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


class RequestError(Exception):
    """The request cannot be served as it stands; `problem` is the response."""

    def __init__(self, problem: Problem, headers: dict[str, str] | None = None) -> None:
        super().__init__(problem.message)
        self.problem = problem
        self.headers = headers or {}


class ClientGoneError(Exception):
    """The client has closed its connection."""


def bad_request(message: str, code: str = "invalid_request") -> RequestError:
    """Return the 400 that says what is wrong with the request."""
    return RequestError(PROBLEMS[code].worded("{what}").occurred(status=400, what=message))
