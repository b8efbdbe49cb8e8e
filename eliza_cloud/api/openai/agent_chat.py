"""The connected agent behind OpenAI's chat endpoint, under the model name `eliza-agent` (local-api §11)."""

import time
import uuid
from contextlib import aclosing
from typing import Any

from aiohttp import web

from eliza_cloud.api.app_keys import DISCONNECTS, MANAGER
from eliza_cloud.api.http.error_bodies import openai_error
from eliza_cloud.api.http.reply_stream import stream_reply
from eliza_cloud.api.http.request_body import Members, member
from eliza_cloud.api.http.responses import answer
from eliza_cloud.api.http.sse import EventStream, wants_stream
from eliza_cloud.api.middleware.errors import bad_request
from eliza_cloud.api.openai.types import ChatAnswerMessage, ChatChoice, ChatCompletion
from eliza_cloud.core.problems import Problem
from eliza_cloud.routing.adapters.models import AGENT_MODEL
from eliza_cloud.runtime.proxy import CloudRuntimeProxy

#: The agent's room for these clients, apart from the web chat's.
ROOM = "openai-compat"
_INSTRUCTIONS = ("system", "developer")


async def agent_chat(request: web.Request, body: Members) -> web.StreamResponse:
    """Say the last user message to the agent, after all instructions; it remembers the rest itself."""
    text = _text(member(body, "messages"))
    proxy = request.app[MANAGER].proxy()
    if member(body, "stream") is True or wants_stream(request):
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


def _text(messages: Any) -> str:
    """Return what is said to the agent; raises 400 when no user says anything."""
    said = [one for one in messages if isinstance(one, dict)] if isinstance(messages, list) else []
    instructions = [_content(one) for one in said if one.get("role") in _INSTRUCTIONS]
    spoken = [text for one in said if one.get("role") == "user" and (text := _content(one))]
    if not spoken:
        raise bad_request("messages must hold a user message with text")
    return "\n\n".join([text for text in instructions if text] + spoken[-1:])


def _content(message: dict[str, Any]) -> str:
    """Return a message's text, of which it may have several parts."""
    content = message.get("content")
    if isinstance(content, str):
        return content.strip()
    parts = content if isinstance(content, list) else []
    texts = [one.get("text") for one in parts if isinstance(one, dict) and one.get("type") == "text"]
    return "\n".join(text for text in texts if isinstance(text, str)).strip()
