"""GET /v1/models: what a client may ask for by name."""

from typing import Any

import aiohttp
import msgspec
import structlog
from aiohttp import web

from eliza_cloud.api.app_keys import DISCONNECTS, GATEWAY
from eliza_cloud.api.http.responses import answer
from eliza_cloud.api.openai.types import ListedModel, Models
from eliza_cloud.cloud.http.request import json_object
from eliza_cloud.core import log_events
from eliza_cloud.routing.adapters.models import AGENT_MODEL, named_tiers
from eliza_cloud.routing.config.types import Capability
from eliza_cloud.routing.gateway import LISTING, UpstreamRequest
from eliza_cloud.routing.upstreams.resolve import CloudUpstream, Upstream
from eliza_cloud.runtime.errors import LinkError

MAX_LIST = 8 * 1024 * 1024
OWNER = "eliza-cloud"


async def list_models(request: web.Request) -> web.Response:
    """GET /v1/models: `eliza-agent`, the tiers the route names, and what the road of llmText leads to.

    Our own names are listed in any case; a road that cannot be asked is only logged.
    """
    names, theirs = [AGENT_MODEL], list[dict[str, Any]]()
    try:
        upstream = await request.app[GATEWAY].upstream(Capability.LLM_TEXT)
        names += named_tiers(upstream.route)
        async with request.app[DISCONNECTS].cancel_on_disconnect(request):
            theirs = await _models_of(request, upstream)
    except LinkError as error:
        structlog.get_logger().info(log_events.MODELS_NOT_LISTED, detail=error.problem.message)
    ours = [msgspec.to_builtins(ListedModel(name, "model", 0, OWNER)) for name in names]
    return answer(Models("list", [*ours, *theirs]))


async def _models_of(request: web.Request, upstream: Upstream) -> list[dict[str, Any]]:
    url = "models" if isinstance(upstream, CloudUpstream) else f"{upstream.base}/models"
    content = bytearray()
    try:
        async with request.app[GATEWAY].open(upstream, UpstreamRequest(url, timeout=LISTING)) as response:
            async for chunk in response.content.iter_any():
                content += chunk
                if len(content) > MAX_LIST:
                    return []
    except (aiohttp.ClientError, OSError):
        return []
    listed = (json_object(bytes(content)) or {}).get("data")
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
