"""Server-sent events, sent: frames, keep-alive comments, and a limit on each write to a slow reader."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiohttp import web

from eliza_cloud.api.http.responses import ClientGoneError

#: Seconds a reader may leave one frame unread before it is cut off.
STALLED_AFTER = 10.0
MEDIA_TYPE = "text/event-stream"
_HEADERS = {
    "Cache-Control": "no-cache, no-transform",
    "Connection": "keep-alive",
    "X-Accel-Buffering": "no",
}


class EventStream:
    """One stream of frames. Its head goes with the first of them, so that an earlier failure is an answer."""

    def __init__(self, request: web.Request) -> None:
        self._request = request
        self.response = web.StreamResponse(headers={"Content-Type": MEDIA_TYPE, **_HEADERS})

    @property
    def started(self) -> bool:
        """Whether the head is on its way, so that the status cannot change any more."""
        return self.response.prepared

    async def send(self, frame: Any) -> None:
        """Write one frame; raises `ClientGoneError` when the client is gone."""
        await self._write(msgspec.json.encode(frame))

    async def end(self) -> None:
        """Write the frame that ends a stream of OpenAI's."""
        await self._write(b"[DONE]")

    async def pass_on(self, frames: bytes) -> None:
        """Write frames that are ready; raises `ClientGoneError` when the client is gone."""
        async with write_timeout(self._request, STALLED_AFTER):
            if not self.started:
                await self.response.prepare(self._request)
            await self.response.write(frames)

    async def close(self) -> None:
        """End the stream; a reader who has not yet taken what was written is cut off (`ClientGoneError`).

        Waiting for it is out of the question: once a write was cancelled, aiohttp's next one is, too.
        """
        transport = self._request.transport
        if transport is not None and transport.get_write_buffer_size():
            transport.abort()
            raise ClientGoneError
        async with write_timeout(self._request, STALLED_AFTER):
            await self.response.write_eof()

    async def _write(self, data: bytes) -> None:
        await self.pass_on(b"data: " + data + b"\n\n")


def wants_stream(request: web.Request) -> bool:
    """Return whether the `Accept` header asks for an event stream."""
    accepted = ",".join(request.headers.getall("Accept", [])).split(",")
    return any(one.partition(";")[0].strip().lower() == MEDIA_TYPE for one in accepted)


@asynccontextmanager
async def write_timeout(request: web.Request, seconds: float) -> AsyncIterator[None]:
    """Bound a write: `ClientGoneError` when the client is gone; one that stalls for `seconds` is aborted."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()
        raise ClientGoneError from None
    except ConnectionError:
        raise ClientGoneError from None
