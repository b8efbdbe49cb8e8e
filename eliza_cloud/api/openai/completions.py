"""Chat and embeddings in OpenAI's shape, each on its capability's route (local-api §11, §16)."""

from typing import Annotated, Any

import aiohttp
import msgspec
from aiohttp import web
from msgspec import Meta, Raw

from eliza_cloud.api.app_keys import GATEWAY
from eliza_cloud.api.http.inputs import PassedOn, PassedOnBody
from eliza_cloud.api.http.relay import headers_to_cloud, headers_up, relay
from eliza_cloud.api.http.responses import RequestError
from eliza_cloud.api.openai.agent_chat import (
    ChatAnswerMessage,
    ChatChoice,
    ChatCompletion,
    ChatMessage,
    agent_chat,
)
from eliza_cloud.api.openai.upstream import PASSED_ON, Model, upstream_operation
from eliza_cloud.api.openapi.error_examples import CHAT as TALKING
from eliza_cloud.api.openapi.operation import EVENT_STREAM, SuccessResponse
from eliza_cloud.cloud.completion_stream import CompletionCheck
from eliza_cloud.core.problems import MODEL_NOT_CONFIGURED, MODEL_REQUIRED
from eliza_cloud.routing.adapters.models import AGENT_MODEL, ModelUnknown, resolve_model
from eliza_cloud.routing.config.types import Capability, Route
from eliza_cloud.routing.gateway import STREAMED, UpstreamRequest
from eliza_cloud.routing.upstreams.resolve import CloudUpstream, Upstream


class ChatRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """A chat completion to make. Further members are passed on."""

    messages: list[ChatMessage]
    model: Model | None = None
    stream: bool | None = None


class EmbeddingsRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """Texts to embed. Further members are passed on."""

    input: Annotated[Raw, Meta(description="A text or tokens, or a list of them.")]
    model: Model | None = None


CHAT_REQUEST = PassedOnBody(ChatRequest([ChatMessage("user", Raw(b'"Hello, who are you?"'))], AGENT_MODEL))
EMBEDDINGS_REQUEST = PassedOnBody(EmbeddingsRequest(Raw(b'"Hello"'), "text-embedding-3-small"))

CHAT = upstream_operation(
    "createChatCompletion",
    "Chat",
    CHAT_REQUEST,
    (
        SuccessResponse(
            200,
            "The connected agent's reply, for the model `eliza-agent`.",
            ChatCompletion,
            ChatCompletion(
                "chatcmpl-0e9d",
                "chat.completion",
                1795464900,
                AGENT_MODEL,
                [ChatChoice(0, ChatAnswerMessage("assistant", "I am your agent."), "stop", None)],
            ),
        ),
        SuccessResponse(200, PASSED_ON, dict[str, Any]),
        SuccessResponse(200, "Chunks, under `stream`, with `data: [DONE]` at the end.", media=EVENT_STREAM),
    ),
    MODEL_REQUIRED.example(),
    MODEL_NOT_CONFIGURED.example(),
    *TALKING,
    about="With `stream` or `Accept: text/event-stream` as it comes. The model `eliza-agent` is the connected"
    " agent, which remembers the conversation itself: it gets the instructions and the last user message.",
)
EMBEDDINGS = upstream_operation(
    "createEmbeddings",
    "Embeddings",
    EMBEDDINGS_REQUEST,
    (SuccessResponse(200, PASSED_ON, dict[str, Any]),),
    MODEL_REQUIRED.example(),
    MODEL_NOT_CONFIGURED.example(),
)


async def chat_completions(request: web.Request) -> web.StreamResponse:
    """POST /v1/chat/completions, streaming and not; the model `eliza-agent` is the connected agent."""
    body = await CHAT_REQUEST.read_passed_on(request)
    known = body.known
    if known.model is not None and known.model.strip() == AGENT_MODEL:
        return await agent_chat(request, known.messages, stream=known.stream is True)
    return await _same_shape(request, body, known.model, Capability.LLM_TEXT, "chat/completions")


async def embeddings(request: web.Request) -> web.StreamResponse:
    """POST /v1/embeddings."""
    body = await EMBEDDINGS_REQUEST.read_passed_on(request)
    return await _same_shape(request, body, body.known.model, Capability.EMBEDDINGS, "embeddings")


def model_for(wanted: str | None, route: Route) -> str | None:
    """Return the model's name for upstream, None where neither request nor route names one; raises 400."""
    try:
        return resolve_model((wanted or "").strip() or None, route)
    except ModelUnknown as error:
        raise RequestError(MODEL_NOT_CONFIGURED.occurred(what=f"{error}.")) from None


def direct_call(
    request: web.Request, base: str, path: str, body: Any, timeout: aiohttp.ClientTimeout = STREAMED
) -> UpstreamRequest:
    """Return a call of an endpoint of a server that speaks as OpenAI does."""
    return UpstreamRequest(f"{base}/{path}", body, headers_up(request), timeout)


async def _same_shape(
    request: web.Request, body: PassedOn[Any], wanted: str | None, capability: Capability, path: str
) -> web.StreamResponse:
    """Take a route on which both ends speak alike, whichever it is."""
    upstream: Upstream = await request.app[GATEWAY].upstream(capability)
    model = model_for(wanted, upstream.route)
    if model is None:
        raise RequestError(MODEL_REQUIRED.occurred(capability=capability.value))
    content = body.with_model(model)
    if isinstance(upstream, CloudUpstream):
        check = CompletionCheck() if getattr(body.known, "stream", None) else None
        call = UpstreamRequest(path, content, headers_to_cloud(request))
        return await relay(request, upstream, call, check)
    return await relay(request, upstream, direct_call(request, upstream.base, path, content))
