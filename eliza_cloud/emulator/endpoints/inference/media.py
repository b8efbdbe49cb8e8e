"""`POST /generate-image` and `POST /generate-video` (cloud-api §16)."""

from aiohttp import web

from eliza_cloud.emulator.access.auth import require_caller
from eliza_cloud.emulator.access.rate_limits import CRITICAL, STANDARD, limited
from eliza_cloud.emulator.endpoints.inference.errors import bare, bare_errors, no_credits
from eliza_cloud.emulator.endpoints.inference.generated_files import SIDE, address, digest, picture, video
from eliza_cloud.emulator.money.metering import reserved
from eliza_cloud.emulator.server.cloud import CLOUD, Cloud
from eliza_cloud.emulator.server.database import new_id
from eliza_cloud.emulator.server.responses import json_response, read_json

routes = web.RouteTableDef()

PROMPT_LIMIT = 4000
SOURCE_LIMIT = 14_000_000
IMAGE_MODEL = "google/gemini-2.5-flash-image"
VIDEO_MODELS = ("fal-ai/veo3", "fal-ai/veo3/fast")
# Millionths of a dollar each.
IMAGE_PRICE = 40_000
VIDEO_PRICE = 500_000


async def _body(request: web.Request, cloud: Cloud) -> tuple[dict[str, object], str]:
    """The body and its prompt; raises the 400."""
    body = await read_json(request, cloud)
    prompt = body.get("prompt") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(prompt, str) or not prompt.strip():
        raise bare(400, "Prompt is required")
    if len(prompt) > PROMPT_LIMIT:
        raise bare(400, f"Prompt is too long: at most {PROMPT_LIMIT} characters are allowed")
    return body, prompt


def _check_source(source: object) -> None:
    if source is None:
        return
    if not isinstance(source, str) or not source.startswith("data:image/"):
        raise bare(400, "sourceImage must be a data URL of an image")
    if len(source) > SOURCE_LIMIT:
        raise bare(400, "sourceImage is too large")


@routes.post("/api/v1/generate-image")
@limited(STANDARD)
@bare_errors
async def generate_image(request: web.Request) -> web.StreamResponse:
    """One to four pictures of one colour; an unknown model is silently replaced by the default one."""
    cloud, caller = request.app[CLOUD], require_caller(request)
    body, prompt = await _body(request, cloud)
    count = body.get("numImages", 1)
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= 4:
        raise bare(400, "numImages must be a whole number from 1 to 4")
    _check_source(body.get("sourceImage"))
    options = [body.get(key) for key in ("aspectRatio", "stylePreset", "sourceImage")]
    price = count * IMAGE_PRICE
    with reserved(cloud, caller, price, f"Images: {IMAGE_MODEL}", no_credits) as reservation:
        reservation.cost = price
        names = [digest(prompt, *options, number) for number in range(count)]
        images = [
            {
                "url": address(request, name, "png"),
                "text": "",
                "mimeType": "image/png",
                "fileSize": len(picture(name)),
            }
            for name in names
        ]
    return json_response({"images": images, "numImages": count})


@routes.post("/api/v1/generate-video")
@limited(CRITICAL)
@bare_errors
async def generate_video(request: web.Request) -> web.StreamResponse:
    """One video; it is there when the answer is."""
    cloud, caller = request.app[CLOUD], require_caller(request)
    body, prompt = await _body(request, cloud)
    model = body.get("model", VIDEO_MODELS[0])
    if model not in VIDEO_MODELS:
        known = "supportedModels" if cloud.is_latest else "validModels"
        raise bare(400, f"Invalid model: {model}", **{known: list(VIDEO_MODELS)})
    with reserved(cloud, caller, VIDEO_PRICE, f"Video: {model}", no_credits) as reservation:
        reservation.cost = VIDEO_PRICE
        name = digest(model, prompt)
    shown = {
        "url": address(request, name, "mp4"),
        "content_type": "video/mp4",
        "width": SIDE,
        "height": SIDE,
        "file_name": f"{name}.mp4",
        "file_size": len(video(name)),
    }
    more = {"seed": int(name[:8], 16), "has_nsfw_concepts": [False], "timings": {"inference": 0}}
    return json_response({"video": shown, **more, "requestId": new_id()})
