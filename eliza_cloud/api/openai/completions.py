"""Chat and embeddings in OpenAI's shape, each on its capability's road (local-api §11, §16)."""

from typing import Any

from aiohttp import web

from eliza_cloud.api.app_keys import GATEWAY
from eliza_cloud.api.http.relay import headers_to_cloud, headers_up, relay
from eliza_cloud.api.http.request_body import Members, read_members, text_member
from eliza_cloud.api.middleware.errors import bad_request
from eliza_cloud.api.openai.agent_chat import agent_chat
from eliza_cloud.routing.adapters.models import AGENT_MODEL, ModelUnknown, resolve_model
from eliza_cloud.routing.config.types import Capability, Route
from eliza_cloud.routing.gateway import STREAMED, UpstreamRequest
from eliza_cloud.routing.upstreams.resolve import CloudUpstream, Upstream


async def chat_completions(request: web.Request) -> web.StreamResponse:
    """POST /v1/chat/completions, streaming and not; the model `eliza-agent` is the connected agent."""
    body = await read_members(request)
    if text_member(body, "model") == AGENT_MODEL:
        return await agent_chat(request, body)
    return await _same_shape(request, body, Capability.LLM_TEXT, "chat/completions")


async def embeddings(request: web.Request) -> web.StreamResponse:
    """POST /v1/embeddings."""
    return await _same_shape(request, await read_members(request), Capability.EMBEDDINGS, "embeddings")


def model_for(body: Members, route: Route) -> str | None:
    """Return the model's name for upstream, None where neither request nor route names one; raises 400."""
    try:
        return resolve_model(text_member(body, "model"), route)
    except ModelUnknown as error:
        raise bad_request(f"{error}.", "model_not_configured") from None


def own_call(
    request: web.Request, base: str, path: str, body: Any, timeout: Any = STREAMED
) -> UpstreamRequest:
    """Return a call of an endpoint of a server that speaks as OpenAI does."""
    return UpstreamRequest(f"{base}/{path}", body, headers_up(request), timeout)


def with_model(body: Members, model: str | None) -> dict[str, Any]:
    """Return the body as it travels: as it came, with the model's real name."""
    return dict(body) if model is None else {**body, "model": model}


async def _same_shape(
    request: web.Request, body: Members, capability: Capability, path: str
) -> web.StreamResponse:
    """Take a road on which both ends speak alike, whichever it is."""
    upstream: Upstream = await request.app[GATEWAY].upstream(capability)
    model = model_for(body, upstream.route)
    if model is None:
        raise bad_request(f"model is required: the route of {capability.value} names none", "model_required")
    content = with_model(body, model)
    if isinstance(upstream, CloudUpstream):
        return await relay(request, upstream, UpstreamRequest(path, content, headers_to_cloud(request)))
    return await relay(request, upstream, own_call(request, upstream.base, path, content))
