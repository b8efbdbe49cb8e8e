"""Which shape a failure is answered in: OpenAI's under /v1, ours everywhere else (contract local-api §11)."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from eliza_cloud.api.answers import answer, failure_answer, wait_headers
from eliza_cloud.core.failure import Failure

_TYPES = {
    401: "authentication_error",
    402: "insufficient_quota",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    503: "service_unavailable",
}


def failure_for(
    request: web.Request, failure: Failure, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Encode a failure as the clients of the request's path expect it."""
    if not request.path.startswith("/v1/"):
        return failure_answer(failure, headers)
    return answer(openai_error(failure), failure.status, {**wait_headers(failure), **(headers or {})})


def openai_error(failure: Failure) -> dict[str, Any]:
    """Return OpenAI's error object; the cloud's own details stand beside its members and override none."""
    kind = _TYPES.get(failure.status, "server_error" if failure.status >= 500 else "invalid_request_error")
    error = {"message": failure.message, "type": kind, "code": failure.code, "param": None}
    return {"error": {**failure.details, **error}}
