"""`POST /chat/completions` (cloud-api §16): the doctor answers the last user message, remembering nothing.

Streamed, there is no role chunk, no error frame, and before generation L no usage chunk.
"""

import math
from collections.abc import Mapping

from aiohttp import web

from eliza_cloud.emulator.access.auth import require_caller
from eliza_cloud.emulator.access.rate_limits import PACE_HEADERS, RELAXED, limited
from eliza_cloud.emulator.eliza import program
from eliza_cloud.emulator.endpoints.inference.errors import envelope, missing, no_quota, openai_errors
from eliza_cloud.emulator.endpoints.inference.models import is_provider_down, require_price, require_provider
from eliza_cloud.emulator.endpoints.stream import MIDWAY
from eliza_cloud.emulator.money.metering import Reservation, reserved, tokens
from eliza_cloud.emulator.server.cloud import CLOUD, Cloud
from eliza_cloud.emulator.server.database import new_id
from eliza_cloud.emulator.server.responses import json_response, read_json, to_json

routes = web.RouteTableDef()

# Millionths of a dollar a token, and the length of an answer that is reserved for.
PROMPT_PRICE = 1
ANSWER_PRICE = 4
_ANSWER_TOKENS = 500
_ROLES = frozenset({"system", "developer", "user", "assistant", "tool"})
_STREAM_HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-cache",
    "Connection": "keep-alive",
}


def text_of(content: object) -> str:
    """The text of a message: a string, or the text parts among others."""
    if isinstance(content, list):
        return " ".join(str(part["text"]) for part in content if isinstance(part, dict) and "text" in part)
    return content if isinstance(content, str) else ""


def _conversation(body: object) -> tuple[dict[str, object], str, list[dict[str, object]]]:
    """The body, its model and its messages; raises the 400."""
    if not isinstance(body, dict):
        raise envelope(400, "The body must be a JSON object")
    model, messages = body.get("model"), body.get("messages")
    if not isinstance(model, str) or not model:
        raise missing("model")
    if not isinstance(messages, list) or not messages:
        raise missing("messages")
    if not all(isinstance(each, dict) and isinstance(each.get("role"), str) for each in messages):
        raise missing("messages")
    return body, model, messages


def _is_number(value: object, least: float, most: float = math.inf) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and least <= value <= most


def _refuse_unusable(body: dict[str, object], messages: list[dict[str, object]]) -> None:
    """500 for what the handler does not check and the work behind it cannot use (cloud-api §23)."""
    is_usable = (
        all(each["role"] in _ROLES and each.get("content") is not None for each in messages)
        and _is_number(body.get("temperature", 1), 0, 2)
        and _is_number(body.get("max_tokens", 1), 1)
    )
    if not is_usable:
        raise envelope(500, "Invalid prompt: the request cannot be passed on")


@routes.post("/api/v1/chat/completions")
@limited(RELAXED)
@openai_errors
async def complete_chat(request: web.Request) -> web.StreamResponse:
    """One choice, `finish_reason` always `stop`; tools are accepted and ignored."""
    cloud, caller = request.app[CLOUD], require_caller(request)
    body, model, messages = _conversation(await read_json(request, cloud))
    require_price(cloud, model)
    _refuse_unusable(body, messages)
    is_down = is_provider_down(cloud)
    if body.get("stream") is not True:
        require_provider(cloud)
    asked = [text_of(each.get("content")) for each in messages if each["role"] == "user"]
    reply = program.reply(asked[-1] if asked else "", [])
    prompt_tokens = sum(tokens(text_of(each.get("content"))) for each in messages)
    estimate = prompt_tokens * PROMPT_PRICE + _ANSWER_TOKENS * ANSWER_PRICE
    head: dict[str, object] = {
        "id": f"chatcmpl-{new_id()}",
        "object": "chat.completion",
        "created": int(cloud.clock.time()),
        "model": model,
    }
    refuse = no_quota("insufficient_credits")
    with reserved(cloud, caller, estimate, f"Chat completion: {model}", refuse) as reservation:
        reservation.cost = prompt_tokens * PROMPT_PRICE
        if body.get("stream") is True:
            usage = (
                _usage(prompt_tokens, 0 if is_down else tokens(reply)) if _wants_usage(cloud, body) else None
            )
            return await _stream(request, head, "" if is_down else reply, reservation, usage)
        answer_tokens = tokens(reply)
        reservation.cost += answer_tokens * ANSWER_PRICE
        message = {"role": "assistant", "content": reply}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return json_response({**head, "choices": [choice], "usage": _usage(prompt_tokens, answer_tokens)})


def _usage(prompt_tokens: int, answer_tokens: int) -> dict[str, int]:
    total = prompt_tokens + answer_tokens
    return {"prompt_tokens": prompt_tokens, "completion_tokens": answer_tokens, "total_tokens": total}


def _wants_usage(cloud: Cloud, body: dict[str, object]) -> bool:
    """Whether a usage chunk is asked for, which only generation L sends (cloud-api-latest L9)."""
    options = body.get("stream_options")
    return cloud.is_latest and isinstance(options, dict) and options.get("include_usage") is True


def _frame(head: Mapping[str, object], delta: Mapping[str, object], finish_reason: str | None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    chunk = {**head, "object": "chat.completion.chunk", "choices": [choice]}
    return f"data: {to_json(chunk)}\n\n".encode()


async def _stream(
    request: web.Request,
    head: Mapping[str, object],
    reply: str,
    reservation: Reservation,
    usage: Mapping[str, int] | None,
) -> web.StreamResponse:
    """Send the reply word by word; what was sent is paid for, also when the caller goes away.

    An empty reply, as of a provider that failed, looks complete: there is no error frame.
    """
    pace = request[PACE_HEADERS]
    events = web.StreamResponse(headers={**_STREAM_HEADERS, **pace})
    try:
        await events.prepare(request)
        for place, word in enumerate(reply.split(" ") if reply else []):
            piece = word if place == 0 else f" {word}"
            reservation.cost += tokens(piece) * ANSWER_PRICE
            await events.write(_frame(head, {"content": piece}, None))
            if MIDWAY in request:
                await request[MIDWAY]()
                return events
        await events.write(_frame(head, {}, "stop"))
        if usage is not None:
            chunk = {**head, "object": "chat.completion.chunk", "choices": [], "usage": usage}
            await events.write(f"data: {to_json(chunk)}\n\n".encode())
        await events.write(b"data: [DONE]\n\n")
        await events.write_eof()
    except ConnectionResetError:
        # The caller has gone.
        return events
    return events
