"""The models, one model, and which of them the cloud can price (cloud-api §16, cloud-api-latest L23)."""

from aiohttp import web

from eliza_cloud.emulator.access.auth import require_caller
from eliza_cloud.emulator.endpoints.inference.errors import envelope, openai_errors
from eliza_cloud.emulator.server import settings
from eliza_cloud.emulator.server.cloud import CLOUD, Cloud
from eliza_cloud.emulator.server.responses import ApiError, json_response

routes = web.RouteTableDef()

_MODELS = (
    "openai/gpt-oss-120b",
    "openai/gpt-5-mini",
    "anthropic/claude-sonnet-4.5",
    "google/gemini-2.5-flash",
    "openai/text-embedding-3-small",
    "google/gemini-2.5-flash-image",
    "fal-ai/veo3",
)
_BARE_NAMES = frozenset(name.partition("/")[2] for name in _MODELS)
SPEECH_MODELS = frozenset({"eleven_flash_v2_5", "eleven_multilingual_v2", "eleven_turbo_v2_5"})
_CREATED = 1_756_684_800


def is_priced(cloud: Cloud, model: str) -> bool:
    """Whether the cloud has a price for this model; a provider's prefix may be left out."""
    return model in _MODELS or model in _BARE_NAMES or model in cloud.models


def require_price(cloud: Cloud, model: str) -> None:
    """500 for a model that the cloud does not know: permanent, although a 500 (cloud-api §23)."""
    if not is_priced(cloud, model):
        raise envelope(500, f"Pricing unavailable for model {model}")


def require_provider(cloud: Cloud) -> None:
    """500 while the provider behind the models fails."""
    if is_provider_down(cloud):
        raise envelope(500, "The provider failed to answer")


def is_provider_down(cloud: Cloud) -> bool:
    """Whether the provider behind the models fails, as set by the control endpoints."""
    return settings.read(cloud, "provider_down", default=False) is True


def _shown(model: str) -> dict[str, object]:
    return {"id": model, "object": "model", "created": _CREATED, "owned_by": model.partition("/")[0]}


@routes.get("/api/v1/models")
async def list_models(_request: web.Request) -> web.Response:
    """The models in the shape of the OpenAI list; public, cached for an hour."""
    data = [_shown(model) for model in _MODELS]
    return json_response({"object": "list", "data": data}, headers={"Cache-Control": "public, max-age=3600"})


@routes.get("/api/v1/models/{model:.+}")
@openai_errors
async def get_model(request: web.Request) -> web.StreamResponse:
    """One model; it needs a key, unlike the list."""
    require_caller(request)
    model = request.match_info["model"]
    if model not in _MODELS:
        error = {"message": f"The model '{model}' does not exist", "type": "invalid_request_error"}
        raise ApiError(404, {"error": {**error, "param": "model", "code": "model_not_found"}})
    return json_response(_shown(model))


@routes.get("/api/health")
async def get_health(request: web.Request) -> web.Response:
    """Whether the server answers; public."""
    return json_response({"status": "ok", "timestamp": int(request.app[CLOUD].clock.time() * 1000)})
