"""What wraps every request: its id and its time, and from whatever went wrong to one JSON response.

The id is in the answer, in the lines logged for the request, and in the calls to the cloud that it causes.
"""

import time
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from eliza_cloud.api.app_keys import REDACTION
from eliza_cloud.api.http.responses import ClientGoneError, RequestError, problem_for
from eliza_cloud.cloud.http.trace_context import Trace, begin, new_trace, trace_of
from eliza_cloud.core import log_events
from eliza_cloud.core.problems import (
    BODY_MALFORMED,
    BODY_TOO_LARGE,
    INTERNAL_ERROR,
    METHOD_NOT_ALLOWED,
    REFUSED,
    UNKNOWN_PATH,
)
from eliza_cloud.ops.logging.access_log import route_of, shown_path
from eliza_cloud.ops.metrics.http import RequestMetrics
from eliza_cloud.runtime.errors import LinkError
from eliza_cloud.runtime.tasks import set_actor


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


_BEGUN = web.RequestKey("begun", float)
_NAME = web.RequestKey("request_id", str)


@web.middleware
async def identified(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Record when a request arrived, and its ids: those it came with, unless they hold a secret."""
    request[_BEGUN] = time.monotonic()
    _begin(request, trace_of(request.headers, request.app[REDACTION].finds_in))
    return await handler(request)


def request_id_of(request: web.BaseRequest) -> str:
    """Return the request's id. One that did not get past the server gets its id here."""
    if _NAME not in request:
        _begin(request, new_trace())
    return request[_NAME]


def _begin(request: web.BaseRequest, trace: Trace) -> None:
    request[_NAME] = trace.request_id
    begin(trace)
    set_actor("request")


def counting(metrics: RequestMetrics) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """Return what counts a request when its answer begins, for aiohttp's `on_response_prepare`.

    The end would be too late: a stream lasts for hours.
    """

    async def count(request: web.Request, response: web.StreamResponse) -> None:
        now = time.monotonic()
        took = now - request.get(_BEGUN, now)
        metrics.answered(request.method, route_of(request), response.status, took)

    return count
