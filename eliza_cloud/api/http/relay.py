"""Streaming an upstream's answer to the client: never buffered whole, at the client's pace."""

import asyncio
import contextlib
from contextlib import AbstractAsyncContextManager

import aiohttp
import msgspec
from aiohttp import web

from eliza_cloud.api.app_keys import DISCONNECTS, GATEWAY
from eliza_cloud.api.http.error_bodies import openai_error
from eliza_cloud.api.http.responses import ClientGoneError
from eliza_cloud.api.http.sse import MEDIA_TYPE, write_timeout
from eliza_cloud.api.middleware.request import log_unforeseen
from eliza_cloud.cloud.completion_stream import CompletionCheck
from eliza_cloud.cloud.errors import StreamFailed
from eliza_cloud.core.problems import INTERNAL_ERROR, RESPONSE_TRUNCATED, Problem
from eliza_cloud.redaction.stream import redactor_of
from eliza_cloud.routing.gateway import UpstreamRequest
from eliza_cloud.routing.upstreams.resolve import Upstream
from eliza_cloud.runtime.errors import LinkError

#: Seconds a reader may leave the answer unread before it is cut off.
STALLED_AFTER = 300.0
LAST_FRAME_TIMEOUT = 1.0  # seconds for the frame with the reason why a stream is aborted
#: Headers of the answer that are passed on; a length only where nothing was decompressed.
_DOWN = ("Content-Type", "Content-Disposition", "X-Cache")
_RATE_LIMITS = "x-ratelimit-"
#: Headers of the request that are passed on, besides those of our own call; the last two to Eliza Cloud only.
_UP = ("Accept", "Idempotency-Key")
_UP_TO_CLOUD = ("X-App-Id", "X-Affiliate-Code")


def headers_up(request: web.Request, *more: str) -> dict[str, str]:
    """Return the caller's headers that may be passed on: never a credential, never a cookie."""
    return {name: request.headers[name] for name in (*_UP, *more) if name in request.headers}


def headers_to_cloud(request: web.Request, *more: str) -> dict[str, str]:
    """Return the caller's headers that may be passed on to Eliza Cloud."""
    return headers_up(request, *_UP_TO_CLOUD, *more)


async def relay(
    request: web.Request,
    upstream: Upstream,
    call: UpstreamRequest,
    check: CompletionCheck | None = None,
) -> web.StreamResponse:
    """Make a call of this upstream and pass its answer on, as `relay_opened` does."""
    return await relay_opened(request, request.app[GATEWAY].open(upstream, call), check)


async def relay_opened(
    request: web.Request,
    opening: AbstractAsyncContextManager[aiohttp.ClientResponse],
    check: CompletionCheck | None = None,
) -> web.StreamResponse:
    """Open an answer and pass it on; ends with the client, and with the service.

    What fails before the answer begins is raised. After that the connection is closed without a proper end,
    so that a part is not taken for the whole; a stream of events gets a last frame with the reason. So does
    one that `check` finds to be empty.
    """
    passing = _StreamRelay(request, check)
    try:
        async with request.app[DISCONNECTS].cancel_on_disconnect(request), opening as response:
            await passing.pass_on(response)
    except (LinkError, ClientGoneError) as error:
        if not passing.begun:
            raise
        await passing.abort(error.problem if isinstance(error, LinkError) else None)
    except Exception as error:
        if not passing.begun:
            raise
        log_unforeseen(request, error)
        await passing.abort(INTERNAL_ERROR.occurred())
    return passing.response


class _StreamRelay:
    """One answer on its way to the client."""

    def __init__(self, request: web.Request, check: CompletionCheck | None) -> None:
        self._request = request
        self._check = check
        self._tail = b"\n\n"
        self.response = web.StreamResponse()

    @property
    def begun(self) -> bool:
        """Whether the head is on its way, so that the status cannot change any more."""
        return self.response.prepared

    async def pass_on(self, response: aiohttp.ClientResponse) -> None:
        """Write the whole answer; raises `LinkError` when it breaks off, and `ClientGoneError`."""
        self.response.set_status(response.status)
        self.response.headers.update(_headers_down(response))
        await self._write(None)
        redactor = redactor_of(response)
        if response.content_type != MEDIA_TYPE:
            self._check = None
        while chunk := await _next(response):
            if passed := self._checked(redactor.feed(chunk)):
                await self._write(passed)
        if rest := self._checked(redactor.flush(), is_last=True):
            await self._write(rest)
        await self._write(b"")

    def _checked(self, passed: bytes, *, is_last: bool = False) -> bytes:
        """Return what of it may be passed on; raises `LinkError` at the end of an empty completion."""
        if self._check is None:
            return passed
        try:
            return self._check.feed(passed) + (self._check.flush() if is_last else b"")
        except StreamFailed as error:
            raise LinkError(error.problem) from error

    async def abort(self, problem: Problem | None) -> None:
        """Close the connection without a proper end; an event stream gets a frame with the failure first."""
        is_events = self.response.content_type == MEDIA_TYPE and self.response.content_length is None
        if problem is not None and is_events and self._tail.replace(b"\r", b"").endswith(b"\n\n"):
            with contextlib.suppress(TimeoutError, ConnectionError):
                async with asyncio.timeout(LAST_FRAME_TIMEOUT):
                    await self.response.write(
                        b"data: " + msgspec.json.encode(openai_error(problem)) + b"\n\n"
                    )
        if self._request.transport is not None:
            self._request.transport.close()

    async def _write(self, chunk: bytes | None) -> None:
        """Write the head (None), a part, or the end (b"")."""
        async with write_timeout(self._request, STALLED_AFTER):
            if chunk is None:
                await self.response.prepare(self._request)
            elif chunk:
                self._tail = (self._tail + chunk)[-4:] if len(chunk) < 4 else chunk[-4:]
                await self.response.write(chunk)
            else:
                await self.response.write_eof()


async def _next(response: aiohttp.ClientResponse) -> bytes:
    """Return what has come next, b"" at the end."""
    try:
        return await response.content.readany()
    except (aiohttp.ClientError, OSError):
        pass
    raise LinkError(RESPONSE_TRUNCATED.occurred())


def _headers_down(response: aiohttp.ClientResponse) -> dict[str, str]:
    headers = {name: response.headers[name] for name in _DOWN if name in response.headers}
    headers |= {
        name: value for name, value in response.headers.items() if name.lower().startswith(_RATE_LIMITS)
    }
    headers = {name: redactor_of(response).redact(value) for name, value in headers.items()}
    if response.content_length is not None and "Content-Encoding" not in response.headers:
        headers["Content-Length"] = str(response.content_length)
    if response.content_type == MEDIA_TYPE:
        headers |= {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}
    return headers
