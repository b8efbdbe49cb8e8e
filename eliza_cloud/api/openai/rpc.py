"""Chain calls: POST /rpc/{chain} (local-api §16)."""

import re
from urllib.parse import urlencode

from aiohttp import web

from eliza_cloud.api.app_keys import GATEWAY
from eliza_cloud.api.http.relay import headers_to_cloud, headers_up, relay
from eliza_cloud.api.http.request_body import read_json
from eliza_cloud.api.middleware.errors import RequestError
from eliza_cloud.api.openai.operations import UNKNOWN_CHAIN
from eliza_cloud.routing.config.types import Capability
from eliza_cloud.routing.gateway import UpstreamRequest
from eliza_cloud.routing.upstreams.resolve import CloudUpstream

_CHAIN = re.compile(r"[a-z0-9][a-z0-9-]{0,39}", re.IGNORECASE)


async def rpc(request: web.Request) -> web.StreamResponse:
    """POST /rpc/{chain}?network=mainnet: JSON-RPC, one call or a batch, passed on as it is."""
    chain = request.match_info["chain"]
    if not _CHAIN.fullmatch(chain):
        raise RequestError(UNKNOWN_CHAIN)
    content = await read_json(request)
    upstream = await request.app[GATEWAY].upstream(Capability.RPC)
    network = request.query.get("network")
    query = f"?{urlencode({'network': network})}" if network else ""
    if isinstance(upstream, CloudUpstream):
        headers = headers_to_cloud(request, "Cache-Control")
        return await relay(request, upstream, UpstreamRequest(f"rpc/{chain}{query}", content, headers))
    url = upstream.chains.replace("{chain}", chain)
    return await relay(request, upstream, UpstreamRequest(f"{url}{query}", content, headers_up(request)))
