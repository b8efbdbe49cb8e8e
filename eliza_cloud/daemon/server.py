"""How the application is served: what never gets as far as a handler is answered like everything else.

aiohttp's own answer to a malformed request is plain text that quotes the request, with whatever secret was in
it, and so is its log entry; an `Expect` header that it does not know it refuses before the guard looks.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from aiohttp import web

from eliza_cloud.api.app import SERVER_SETTINGS
from eliza_cloud.api.http.responses import problem_response
from eliza_cloud.api.middleware.request import log_unforeseen, of_the_server, request_id_of
from eliza_cloud.cloud.http.trace_context import REQUEST_ID
from eliza_cloud.core import log_events
from eliza_cloud.core.problems import INTERNAL_ERROR, MALFORMED_REQUEST
from eliza_cloud.ops.logging.access_log import LineBudget

_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Server": "eliza-cloud"}

log = structlog.get_logger()


class ServiceRunner(web.AppRunner):
    """Runs the application; `settings` override `SERVER_SETTINGS`, `connections` is how many there may be."""

    def __init__(
        self, app: web.Application, *, shutdown_timeout: float, connections: int, **settings: Any
    ) -> None:
        self._most = connections
        self._settings = {**SERVER_SETTINGS, "access_log": LineBudget(), **settings}
        super().__init__(app, shutdown_timeout=shutdown_timeout, **self._settings)

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return _Server(made, self._settings, self._most)


class _Server(web.Server):
    """The application's server, with connections of our own, of which there are at most `most`."""

    def __init__(self, made: web.Server, settings: dict[str, Any], most: int) -> None:
        self._most = most
        self._idle: OrderedDict[web.RequestHandler, None] = OrderedDict()
        super().__init__(
            self._noting(_in_json(made.request_handler)),  # type: ignore[arg-type]  # called with Request alone
            request_factory=made.request_factory,
            handler_cancellation=made.handler_cancellation,
        )
        self._settings = {name: value for name, value in settings.items() if name != "handler_cancellation"}

    def __call__(self) -> web.RequestHandler:
        return _Connection(self, loop=asyncio.get_running_loop(), **self._settings)

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        """Admit a connection; beyond the bound the one that has been idle longest makes room for it."""
        super().connection_made(handler, transport)
        self._idle[handler] = None
        if len(self.connections) > self._most:
            oldest, _ = self._idle.popitem(last=False)
            oldest.force_close()

    def connection_lost(self, handler: web.RequestHandler, exc: BaseException | None = None) -> None:
        """Forget a connection that has ended."""
        self._idle.pop(handler, None)
        super().connection_lost(handler, exc)

    def _noting(
        self, handle: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """Have a connection count as idle except while one of its requests is handled."""

        async def handled(request: web.Request) -> web.StreamResponse:
            connection = request.protocol
            self._idle.pop(connection, None)
            try:
                return await handle(request)
            finally:
                if request.transport is not None:
                    self._idle[connection] = None

        return handled


class _Connection(web.RequestHandler):
    """Answers what reached no handler (400), or what failed outside of them (500)."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - aiohttp's words, which quote the request
    ) -> web.StreamResponse:
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun, so no other can be given")
        headers = {**_HEADERS, REQUEST_ID: request_id_of(request)}
        if status == 400:
            log.debug(log_events.REQUEST_MALFORMED, kind=type(exc).__name__, remote=request.remote)
            response = problem_response(MALFORMED_REQUEST.occurred(), headers)
        else:
            log_unforeseen(request, exc)
            response = problem_response(INTERNAL_ERROR.occurred(), headers)
        response.force_close()
        return response

    def log_exception(self, *args: Any, **named: Any) -> None:
        """Log an internal error; a body that breaks off or is malformed is not one."""
        if isinstance(named.get("exc_info"), web.RequestPayloadError):
            log.debug(log_events.REQUEST_MALFORMED, kind="RequestPayloadError")
        else:
            super().log_exception(*args, **named)


def _in_json(
    handle: Callable[[Any], Awaitable[web.StreamResponse]],
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Answer in JSON what aiohttp refuses before the application's middlewares run."""

    async def handled(request: web.Request) -> web.StreamResponse:
        try:
            return await handle(request)
        except web.HTTPException as error:
            return of_the_server(request, error)

    return handled
