"""Cancelling a handler's work when its client disconnects or the service stops."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from eliza_cloud.api.http.responses import ClientGoneError
from eliza_cloud.core.problems import STOPPING
from eliza_cloud.runtime.errors import LinkError

#: Seconds between two checks of the connection: aiohttp does not report a disconnect to a handler.
POLL_INTERVAL = 0.25


class Disconnects:
    """The handlers whose work ends with their client."""

    def __init__(self) -> None:
        self._scopes: set[asyncio.Timeout] = set()
        self._stopping = False

    def __len__(self) -> int:
        return len(self._scopes)

    def stop(self) -> None:
        """Cancel all of them, and every later one at once."""
        self._stopping = True
        for scope in self._scopes:
            _end(scope)

    @asynccontextmanager
    async def cancel_on_disconnect(self, request: web.Request) -> AsyncIterator[None]:
        """End the block when its client goes (`ClientGoneError`) or the service stops (`LinkError`, 503)."""
        if self._stopping:
            raise LinkError(STOPPING.occurred())
        try:
            async with asyncio.timeout(None) as scope:
                self._scopes.add(scope)
                watch = _Watch(request, scope)
                try:
                    yield
                finally:
                    watch.cancel()
                    self._scopes.discard(scope)
        except TimeoutError:
            if not scope.expired():
                raise
            raise ClientGoneError if is_gone(request) else LinkError(STOPPING.occurred()) from None


class _Watch:
    """Polls the client's connection, without a task."""

    def __init__(self, request: web.Request, scope: asyncio.Timeout) -> None:
        self._request = request
        self._scope = scope
        self._poll()

    def cancel(self) -> None:
        self._handle.cancel()

    def _poll(self) -> None:
        if is_gone(self._request):
            _end(self._scope)
        self._handle = asyncio.get_running_loop().call_later(POLL_INTERVAL, self._poll)


def is_gone(request: web.Request) -> bool:
    """Return whether the client has closed its connection."""
    transport = request.transport
    return transport is None or transport.is_closing()


def _end(scope: asyncio.Timeout) -> None:
    if not scope.expired():
        scope.reschedule(asyncio.get_running_loop().time())
