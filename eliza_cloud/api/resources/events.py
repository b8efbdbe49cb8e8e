"""The event stream: every change of the status as it happens."""

import socket
from typing import Annotated

from aiohttp import web
from msgspec import Meta

from eliza_cloud.api.app_keys import DISCONNECTS, EVENTS
from eliza_cloud.api.http.event_frames import Changed, Gap, StatusFrame
from eliza_cloud.api.http.inputs import Parameter
from eliza_cloud.api.http.reply_stream import stream_reply
from eliza_cloud.api.http.responses import RequestError
from eliza_cloud.api.http.sse import MEDIA_TYPE, EventStream
from eliza_cloud.api.openapi.error_examples import RUNTIME
from eliza_cloud.api.openapi.operation import EVENT_STREAM, Operation, SuccessResponse
from eliza_cloud.api.resources.journal import EntryNumber
from eliza_cloud.core.problems import NOT_ACCEPTABLE, TOO_MANY_READERS, Problem

_SeenNumber = Annotated[
    EntryNumber, Meta(extra={"expected": "a decimal number, as it stands in the `id:` line of a frame"})
]
LAST_EVENT_ID: Parameter[int | None] = Parameter(
    "Last-Event-ID",
    "The number of the last frame that was read: the stream goes on after it.",
    _SeenNumber,
    place="header",
    default=None,
    example=1795435200123,
)
LAST_EVENT_ID_QUERY: Parameter[int | None] = Parameter(
    "lastEventId",
    "The same, for clients that cannot set a header.",
    _SeenNumber,
    default=None,
    example=1795435200123,
)

STREAM = Operation(
    id="streamEvents",
    group="Status",
    summary="Every change, as it happens",
    about="Server-sent events. Each frame has an `id:` (decimal, the number of the journal's entry), an"
    " `event:` and a line of `data:`. The first is a `snapshot` of the status; a `status` follows for every"
    " change. With `Last-Event-ID` the snapshot is of that moment, and all changes since follow at once."
    " Where they are no longer buffered the snapshot is of now, and a `gap` follows; the journal may still"
    " have them. A reader too slow for the history loses changes and gets a `gap`, one that does not"
    " read at all is cut off. A comment every 15 seconds keeps a quiet stream alive.",
    parameters=(LAST_EVENT_ID, LAST_EVENT_ID_QUERY),
    answers=(
        SuccessResponse(200, "The stream; it ends when the service stops.", StatusFrame, media=EVENT_STREAM),
        SuccessResponse(200, "", Changed, media=EVENT_STREAM),
        SuccessResponse(200, "", Gap, media=EVENT_STREAM),
    ),
    errors=(NOT_ACCEPTABLE.example(), TOO_MANY_READERS.example(), *RUNTIME),
)


#: Bytes the kernel holds for one reader; what it grants by itself hides a stalled one behind megabytes.
HELD_BY_KERNEL = 65_536
_ACCEPTED = {MEDIA_TYPE, "text/*", "*/*", ""}


async def events(request: web.Request) -> web.StreamResponse:
    """GET /api/cloud/events: a snapshot, then every change; ends with the reader, and with the service."""
    after = LAST_EVENT_ID.read(request)
    if after is None:
        after = LAST_EVENT_ID_QUERY.read(request)
    if not _accepts_events(request):
        raise RequestError(NOT_ACCEPTABLE.occurred())
    if request.method == "HEAD":
        return EventStream(request).response
    with request.app[EVENTS].reader(after) as reader:

        async def send(stream: EventStream) -> None:
            async with request.app[DISCONNECTS].cancel_on_disconnect(request):
                while True:
                    await stream.pass_on(await reader.next())

        _hold_little(request)
        return await stream_reply(request, send, _end)


async def _end(stream: EventStream, _: Problem) -> None:
    """End without a frame: a reader reconnects by itself."""
    await stream.close()


def _accepts_events(request: web.Request) -> bool:
    accepted = ",".join(request.headers.getall("Accept", [])).split(",")
    return any(one.partition(";")[0].strip().lower() in _ACCEPTED for one in accepted)


def _hold_little(request: web.Request) -> None:
    connection = request.transport and request.transport.get_extra_info("socket")
    if connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, HELD_BY_KERNEL)
