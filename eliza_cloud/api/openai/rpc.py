"""Chain calls: POST /rpc/{chain} (local-api §16)."""

from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import msgspec
from aiohttp import web
from msgspec import UNSET, Meta, Raw, UnsetType

from eliza_cloud.api.app_keys import GATEWAY
from eliza_cloud.api.http.inputs import Parameter, PassedOnBody
from eliza_cloud.api.http.relay import headers_to_cloud, headers_up, relay
from eliza_cloud.api.openai.upstream import PASSED_ON, upstream_operation
from eliza_cloud.api.openapi.operation import SuccessResponse
from eliza_cloud.core.problems import UNKNOWN_CHAIN
from eliza_cloud.routing.config.types import Capability
from eliza_cloud.routing.gateway import UpstreamRequest
from eliza_cloud.routing.upstreams.resolve import CloudUpstream


class RpcCall(msgspec.Struct, frozen=True, omit_defaults=True):
    """A JSON-RPC call. Without an `id` it is a notification, which has no answer."""

    method: str
    jsonrpc: Literal["2.0"] | UnsetType = UNSET
    id: float | str | UnsetType | None = UNSET
    params: Annotated[Raw, Meta(description="A list, or an object.")] | UnsetType = UNSET


CHAIN = Parameter[str](
    "chain",
    "The chain's name.",
    Annotated[str, Meta(pattern="^[A-Za-z0-9][A-Za-z0-9-]*$", max_length=40)],
    place="path",
    example="base",
    problem=UNKNOWN_CHAIN.occurred(),
)
NETWORK: Parameter[str | None] = Parameter(
    "network", "Of the chain; the upstream's usual one when none is named.", default=None, example="mainnet"
)
CALLS = PassedOnBody[RpcCall | list[RpcCall]](
    RpcCall("eth_blockNumber", "2.0", 1), model=RpcCall | list[RpcCall]
)

RPC = upstream_operation(
    "callChain",
    "Chain calls",
    CALLS,
    (SuccessResponse(200, PASSED_ON, Any, {"jsonrpc": "2.0", "id": 1, "result": "0x10"}),),
    about="JSON-RPC, one call or a batch, passed on as it is.",
    parameters=(CHAIN, NETWORK),
)


async def rpc(request: web.Request) -> web.StreamResponse:
    """POST /rpc/{chain}?network=mainnet: JSON-RPC, one call or a batch, passed on as it is."""
    chain, network = CHAIN.read(request), NETWORK.read(request)
    content = Raw((await CALLS.read_passed_on(request)).content)
    upstream = await request.app[GATEWAY].upstream(Capability.RPC)
    query = f"?{urlencode({'network': network})}" if network else ""
    if isinstance(upstream, CloudUpstream):
        headers = headers_to_cloud(request, "Cache-Control")
        return await relay(request, upstream, UpstreamRequest(f"rpc/{chain}{query}", content, headers))
    url = upstream.chains.replace("{chain}", chain)
    return await relay(request, upstream, UpstreamRequest(f"{url}{query}", content, headers_up(request)))
