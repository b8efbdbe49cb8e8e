"""Talking to the linked agent, as one answer or as a stream (contract local-api §10)."""

from contextlib import aclosing
from typing import Any

import msgspec
from aiohttp import web

from eliza_cloud.api.answers import answer
from eliza_cloud.api.body import read_object, text_of
from eliza_cloud.api.errors import INTERNAL_ERROR, ClientGoneError, bad_request, log_unforeseen
from eliza_cloud.api.keys import LIFETIMES, MANAGER
from eliza_cloud.api.sse import EventStream, wants_stream
from eliza_cloud.core.failure import Failure
from eliza_cloud.link.errors import LinkError
from eliza_cloud.link.proxy import CloudRuntimeProxy


class Message(msgspec.Struct, frozen=True):
    """What the user says; `mode` is "simple" or "power"."""

    text: str
    mode: str


async def chat(request: web.Request) -> web.StreamResponse:
    """POST /api/chat {text, mode?}: the whole reply, or a stream when `Accept` asks for one."""
    if wants_stream(request):
        return await stream(request)
    message = await _message(request)
    proxy = request.app[MANAGER].proxy()
    async with request.app[LIFETIMES].bound(request):
        reply = await proxy.send(message.text, mode=message.mode)
    return answer({"text": reply, "agentName": proxy.agent_name})


async def stream(request: web.Request) -> web.StreamResponse:
    """POST /api/chat/stream: frames as the agent speaks; `done` only after the agent's own.

    What fails before the first frame is a JSON error with its status, after it an `error` frame.
    """
    message = await _message(request)
    proxy = request.app[MANAGER].proxy()
    events = EventStream(request)
    try:
        await _relay(request, proxy, message, events)
    except ClientGoneError:
        if not events.started:
            raise
    except LinkError as error:
        await _report(events, error, error.failure)
    except Exception as error:  # noqa: BLE001 - raised on, or logged and told to the reader
        if events.started:
            log_unforeseen(request, error)
        await _report(events, error, INTERNAL_ERROR)
    return events.response


async def _relay(
    request: web.Request, proxy: CloudRuntimeProxy, message: Message, events: EventStream
) -> None:
    said: list[str] = []
    async with (
        request.app[LIFETIMES].bound(request),
        aclosing(proxy.stream(message.text, mode=message.mode)) as pieces,
    ):
        async for piece in pieces:
            said.append(piece)
            await events.send({"type": "token", "text": piece})
        await events.send({"type": "done", "fullText": "".join(said), "agentName": proxy.agent_name})


async def _report(events: EventStream, error: Exception, failure: Failure) -> None:
    """Write the `error` frame, or let the error become the answer while that is still possible."""
    if not events.started:
        raise error
    try:
        await events.send({"type": "error", "message": failure.message, "code": failure.code})
    except ClientGoneError:
        return


async def _message(request: web.Request) -> Message:
    body = await read_object(request)
    text = text_of(body, "text")
    mode: Any = body.get("mode")
    if mode not in (None, "simple", "power"):
        raise bad_request("mode must be 'simple' or 'power'")
    return Message(text, mode or "power")
