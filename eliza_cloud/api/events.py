"""Every change as it happens, to whoever reads along."""

import socket

from aiohttp import web

from eliza_cloud.api.errors import RequestError, bad_request
from eliza_cloud.api.keys import EVENTS, LIFETIMES
from eliza_cloud.api.reply_stream import stream_reply
from eliza_cloud.api.sse import MEDIA_TYPE, EventStream
from eliza_cloud.api.wire.events import LAST_EVENT_ID_WRONG, NOT_ACCEPTABLE
from eliza_cloud.core.failure import Failure

#: Bytes the kernel holds for one reader; what it grants by itself hides a stalled one behind megabytes.
HELD_BY_KERNEL = 65_536
_ACCEPTED = {MEDIA_TYPE, "text/*", "*/*", ""}


async def events(request: web.Request) -> web.StreamResponse:
    """GET /api/cloud/events: a snapshot, then every change; ends with the reader, and with the service."""
    after = _read_before(request)
    if not _accepts_events(request):
        raise RequestError(NOT_ACCEPTABLE)
    if request.method == "HEAD":
        return EventStream(request).response
    with request.app[EVENTS].reader(after) as reader:

        async def tell(stream: EventStream) -> None:
            async with request.app[LIFETIMES].bound(request):
                while True:
                    await stream.pass_on(await reader.next())

        _hold_little(request)
        return await stream_reply(request, tell, _end)


async def _end(stream: EventStream, _: Failure) -> None:
    """Say no more: a reader comes back by itself, and learns then what there is to learn."""
    await stream.close()


def _read_before(request: web.Request) -> int | None:
    """Return the number of the last frame that was read, None at a first time; raises 400 for no number."""
    given = request.headers.getall("Last-Event-ID", [])
    text = ",".join(given) if given else request.query.get("lastEventId")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise bad_request(LAST_EVENT_ID_WRONG)
    return int(text)


def _accepts_events(request: web.Request) -> bool:
    accepted = ",".join(request.headers.getall("Accept", [])).split(",")
    return any(one.partition(";")[0].strip().lower() in _ACCEPTED for one in accepted)


def _hold_little(request: web.Request) -> None:
    connection = request.transport and request.transport.get_extra_info("socket")
    if connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, HELD_BY_KERNEL)
