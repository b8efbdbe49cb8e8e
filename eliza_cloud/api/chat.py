"""Talking to the linked agent, as one answer or as a stream (contract local-api §10)."""

from contextlib import aclosing
from typing import Any

from aiohttp import web

from eliza_cloud.api.answers import answer
from eliza_cloud.api.body import read_object, text_of
from eliza_cloud.api.errors import bad_request
from eliza_cloud.api.keys import LIFETIMES, MANAGER
from eliza_cloud.api.reply_stream import stream_reply
from eliza_cloud.api.sse import EventStream, wants_stream
from eliza_cloud.api.wire.chat import Broken, Done, Message, Reply, Token
from eliza_cloud.core.failure import Failure
from eliza_cloud.link.proxy import CloudRuntimeProxy

USUAL_MODE = "power"


async def chat(request: web.Request) -> web.StreamResponse:
    """POST /api/chat {text, mode?}: the whole reply, or a stream when `Accept` asks for one."""
    if wants_stream(request):
        return await stream(request)
    message = await _message(request)
    proxy = request.app[MANAGER].proxy()
    async with request.app[LIFETIMES].bound(request):
        reply = await proxy.send(message.text, mode=message.mode or USUAL_MODE)
    return answer(Reply(reply, proxy.agent_name))


async def stream(request: web.Request) -> web.StreamResponse:
    """POST /api/chat/stream: frames as the agent speaks; `done` only after the agent's own.

    What fails before the first frame is a JSON error with its status, after it an `error` frame.
    """
    message = await _message(request)
    proxy = request.app[MANAGER].proxy()
    return await stream_reply(
        request, lambda events: _relay(request, proxy, message, events), _report_failure
    )


async def _relay(
    request: web.Request, proxy: CloudRuntimeProxy, message: Message, events: EventStream
) -> None:
    said: list[str] = []
    async with (
        request.app[LIFETIMES].bound(request),
        aclosing(proxy.stream(message.text, mode=message.mode or USUAL_MODE)) as pieces,
    ):
        async for piece in pieces:
            said.append(piece)
            await events.send(Token(piece))
        await events.send(Done("".join(said), proxy.agent_name))


async def _report_failure(events: EventStream, failure: Failure) -> None:
    await events.send(Broken(failure.message, failure.code))


async def _message(request: web.Request) -> Message:
    body = await read_object(request)
    text = text_of(body, "text")
    mode: Any = body.get("mode")
    if mode not in (None, "simple", "power"):
        raise bad_request("mode must be 'simple' or 'power'")
    return Message(text, mode)
