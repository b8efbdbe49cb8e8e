"""Request-ID middleware: one id in the answer, in the lines logged for the request, and in cloud calls."""

from aiohttp import web
from aiohttp.typedefs import Handler

from eliza_cloud.api.app_keys import REDACTION
from eliza_cloud.cloud.http.trace_context import Trace, begin, new_trace, trace_of
from eliza_cloud.runtime.causation import act_as

_NAME = web.RequestKey("request_id", str)


@web.middleware
async def with_request_id(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Take in the ids that a request came with, unless they hold a secret, or give it new ones."""
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
    act_as("request")
