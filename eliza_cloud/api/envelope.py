"""Which shape a failure is answered in: OpenAI's under /v1, ours everywhere else (contract local-api §11)."""

from collections.abc import Mapping

from aiohttp import web

from eliza_cloud.api.answers import answer, failure_answer, wait_headers
from eliza_cloud.api.wire.error_bodies import openai_error
from eliza_cloud.core.failure import Failure


def failure_for(
    request: web.Request, failure: Failure, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Encode a failure as the clients of the request's path expect it."""
    if not request.path.startswith("/v1/"):
        return failure_answer(failure, headers)
    return answer(openai_error(failure), failure.status, {**wait_headers(failure), **(headers or {})})
