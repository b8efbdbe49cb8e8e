"""Talking to the linked agent, as one answer or as a stream (local-api §10)."""

from contextlib import aclosing
from typing import Annotated, Literal

import msgspec
from aiohttp import web
from msgspec import UNSET, Meta, UnsetType

from eliza_cloud.api.app_keys import DISCONNECTS, MANAGER
from eliza_cloud.api.http.inputs import Body
from eliza_cloud.api.http.reply_stream import stream_reply
from eliza_cloud.api.http.responses import answer
from eliza_cloud.api.http.sse import EventStream, wants_stream
from eliza_cloud.api.openapi.error_examples import CHAT
from eliza_cloud.api.openapi.operation import EVENT_STREAM, Operation, SuccessResponse
from eliza_cloud.core.problems import Problem
from eliza_cloud.runtime.proxy import CloudRuntimeProxy

_GROUP = "Chat"

Mode = Literal["simple", "power"]


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the user says; `mode` is `power` unless it is given."""

    text: Annotated[str, Meta(min_length=1, pattern=r"\S")]
    mode: Annotated[Mode | None, Meta(extra={"sentence": "mode must be 'simple' or 'power'"})] = None


class Reply(msgspec.Struct, frozen=True, rename="camel"):
    """What the agent says."""

    text: str
    agent_name: str | None


class Token(msgspec.Struct, frozen=True, tag_field="type", tag="token"):
    """A piece of the reply."""

    text: str


class ReplyEnd(msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag_field="type", tag="done"):
    """The end of a complete reply; one of more than 1 MiB is not repeated in it (`fullTextOmitted`)."""

    full_text: str | UnsetType = UNSET
    full_text_omitted: bool | UnsetType = UNSET
    agent_name: str | None


class Broken(msgspec.Struct, frozen=True, tag_field="type", tag="error"):
    """The end of a reply that is not complete."""

    message: str
    code: str


Frame = Token | ReplyEnd | Broken

#: Bytes of a reply that its last frame repeats.
MOST_REPEATED = 1 << 20

_STREAM = SuccessResponse(
    200,
    "Frames, each `data: ` with a `token`, and one `done` or `error` at the end.",
    Frame,
    Token("I am"),
    media=EVENT_STREAM,
)
MESSAGE = Body(Message("Hello, who are you?"))

CHAT_WHOLE = Operation(
    id="sendMessage",
    group=_GROUP,
    summary="Say something to the agent",
    about="Answers with the whole reply, or with a stream when `Accept` asks for `text/event-stream`.",
    body=MESSAGE,
    answers=(
        SuccessResponse(200, "The whole reply.", Reply, Reply("I am your agent.", "my-cloud-agent")),
        _STREAM,
    ),
    errors=CHAT,
)
CHAT_STREAM = Operation(
    id="streamMessage",
    group=_GROUP,
    summary="Say something and read the reply as it comes",
    about="What fails before the first frame is a JSON error with its status, after it an `error` frame.",
    body=MESSAGE,
    answers=(_STREAM,),
    errors=CHAT,
)


USUAL_MODE = "power"


async def chat(request: web.Request) -> web.StreamResponse:
    """POST /api/chat {text, mode?}: the whole reply, or a stream when `Accept` asks for one."""
    if wants_stream(request):
        return await stream(request)
    message = await MESSAGE.read(request)
    proxy = request.app[MANAGER].proxy()
    async with request.app[DISCONNECTS].cancel_on_disconnect(request):
        reply = await proxy.send(message.text, mode=message.mode or USUAL_MODE)
    return answer(Reply(reply, proxy.agent_name))


async def stream(request: web.Request) -> web.StreamResponse:
    """POST /api/chat/stream: frames as the agent speaks; `done` only after the agent's own.

    What fails before the first frame is a JSON error with its status, after it an `error` frame.
    """
    message = await MESSAGE.read(request)
    proxy = request.app[MANAGER].proxy()
    return await stream_reply(
        request, lambda events: _relay(request, proxy, message, events), _report_failure
    )


async def _relay(
    request: web.Request, proxy: CloudRuntimeProxy, message: Message, events: EventStream
) -> None:
    sent = _Sent()
    async with (
        request.app[DISCONNECTS].cancel_on_disconnect(request),
        aclosing(proxy.stream(message.text, mode=message.mode or USUAL_MODE)) as pieces,
    ):
        async for piece in pieces:
            sent.add(piece)
            await events.send(Token(piece))
        await events.send(sent.end(proxy.agent_name))


class _Sent:
    """What was sent of a reply, while it is short enough to be sent again as a whole."""

    def __init__(self) -> None:
        self._pieces: list[str] | None = []
        self._size = 0

    def add(self, piece: str) -> None:
        self._size += len(piece.encode("utf-8", "surrogatepass"))
        if self._size > MOST_REPEATED:
            self._pieces = None
        elif self._pieces is not None:
            self._pieces.append(piece)

    def end(self, agent_name: str | None) -> ReplyEnd:
        if self._pieces is None:
            return ReplyEnd(full_text_omitted=True, agent_name=agent_name)
        return ReplyEnd(full_text="".join(self._pieces), agent_name=agent_name)


async def _report_failure(events: EventStream, problem: Problem) -> None:
    await events.send(Broken(problem.message, problem.code))
