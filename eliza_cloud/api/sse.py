"""Writing server-sent events: `data:` frames only, to a reader that must keep up (contract local-api §10)."""

import asyncio
from typing import Any

import msgspec
from aiohttp import web

from eliza_cloud.api.errors import ClientGoneError

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

    async def send(self, frame: dict[str, Any]) -> None:
        """Write one frame; raises `ClientGoneError` when nobody reads."""
        await self._write(msgspec.json.encode(frame))

    async def end(self) -> None:
        """Write the frame that ends a stream of OpenAI's."""
        await self._write(b"[DONE]")

    async def _write(self, data: bytes) -> None:
        try:
            async with asyncio.timeout(STALLED_AFTER):
                if not self.started:
                    await self.response.prepare(self._request)
                await self.response.write(b"data: " + data + b"\n\n")
        except TimeoutError:
            if self._request.transport is not None:
                self._request.transport.abort()
            raise ClientGoneError from None
        except ConnectionError:
            raise ClientGoneError from None


def wants_stream(request: web.Request) -> bool:
    """Tell whether the `Accept` header asks for an event stream."""
    accepted = ",".join(request.headers.getall("Accept", [])).split(",")
    return any(one.partition(";")[0].strip().lower() == MEDIA_TYPE for one in accepted)
