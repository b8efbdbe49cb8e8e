"""Images and videos (cloud-api §16): OpenAI's shape here, the cloud's own on its route."""

import time
from collections.abc import Callable
from typing import Any, TypedDict, TypeVar

import aiohttp
import msgspec
from aiohttp import web

from eliza_cloud.api.app_keys import DISCONNECTS, GATEWAY
from eliza_cloud.api.http.inputs import PassedOnBody
from eliza_cloud.api.http.relay import headers_to_cloud, relay
from eliza_cloud.api.http.responses import RequestError, answer
from eliza_cloud.api.openai.completions import direct_call, model_for
from eliza_cloud.api.openai.upstream import PASSED_ON, Model, Text, upstream_operation
from eliza_cloud.api.openapi.operation import SuccessResponse
from eliza_cloud.cloud.http.request import json_object
from eliza_cloud.core.problems import (
    IMAGES_BY_ADDRESS,
    INVALID_RESPONSE,
    MEDIA_TOO_LARGE,
    MODEL_NOT_CONFIGURED,
    RESPONSE_TRUNCATED,
)
from eliza_cloud.redaction.stream import redactor_of
from eliza_cloud.routing.adapters import media as shapes
from eliza_cloud.routing.config.types import Capability
from eliza_cloud.routing.gateway import STREAMED, VIDEO, UpstreamRequest
from eliza_cloud.routing.upstreams.resolve import CloudUpstream
from eliza_cloud.runtime.errors import LinkError

#: An answer that is put into another shape is held in memory; images may be in it.
MAX_ANSWER = 64 * 1024 * 1024


class ImageRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """An image to make. Eliza Cloud answers with addresses, and with the ratio nearest to `size`."""

    prompt: Text
    model: Model | None = None
    n: int | None = None
    size: str | None = None
    style: str | None = None
    response_format: str | None = None


class VideoRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """A video to make."""

    prompt: Text
    model: Model | None = None


class GeneratedMedium(TypedDict, total=False):
    """One image or video: its address, or an image's data where it has none."""

    url: str | None
    b64_json: str | None
    revised_prompt: str


class Generated(msgspec.Struct, frozen=True):
    """What was made, in the shape of OpenAI's images."""

    created: int
    data: list[GeneratedMedium]


IMAGE_REQUEST = PassedOnBody(ImageRequest("A lighthouse at dusk", size="1792x1024"))
VIDEO_REQUEST = PassedOnBody(VideoRequest("Waves against a lighthouse"))

IMAGES = upstream_operation(
    "createImage",
    "Images",
    IMAGE_REQUEST,
    (
        SuccessResponse(
            200, "The images.", Generated, Generated(1795464900, [{"url": "https://cdn.example/1.png"}])
        ),
        SuccessResponse(200, PASSED_ON, dict[str, Any]),
    ),
    MODEL_NOT_CONFIGURED.example(),
    IMAGES_BY_ADDRESS.example(),
)
VIDEOS = upstream_operation(
    "createVideo",
    "Videos",
    VIDEO_REQUEST,
    (
        SuccessResponse(
            200, "The video.", Generated, Generated(1795464900, [{"url": "https://cdn.example/1.mp4"}])
        ),
        SuccessResponse(200, PASSED_ON, dict[str, Any]),
    ),
    MODEL_NOT_CONFIGURED.example(),
    about="Answers when the video is made, which takes minutes.",
)

Wanted = TypeVar("Wanted", ImageRequest, VideoRequest)


async def images(request: web.Request) -> web.StreamResponse:
    """POST /v1/images/generations."""
    return await _generate(
        request,
        IMAGE_REQUEST,
        path="images/generations",
        cloud_path="generate-image",
        request_for_cloud=shapes.image_for_cloud,
        answer_from_cloud=shapes.images_from_cloud,
        timeout=STREAMED,
    )


async def videos(request: web.Request) -> web.StreamResponse:
    """POST /v1/videos/generations {prompt, model?}: answers when the video is made, which takes minutes."""
    return await _generate(
        request,
        VIDEO_REQUEST,
        path="videos/generations",
        cloud_path="generate-video",
        request_for_cloud=shapes.video_for_cloud,
        answer_from_cloud=shapes.video_from_cloud,
        timeout=VIDEO,
    )


async def _generate(
    request: web.Request,
    wanted: PassedOnBody[Wanted],
    *,
    path: str,
    cloud_path: str,
    request_for_cloud: Callable[[dict[str, Any], str | None], dict[str, Any]],
    answer_from_cloud: Callable[[dict[str, Any], int], dict[str, Any]],
    timeout: aiohttp.ClientTimeout,
) -> web.StreamResponse:
    body = await wanted.read_passed_on(request)
    upstream = await request.app[GATEWAY].upstream(Capability.MEDIA)
    model = model_for(body.known.model, upstream.route)
    if not isinstance(upstream, CloudUpstream):
        return await relay(
            request, upstream, direct_call(request, upstream.base, path, body.with_model(model), timeout)
        )
    try:
        content = request_for_cloud(msgspec.to_builtins(body.known), model)
    except shapes.MediaRefused:
        raise RequestError(IMAGES_BY_ADDRESS.occurred()) from None
    call = UpstreamRequest(cloud_path, content, headers_to_cloud(request), timeout)
    async with (
        request.app[DISCONNECTS].cancel_on_disconnect(request),
        request.app[GATEWAY].open(upstream, call) as response,
    ):
        document = await _whole(response)
    made = answer_from_cloud(document, int(time.time()))
    if not made["data"]:
        raise LinkError(INVALID_RESPONSE.occurred(what="there is nothing made in it"))
    return answer(Generated(**made))


async def _whole(response: aiohttp.ClientResponse) -> dict[str, Any]:
    body, redactor = bytearray(), redactor_of(response)
    try:
        async for chunk in response.content.iter_any():
            body += redactor.feed(chunk)
            if len(body) > MAX_ANSWER:
                raise LinkError(MEDIA_TOO_LARGE.occurred(size=MAX_ANSWER // 2**20))
    except (aiohttp.ClientError, OSError):
        raise LinkError(RESPONSE_TRUNCATED.occurred()) from None
    document = json_object(bytes(body + redactor.flush()))
    if document is None:
        raise LinkError(INVALID_RESPONSE.occurred(what="there is nothing made in it"))
    return document
