"""GET /v1/models: what a client may ask for by name."""

from typing import Literal, TypedDict, cast

import aiohttp
import msgspec
import structlog
from aiohttp import web

from eliza_cloud.api.app_keys import DISCONNECTS, GATEWAY
from eliza_cloud.api.http.responses import answer
from eliza_cloud.api.openai.upstream import GROUP
from eliza_cloud.api.openapi.operation import Operation, SuccessResponse
from eliza_cloud.cloud.http.request import json_object
from eliza_cloud.core import log_events
from eliza_cloud.redaction.stream import redactor_of
from eliza_cloud.routing.adapters.models import AGENT_MODEL, named_tiers
from eliza_cloud.routing.config.types import Capability
from eliza_cloud.routing.gateway import LISTING, UpstreamRequest
from eliza_cloud.routing.upstreams.resolve import CloudUpstream, Upstream
from eliza_cloud.runtime.errors import LinkError

MAX_LIST = 8 * 1024 * 1024
OWNER = "eliza-cloud"


class ListedModel(TypedDict, total=False):
    """A name that a request may use as `model`; of an upstream's model there may be more members."""

    id: str
    object: str
    created: int
    owned_by: str


class Models(msgspec.Struct, frozen=True):
    """What can be asked for by name: our own names first, then those of the upstream of llmText."""

    object: Literal["list"]
    data: list[ListedModel]


def _own(name: str) -> ListedModel:
    return {"id": name, "object": "model", "created": 0, "owned_by": OWNER}


MODELS = Operation(
    id="listModels",
    group=GROUP,
    summary="What can be asked for by name",
    about="Our own names in any case; an upstream that cannot be asked is only logged.",
    answers=(SuccessResponse(200, "The names.", Models, Models("list", [_own(AGENT_MODEL)])),),
)


async def list_models(request: web.Request) -> web.Response:
    """GET /v1/models: `eliza-agent`, the tiers the route names, and those of the upstream of llmText.

    Our own names are listed in any case; an upstream that cannot be asked is only logged.
    """
    names, theirs = [AGENT_MODEL], list[ListedModel]()
    try:
        upstream = await request.app[GATEWAY].upstream(Capability.LLM_TEXT)
        names += named_tiers(upstream.route)
        async with request.app[DISCONNECTS].cancel_on_disconnect(request):
            theirs = await _models_of(request, upstream)
    except LinkError as error:
        structlog.get_logger().info(log_events.MODELS_NOT_LISTED, detail=error.problem.message)
    return answer(Models("list", [*map(_own, names), *theirs]))


async def _models_of(request: web.Request, upstream: Upstream) -> list[ListedModel]:
    url = "models" if isinstance(upstream, CloudUpstream) else f"{upstream.base}/models"
    content = bytearray()
    try:
        async with request.app[GATEWAY].open(upstream, UpstreamRequest(url, timeout=LISTING)) as response:
            redactor = redactor_of(response)
            async for chunk in response.content.iter_any():
                content += redactor.feed(chunk)
                if len(content) > MAX_LIST:
                    return []
            content += redactor.flush()
    except (aiohttp.ClientError, OSError):
        return []
    listed = (json_object(bytes(content)) or {}).get("data")
    models = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return cast("list[ListedModel]", models)
