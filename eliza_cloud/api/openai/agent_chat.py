"""The connected agent behind OpenAI's chat endpoint, under the model name `eliza-agent` (local-api §11)."""

import time
import uuid
from contextlib import aclosing
from typing import Annotated, Any, Literal

import msgspec
from aiohttp import web
from msgspec import UNSET, Meta, Raw, UnsetType

from eliza_cloud.api.app_keys import DISCONNECTS, MANAGER
from eliza_cloud.api.http.error_bodies import openai_error
from eliza_cloud.api.http.inputs import decoded_part
from eliza_cloud.api.http.reply_stream import stream_reply
from eliza_cloud.api.http.responses import RequestError, answer
from eliza_cloud.api.http.sse import EventStream, wants_stream
from eliza_cloud.core.problems import NO_USER_MESSAGE, Problem
from eliza_cloud.routing.adapters.models import AGENT_MODEL
from eliza_cloud.runtime.proxy import CloudRuntimeProxy

#: The agent's room for these clients, apart from the web chat's.
ROOM = "openai-compat"
_INSTRUCTIONS = ("system", "developer")


class ChatMessage(msgspec.Struct, frozen=True):
    """One message of a conversation."""

    role: str
    content: Annotated[Raw, Meta(description="A text, or a list of parts.")] | UnsetType = UNSET


class ChatAnswerMessage(msgspec.Struct, frozen=True):
    """What is said."""

    role: Literal["assistant"]
    content: str


class ChatChoice(msgspec.Struct, frozen=True):
    """The one choice."""

    index: int
    message: ChatAnswerMessage
    finish_reason: str
    logprobs: None


class ChatCompletion(msgspec.Struct, frozen=True):
    """A whole reply of the connected agent."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[ChatChoice]


async def agent_chat(
    request: web.Request, messages: list[ChatMessage], *, stream: bool
) -> web.StreamResponse:
    """Say the last user message to the agent, after all instructions; it remembers the rest itself."""
    text = _text(messages)
    proxy = request.app[MANAGER].proxy()
    if stream or wants_stream(request):
        return await stream_reply(
            request, lambda events: _relay(request, proxy, text, events), _report_failure
        )
    async with request.app[DISCONNECTS].cancel_on_disconnect(request):
        reply = await proxy.send(text, room=ROOM)
    choice = ChatChoice(0, ChatAnswerMessage("assistant", reply), "stop", None)
    return answer(ChatCompletion(**_head("chat.completion"), choices=[choice]))


async def _relay(request: web.Request, proxy: CloudRuntimeProxy, text: str, events: EventStream) -> None:
    head = _head("chat.completion.chunk")
    role: dict[str, Any] = {"role": "assistant"}
    async with (
        request.app[DISCONNECTS].cancel_on_disconnect(request),
        aclosing(proxy.stream(text, room=ROOM)) as pieces,
    ):
        async for piece in pieces:
            await events.send(_chunk(head, {**role, "content": piece}))
            role = {}
        await events.send(_chunk(head, role, "stop"))
        await events.end()


async def _report_failure(events: EventStream, problem: Problem) -> None:
    await events.send(openai_error(problem))
    await events.end()


def _head(kind: str) -> dict[str, Any]:
    identifier = f"chatcmpl-{uuid.uuid4().hex}"
    return {"id": identifier, "object": kind, "created": int(time.time()), "model": AGENT_MODEL}


def _chunk(head: dict[str, Any], delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}
    return {**head, "choices": [choice]}


def _text(messages: list[ChatMessage]) -> str:
    """Return what is said to the agent; raises 400 when no user says anything."""
    instructions = [_content(one) for one in messages if one.role in _INSTRUCTIONS]
    spoken = [text for one in messages if one.role == "user" and (text := _content(one))]
    if not spoken:
        raise RequestError(NO_USER_MESSAGE.occurred())
    return "\n\n".join([text for text in instructions if text] + spoken[-1:])


def _content(message: ChatMessage) -> str:
    """Return a message's text, of which it may have several parts."""
    content = None if isinstance(message.content, UnsetType) else decoded_part(message.content)
    if isinstance(content, str):
        return content.strip()
    parts = content if isinstance(content, list) else []
    texts = [one.get("text") for one in parts if isinstance(one, dict) and one.get("type") == "text"]
    return "\n".join(text for text in texts if isinstance(text, str)).strip()
