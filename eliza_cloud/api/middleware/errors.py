"""From whatever went wrong to one JSON answer."""

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from eliza_cloud.api.http.responses import problem_for
from eliza_cloud.core import log_events
from eliza_cloud.core.problems import Problem
from eliza_cloud.ops.logging.access_log import shown_path
from eliza_cloud.runtime.errors import LinkError

INTERNAL_ERROR = Problem(
    code="internal_error",
    status=500,
    message="Something went wrong inside the service. Look for the id in X-Request-Id in its log.",
)
BODY_MALFORMED = Problem(
    code="malformed_request", status=400, message="The request body broke off or is not well-formed HTTP."
)
BODY_TOO_SLOW = Problem(
    code="body_too_slow", status=408, message="The request body did not arrive in time. Send it again."
)
BODY_TOO_LARGE = Problem(code="body_too_large", status=413, message="Request body too large")


class RequestError(Exception):
    """The request cannot be served as it stands; `failure` is the answer."""

    def __init__(self, problem: Problem, headers: dict[str, str] | None = None) -> None:
        super().__init__(problem.message)
        self.problem = problem
        self.headers = headers or {}


class ClientGoneError(Exception):
    """Nobody waits for the answer any more."""


def bad_request(message: str, code: str = "invalid_request") -> RequestError:
    """Return the 400 that says what is wrong with the request."""
    return RequestError(Problem(code=code, status=400, message=message))


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every error into an answer; an unforeseen one is logged and shows nothing of itself."""
    try:
        return await handler(request)
    except RequestError as error:
        return problem_for(request, error.problem, error.headers)
    except LinkError as error:
        return problem_for(request, error.problem)
    except web.RequestPayloadError:
        return problem_for(request, BODY_MALFORMED)
    except ClientGoneError:
        return web.Response(status=499, reason="Client Closed Request")
    except web.HTTPException as error:
        return of_the_server(request, error)
    except Exception as error:  # noqa: BLE001 - the boundary: logged with its traceback, answered without
        log_unforeseen(request, error)
        return problem_for(request, INTERNAL_ERROR)


def log_unforeseen(request: web.BaseRequest, error: BaseException | None) -> None:
    """Log a fault of ours with its traceback."""
    structlog.get_logger().error(
        log_events.REQUEST_FAILED, method=request.method, path=shown_path(request), exc_info=error
    )


def of_the_server(request: web.Request, error: web.HTTPException) -> web.Response:
    """Say in JSON what aiohttp itself refused."""
    headers: dict[str, str] = {}
    if isinstance(error, web.HTTPNotFound):
        problem = _refusal(404, "unknown_path", "There is nothing at this path.")
    elif isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        headers["Allow"] = allowed
        problem = _refusal(405, "method_not_allowed", f"This path takes {allowed}, not {request.method}.")
    elif isinstance(error, web.HTTPRequestEntityTooLarge):
        problem = BODY_TOO_LARGE
    else:
        problem = _refusal(error.status, "refused", f"The server refused the request: {error.reason}.")
    return problem_for(request, problem, headers)


def _refusal(status: int, code: str, message: str) -> Problem:
    return Problem(code=code, status=status, message=message)
