"""`POST /responses` (OpenAI) and `POST /messages` (Anthropic): the same replies in other shapes.

See cloud-api-latest L23.
"""

import functools
from collections.abc import Mapping

from aiohttp import web

from eliza_cloud.emulator.access.auth import Caller, require_caller
from eliza_cloud.emulator.access.rate_limits import RELAXED, Endpoint, limited
from eliza_cloud.emulator.eliza import program
from eliza_cloud.emulator.endpoints.inference.completions import ANSWER_PRICE, PROMPT_PRICE, text_of
from eliza_cloud.emulator.endpoints.inference.models import require_price, require_provider
from eliza_cloud.emulator.money.metering import reserved, tokens
from eliza_cloud.emulator.server.cloud import CLOUD, Cloud
from eliza_cloud.emulator.server.database import new_id
from eliza_cloud.emulator.server.responses import ApiError, coded_error, json_response, read_json, to_json

routes = web.RouteTableDef()

_ANSWER_TOKENS = 500
_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    429: "rate_limit_error",
}


def _reply(cloud: Cloud, caller: Caller, model: str, turns: list[tuple[object, str]]) -> tuple[str, int, int]:
    """What the model says to these turns of role and text, and the tokens of both sides; paid for."""
    require_price(cloud, model)
    require_provider(cloud)
    asked = [text for role, text in turns if role == "user"]
    reply = program.reply(asked[-1] if asked else "", [])
    prompt_tokens, answer_tokens = sum(tokens(text) for _, text in turns), tokens(reply)
    estimate = prompt_tokens * PROMPT_PRICE + _ANSWER_TOKENS * ANSWER_PRICE
    with reserved(cloud, caller, estimate, f"Inference: {model}", _no_credits) as reservation:
        reservation.cost = prompt_tokens * PROMPT_PRICE + answer_tokens * ANSWER_PRICE
    return reply, prompt_tokens, answer_tokens


def _no_credits(required: int, _available: int) -> ApiError:
    message = f"Insufficient credits. Required: ${required / 1e6:.6f}"
    return coded_error(402, "insufficient_credits", message)


def _responses_errors(endpoint: Endpoint) -> Endpoint:
    """Every 5xx beneath becomes one 503; other errors have the usual shape."""

    @functools.wraps(endpoint)
    async def wrapped(request: web.Request) -> web.StreamResponse:
        try:
            return await endpoint(request)
        except ApiError as error:
            if error.status >= 500:
                raise coded_error(503, "internal_error", "Responses provider unavailable") from error
            raise

    return wrapped


@routes.post("/api/v1/responses")
@limited(RELAXED)
@_responses_errors
async def respond(request: web.Request) -> web.StreamResponse:
    """A whole response; text only, tools are dropped, and it does not stream."""
    cloud, caller = request.app[CLOUD], require_caller(request)
    body = await read_json(request, cloud)
    model = body.get("model") if isinstance(body, dict) else None
    given = body.get("input") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(model, str) or not model or not given:
        raise coded_error(400, "validation_error", "model and input are required")
    if body.get("stream") is True:
        raise coded_error(400, "validation_error", "Streaming is not supported on this endpoint")
    items = given if isinstance(given, list) else [{"role": "user", "content": given}]
    turns = [(item.get("role"), text_of(item.get("content"))) for item in items if isinstance(item, dict)]
    reply, prompt_tokens, answer_tokens = _reply(cloud, caller, model, turns)
    content = [{"type": "output_text", "text": reply, "annotations": []}]
    message = {"type": "message", "id": f"msg_{new_id()}", "role": "assistant", "status": "completed"}
    return json_response(
        {
            "id": f"resp_{new_id()}",
            "object": "response",
            "created_at": int(cloud.clock.time()),
            "model": model,
            "status": "completed",
            "output": [{**message, "content": content}],
            "output_text": reply,
            "usage": {
                "input_tokens": prompt_tokens,
                "output_tokens": answer_tokens,
                "total_tokens": prompt_tokens + answer_tokens,
            },
        }
    )


def _anthropic_errors(endpoint: Endpoint) -> Endpoint:
    """`{"type": "error", "error": {"type", "message"}}`; too few credits are a 429 without `Retry-After`."""

    @functools.wraps(endpoint)
    async def wrapped(request: web.Request) -> web.StreamResponse:
        try:
            return await endpoint(request)
        except ApiError as error:
            status = 429 if error.status == 402 else error.status
            found = error.body["error"]
            message = found["message"] if isinstance(found, dict) else found
            shown = {"type": _KINDS.get(status, "api_error"), "message": message}
            raise ApiError(status, {"type": "error", "error": shown}) from error

    return wrapped


@routes.post("/api/v1/messages")
@limited(RELAXED)
@_anthropic_errors
async def create_message(request: web.Request) -> web.StreamResponse:
    """A message in Anthropic's shape, whole or streamed."""
    cloud, caller = request.app[CLOUD], require_caller(request)
    body = await read_json(request, cloud)
    if not isinstance(body, dict):
        raise coded_error(400, "validation_error", "The body must be a JSON object")
    model, messages, most = body.get("model"), body.get("messages"), body.get("max_tokens")
    if not isinstance(model, str) or not model or not isinstance(most, int) or isinstance(most, bool):
        raise coded_error(400, "validation_error", "model and max_tokens are required")
    if not isinstance(messages, list) or not messages or not all(isinstance(each, dict) for each in messages):
        raise coded_error(400, "validation_error", "messages are required")
    turns = [(each.get("role"), text_of(each.get("content"))) for each in messages]
    reply, prompt_tokens, answer_tokens = _reply(cloud, caller, model, turns)
    message: dict[str, object] = {
        "id": f"msg_{new_id()}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [{"type": "text", "text": reply}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": prompt_tokens, "output_tokens": answer_tokens},
    }
    return await _stream(request, message, reply) if body.get("stream") is True else json_response(message)


async def _stream(request: web.Request, message: Mapping[str, object], reply: str) -> web.StreamResponse:
    events = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    await events.prepare(request)
    begun = {**message, "content": [], "stop_reason": None}
    block = {"type": "text", "text": ""}
    frames: list[dict[str, object]] = [
        {"type": "message_start", "message": begun},
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": reply}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": message["usage"]},
        {"type": "message_stop"},
    ]
    for frame in frames:
        await events.write(f"event: {frame['type']}\ndata: {to_json(frame)}\n\n".encode())
    await events.write_eof()
    return events
