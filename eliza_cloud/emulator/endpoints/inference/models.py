"""`GET /api/v1/models` (cloud-api §16): public, cached for an hour."""

from aiohttp import web

from eliza_cloud.emulator.server.responses import json_response

routes = web.RouteTableDef()

_MODELS = (
    "openai/gpt-oss-120b",
    "openai/text-embedding-3-small",
    "google/gemini-2.5-flash-image",
    "fal-ai/veo3",
)
_CREATED = 1_756_684_800


@routes.get("/api/v1/models")
async def list_models(_request: web.Request) -> web.Response:
    """The models in the shape of the OpenAI list."""
    data = [
        {"id": model, "object": "model", "created": _CREATED, "owned_by": model.partition("/")[0]}
        for model in _MODELS
    ]
    return json_response({"object": "list", "data": data}, headers={"Cache-Control": "public, max-age=3600"})
