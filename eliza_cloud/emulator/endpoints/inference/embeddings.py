"""`POST /embeddings` (cloud-api §16): small vectors of unit length that depend on model and text alone."""

import math
from hashlib import sha256

from aiohttp import web

from eliza_cloud.emulator.access.auth import require_caller
from eliza_cloud.emulator.access.rate_limits import RELAXED, limited
from eliza_cloud.emulator.endpoints.inference.errors import envelope, missing, no_quota, openai_errors
from eliza_cloud.emulator.endpoints.inference.models import require_price, require_provider
from eliza_cloud.emulator.money.metering import reserved, tokens
from eliza_cloud.emulator.server.cloud import CLOUD
from eliza_cloud.emulator.server.responses import json_response, read_json, to_json

routes = web.RouteTableDef()

DIMENSIONS = 8
# Millionths of a dollar a token.
PRICE = 1


def vector(model: str, text: str) -> list[float]:
    """The embedding of this text: eight numbers, the sum of whose squares is 1."""
    numbers = [byte - 127.5 for byte in sha256(f"{model}\n{text}".encode()).digest()[:DIMENSIONS]]
    length = math.sqrt(sum(number * number for number in numbers))
    return [number / length for number in numbers]


def _inputs(value: object) -> list[str]:
    """The texts to embed; a list of token numbers is one text; raises the 400."""
    if isinstance(value, list) and value and all(isinstance(each, int) for each in value):
        return [to_json(value)]
    texts = value if isinstance(value, list) else [value]
    if not texts or not all(isinstance(each, str | list) and each for each in texts):
        raise missing("input")
    return [each if isinstance(each, str) else to_json(each) for each in texts]


@routes.post("/api/v1/embeddings")
@limited(RELAXED)
@openai_errors
async def embed(request: web.Request) -> web.StreamResponse:
    """One vector for each input, always as numbers: `encoding_format` and `dimensions` are ignored."""
    cloud, caller = request.app[CLOUD], require_caller(request)
    body = await read_json(request, cloud)
    if not isinstance(body, dict):
        raise envelope(400, "The body must be a JSON object")
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise missing("model")
    if cloud.is_latest and body.get("input") in ("", []):
        raise envelope(400, "input must not be empty", code="invalid_value", param="input")
    texts = _inputs(body.get("input"))
    require_price(cloud, model)
    require_provider(cloud)
    count = sum(tokens(text) for text in texts)
    refuse = no_quota("insufficient_balance")
    with reserved(cloud, caller, count * PRICE, f"Embeddings: {model}", refuse) as reservation:
        reservation.cost = count * PRICE
        data = [
            {"object": "embedding", "embedding": vector(model, text), "index": index}
            for index, text in enumerate(texts)
        ]
    usage = {"prompt_tokens": count, "total_tokens": count}
    return json_response({"object": "list", "data": data, "model": model, "usage": usage})
