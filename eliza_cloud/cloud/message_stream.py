"""A streamed reply: only `done` is success (cloud-api §13 and §21 row 9)."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from contextlib import AsyncExitStack
from typing import Any, TypeVar

import aiohttp
from yarl import URL

from eliza_cloud.cloud.bridge import failure_of, is_empty
from eliza_cloud.cloud.calls import AgentPaths
from eliza_cloud.cloud.errors import StreamFailed
from eliza_cloud.cloud.http.error_body import cloud_text
from eliza_cloud.cloud.http.error_mapping import error_for
from eliza_cloud.cloud.http.network_errors import NETWORK_ERRORS, network_error
from eliza_cloud.cloud.http.request import CloudResponse, Timeouts, bounded, deadline, json_object
from eliza_cloud.cloud.http.sse import EventTooLarge, SseEvent, SseParser
from eliza_cloud.cloud.types.models import text
from eliza_cloud.core.problems import STREAM_FAILED, STREAM_INVALID, STREAM_TIMEOUT, STREAM_TRUNCATED
from eliza_cloud.redaction.secret import CloudTextRedactor

T = TypeVar("T")

#: How much of a body without any event is kept, to tell whether it was an error in JSON.
_MAX_PLAIN_BYTES = 64 * 1024
#: How a web page and JSON begin, and no line of an event stream does.
_OTHER_FORMATS = (b"<", b"{", b"[")
#: Characters of a reply that are kept to tell whether it says anything.
_MAX_BEGINNING = 64
_KINDS = {"connected", "chunk", "token", "done", "error"}


async def stream_reply(
    paths: AgentPaths, path: str, request: dict[str, Any], timeouts: Timeouts
) -> AsyncGenerator[str, None]:
    """Yield the pieces of a reply and return after `done`; raises `StreamFailed` when it ends otherwise.

    An error status raises its own error. Closing the generator closes the connection, which cancels the call.
    """
    async with deadline(timeouts.rest):
        prefix = await paths.find()
    url = paths.url(prefix, path)
    limits = aiohttp.ClientTimeout(total=None, connect=timeouts.stream_connect)
    end = asyncio.get_running_loop().time() + timeouts.stream_total
    async with AsyncExitStack() as stack:
        opening = paths.exchange.open_answer("POST", url, request, accept="text/event-stream", timeout=limits)
        response = await _within(timeouts.stream_idle, url, stack.enter_async_context(opening))
        if isinstance(response, CloudResponse):
            paths.judge(prefix, response)
            raise error_for(response, paths.exchange.redaction)
        reply = _Reply(paths.exchange.redaction)
        while True:
            chunk = await _read(response, timeouts.stream_idle, end)
            for event in reply.events(chunk):
                piece = reply.take(event)
                if piece:
                    yield piece
                if reply.is_done:
                    return
            if not chunk:
                raise reply.cut()


class _Reply:
    """What has been received of one reply."""

    def __init__(self, redaction: CloudTextRedactor) -> None:
        self._redaction = redaction
        self._parser = SseParser()
        self._plain: bytearray | None = bytearray()
        self._beginning = ""
        self.is_done = False

    def events(self, chunk: bytes) -> list[SseEvent]:
        """Return the events a chunk completes; an empty chunk is the end of the body."""
        if self._plain is not None and len(self._plain) < _MAX_PLAIN_BYTES:
            self._plain += chunk
        try:
            found = self._parser.feed(chunk) if chunk else self._parser.close()
        except EventTooLarge:
            raise _broken("an event of the stream is too large") from None
        if found:
            self._plain = None
        return found

    def take(self, event: SseEvent) -> str | None:
        """Take one event and return the text it brings; its kind is its name or its data's `type`."""
        data = self._redaction.document(json_object(event.data.encode()))
        if data is None:
            if event.event == "message" or event.event in _KINDS:
                raise _broken("an event of the stream is not JSON")
            return None
        kind = event.event if event.event in _KINDS else text(data.get("type"))
        if kind == "error":
            raise self._failed(data)
        if kind == "done":
            return self._finish(data)
        if kind in {"chunk", "token"} and isinstance(data.get("text"), str):
            piece = str(data["text"])
            self._beginning = (self._beginning + piece).lstrip()[:_MAX_BEGINNING]
            return piece
        return None

    def _finish(self, data: dict[str, Any]) -> str | None:
        """Take the end and return the text only it brings; raises for a reply that is not the agent's own."""
        failure = failure_of(data, self._redaction)
        if failure is not None:
            said, details = failure
            raise StreamFailed(STREAM_FAILED.occurred(said=said, details=details), cloud_status=200)
        rest = None if self._beginning else text(data.get("fullText"))
        if is_empty(rest or self._beginning):
            raise StreamFailed(STREAM_FAILED.occurred(said="it is empty"), cloud_status=200)
        self.is_done = True
        return rest

    def cut(self) -> StreamFailed:
        """Return the error for a body that ended without `done`."""
        plain = bytes(self._plain or b"").lstrip()
        document = json_object(plain)
        if document is not None and (cloud_text(document) or document.get("success") is False):
            return self._failed(document)
        if plain.startswith(_OTHER_FORMATS):
            return _broken("something else came instead of an event stream")
        return _cut()

    def _failed(self, data: dict[str, Any]) -> StreamFailed:
        said = self._redaction.sentence(cloud_text(data) or "no reason was given")
        return StreamFailed(STREAM_FAILED.occurred(said=said), cloud_status=200)


def _cut() -> StreamFailed:
    return StreamFailed(STREAM_TRUNCATED.occurred(), cloud_status=200)


def _broken(reason: str) -> StreamFailed:
    return StreamFailed(STREAM_INVALID.occurred(reason=reason), cloud_status=200)


async def _read(response: aiohttp.ClientResponse, idle: float, end: float) -> bytes:
    """Return the next bytes of the body, b"" at its end."""
    try:
        async with asyncio.timeout_at(min(asyncio.get_running_loop().time() + idle, end)):
            return await response.content.readany()
    except TimeoutError:
        error = StreamFailed(STREAM_TIMEOUT.occurred(), cloud_status=200)
    except NETWORK_ERRORS:
        error = _cut()
    raise error


async def _within(seconds: float, url: URL, step: Awaitable[T]) -> T:
    """Await one step of opening the stream; network errors become `CloudError`."""
    try:
        async with bounded(seconds):
            return await step
    except NETWORK_ERRORS as error:
        failed = network_error(error, url)
    raise failed
