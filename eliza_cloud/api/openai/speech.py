"""Text to speech, in OpenAI's shape and in Eliza Cloud's (local-api §13, cloud-api §16)."""

from aiohttp import web

from eliza_cloud.api.app_keys import GATEWAY
from eliza_cloud.api.http.relay import headers_to_cloud, relay
from eliza_cloud.api.http.request_body import Members, member, read_members, read_object, text_member, text_of
from eliza_cloud.api.middleware.errors import bad_request
from eliza_cloud.api.openai.completions import model_for, own_call, with_model
from eliza_cloud.routing.adapters.models import resolve_model
from eliza_cloud.routing.adapters.speech import speech_for_cloud, speech_for_openai
from eliza_cloud.routing.config.types import Capability
from eliza_cloud.routing.gateway import UpstreamRequest
from eliza_cloud.routing.upstreams.resolve import CloudUpstream


async def speech(request: web.Request) -> web.StreamResponse:
    """POST /v1/audio/speech {model, input, voice, …}: the audio as it comes; the cloud speaks MP3 only."""
    body = await read_members(request)
    text = _text(body)
    upstream = await request.app[GATEWAY].upstream(Capability.TTS)
    model = model_for(body, upstream.route)
    if not isinstance(upstream, CloudUpstream):
        return await relay(
            request, upstream, own_call(request, upstream.base, "audio/speech", with_model(body, model))
        )
    if member(body, "response_format") not in (None, "mp3"):
        raise bad_request("Eliza Cloud speaks MP3 only: ask for response_format mp3", "unsupported_format")
    content = speech_for_cloud(text, member(body, "voice"), model)
    return await relay(request, upstream, UpstreamRequest("voice/tts", content, headers_to_cloud(request)))


async def cloud_speech(request: web.Request) -> web.StreamResponse:
    """POST /api/tts/cloud {text, modelId?, voiceId?}: the cloud's shape, on whichever road."""
    body = await read_object(request)
    text = text_of(body, "text")
    voice, wanted = body.get("voiceId"), body.get("modelId")
    if not isinstance(voice, str | None) or not isinstance(wanted, str | None):
        raise bad_request("voiceId and modelId must be strings")
    upstream = await request.app[GATEWAY].upstream(Capability.TTS)
    model = wanted or resolve_model(None, upstream.route)
    if isinstance(upstream, CloudUpstream):
        content = speech_for_cloud(text, voice, model)
        return await relay(
            request, upstream, UpstreamRequest("voice/tts", content, headers_to_cloud(request))
        )
    return await relay(
        request,
        upstream,
        own_call(request, upstream.base, "audio/speech", speech_for_openai(text, voice, model)),
    )


def _text(body: Members) -> str:
    text = text_member(body, "input")
    if text is None:
        raise bad_request("input is required")
    return text
