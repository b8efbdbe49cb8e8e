"""Text to speech, in OpenAI's shape and in Eliza Cloud's (local-api §13, cloud-api §16)."""

from typing import Any

import msgspec
from aiohttp import web

from eliza_cloud.api.app_keys import GATEWAY
from eliza_cloud.api.http.inputs import Body, PassedOnBody
from eliza_cloud.api.http.relay import headers_to_cloud, relay
from eliza_cloud.api.http.responses import RequestError
from eliza_cloud.api.openai.completions import direct_call, model_for
from eliza_cloud.api.openai.upstream import AUDIO, Model, Text, upstream_operation
from eliza_cloud.core.problems import MODEL_NOT_CONFIGURED, UNSUPPORTED_FORMAT
from eliza_cloud.routing.adapters.models import resolve_model
from eliza_cloud.routing.adapters.speech import speech_for_cloud, speech_for_openai
from eliza_cloud.routing.config.types import Capability
from eliza_cloud.routing.gateway import UpstreamRequest
from eliza_cloud.routing.upstreams.resolve import CloudUpstream


class SpeechRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """A text to say. Eliza Cloud speaks MP3 only, and OpenAI's voices mean its default voice there."""

    input: Text
    model: Model | None = None
    voice: Any = None
    response_format: str | None = None


class CloudSpeechRequest(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A text to say, in Eliza Cloud's own shape."""

    text: Text
    model_id: str | None = None
    voice_id: str | None = None


SPEECH_REQUEST = PassedOnBody(SpeechRequest("Hello", voice="alloy"))
CLOUD_SPEECH_REQUEST = Body(CloudSpeechRequest("Hello"))

SPEECH = upstream_operation(
    "createSpeech",
    "Speech",
    SPEECH_REQUEST,
    (AUDIO,),
    MODEL_NOT_CONFIGURED.example(),
    UNSUPPORTED_FORMAT.example(),
)
CLOUD_SPEECH = upstream_operation(
    "createCloudSpeech", "Speech, in Eliza Cloud's shape", CLOUD_SPEECH_REQUEST, (AUDIO,)
)


async def speech(request: web.Request) -> web.StreamResponse:
    """POST /v1/audio/speech {model, input, voice, …}: the audio as it comes; the cloud speaks MP3 only."""
    body = await SPEECH_REQUEST.read_passed_on(request)
    wanted = body.known
    upstream = await request.app[GATEWAY].upstream(Capability.TTS)
    model = model_for(wanted.model, upstream.route)
    if not isinstance(upstream, CloudUpstream):
        return await relay(
            request, upstream, direct_call(request, upstream.base, "audio/speech", body.with_model(model))
        )
    if wanted.response_format not in (None, "mp3"):
        raise RequestError(UNSUPPORTED_FORMAT.occurred())
    content = speech_for_cloud(wanted.input.strip(), wanted.voice, model)
    return await relay(request, upstream, UpstreamRequest("voice/tts", content, headers_to_cloud(request)))


async def cloud_speech(request: web.Request) -> web.StreamResponse:
    """POST /api/tts/cloud {text, modelId?, voiceId?}: the cloud's shape, on whichever route."""
    wanted = await CLOUD_SPEECH_REQUEST.read(request)
    upstream = await request.app[GATEWAY].upstream(Capability.TTS)
    model = wanted.model_id or resolve_model(None, upstream.route)
    if isinstance(upstream, CloudUpstream):
        content = speech_for_cloud(wanted.text, wanted.voice_id, model)
        return await relay(
            request, upstream, UpstreamRequest("voice/tts", content, headers_to_cloud(request))
        )
    content = speech_for_openai(wanted.text, wanted.voice_id, model)
    return await relay(request, upstream, direct_call(request, upstream.base, "audio/speech", content))
