"""From whatever went wrong to one JSON response."""

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from eliza_cloud.api.http.responses import problem_for
from eliza_cloud.core import log_events
from eliza_cloud.core.problems import (
    BODY_MALFORMED,
    BODY_TOO_LARGE,
    INTERNAL_ERROR,
    METHOD_NOT_ALLOWED,
    PROBLEMS,
    REFUSED,
    UNKNOWN_PATH,
    Problem,
)
from eliza_cloud.ops.logging.access_log import shown_path
from eliza_cloud.runtime.errors import LinkError


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


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every error into a response; unexpected errors are logged and answered 500 without details."""
    try:
        return await handler(request)
    except RequestError as error:
        return problem_for(request, error.problem, error.headers)
    except LinkError as error:
        return problem_for(request, error.problem)
    except web.RequestPayloadError:
        return problem_for(request, BODY_MALFORMED.occurred())
    except ClientGoneError:
        return web.Response(status=499, reason="Client Closed Request")
    except web.HTTPException as error:
        return of_the_server(request, error)
    except Exception as error:  # noqa: BLE001 - the boundary: logged with its traceback, answered without
        log_unforeseen(request, error)
        return problem_for(request, INTERNAL_ERROR.occurred())


def log_unforeseen(request: web.BaseRequest, error: BaseException | None) -> None:
    """Log an internal error with its traceback."""
    structlog.get_logger().error(
        log_events.REQUEST_FAILED, method=request.method, path=shown_path(request), exc_info=error
    )


def of_the_server(request: web.Request, error: web.HTTPException) -> web.Response:
    """Return the JSON answer for what aiohttp itself refused."""
    headers: dict[str, str] = {}
    if isinstance(error, web.HTTPNotFound):
        problem = UNKNOWN_PATH.occurred()
    elif isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        headers["Allow"] = allowed
        problem = METHOD_NOT_ALLOWED.occurred(allowed=allowed, method=request.method)
    elif isinstance(error, web.HTTPRequestEntityTooLarge):
        problem = BODY_TOO_LARGE.occurred()
    else:
        problem = REFUSED.occurred(status=error.status, reason=error.reason)
    return problem_for(request, problem, headers)
