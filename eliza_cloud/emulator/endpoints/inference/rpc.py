"""The RPC proxies (cloud-api §16): `/rpc/{chain}`, the older `/proxy/evm-rpc/{chain}`, and Solana's two."""

import re

from aiohttp import web

from eliza_cloud.emulator.access.auth import Caller, require_caller
from eliza_cloud.emulator.access.rate_limits import RPC, limited
from eliza_cloud.emulator.endpoints.inference import chains
from eliza_cloud.emulator.endpoints.inference.errors import bare, bare_errors
from eliza_cloud.emulator.money.metering import Refusal, reserved
from eliza_cloud.emulator.server.cloud import CLOUD, Cloud
from eliza_cloud.emulator.server.responses import ApiError, dollars, json_response, read_json, to_json

routes = web.RouteTableDef()

# Millionths of a dollar a call; an answer from the cache costs half.
PRICE = 20
BATCH_LIMIT = 100
_LONGEST_CACHED_SECONDS = 60

# Request → when it was answered, and how.
_Answers = dict[str, tuple[float, object]]
RPC_ANSWERS = web.AppKey("rpc_answers", _Answers)


async def _calls(request: web.Request, cloud: Cloud) -> tuple[object, list[dict[str, object]]]:
    """The body and the calls in it, one or a batch; raises the 400."""
    try:
        body = await read_json(request, cloud)
    except ApiError as error:
        raise bare(400, "Invalid JSON") from error
    batch = body if isinstance(body, list) else [body]
    calls = [call for call in batch if isinstance(call, dict) and isinstance(call.get("method"), str)]
    if not calls or len(calls) < len(batch):
        raise bare(400, "Invalid JSON-RPC request")
    if len(calls) > BATCH_LIMIT:
        raise bare(400, f"Batch too large: at most {BATCH_LIMIT} calls are allowed")
    return body, calls


def _work(cloud: Cloud, number: int, body: object, calls: list[dict[str, object]]) -> object:
    replies = [chains.reply(cloud.clock, number, call) for call in calls]
    return replies if isinstance(body, list) else replies[0]


def _no_credits(required: int, available: int) -> ApiError:
    return bare(402, "Insufficient credits", required=dollars(required), available=dollars(available))


def _freshness(request: web.Request) -> int:
    """The age in seconds up to which the caller takes an answer from the cache; 0: none."""
    found = re.search(r"\bmax-age=(\d{1,9})", request.headers.get("Cache-Control", ""))
    return 0 if found is None else min(int(found.group(1)), _LONGEST_CACHED_SECONDS)


@routes.post("/api/v1/rpc/{chain}")
@limited(RPC)
@bare_errors
async def call_chain(request: web.Request) -> web.StreamResponse:
    """Standard methods of eight chains, main or test network; cached if the caller says so."""
    cloud, caller = request.app[CLOUD], require_caller(request)
    chain, network = request.match_info["chain"], request.query.get("network", "mainnet")
    if chain not in chains.CHAINS:
        raise bare(400, f"Unsupported chain: {chain}", supported=list(chains.CHAINS))
    if network not in chains.NETWORKS:
        raise bare(400, f"Unsupported network: {network}")
    body, calls = await _calls(request, cloud)
    allowed = chains.SOLANA_METHODS if chain == "solana" else chains.EVM_METHODS
    for call in calls:
        if call["method"] not in allowed:
            raise bare(400, f"Method not allowed: {call['method']}")
    number = chains.CHAINS[chain][chains.NETWORKS.index(network)]
    freshness = _freshness(request)
    cache, name, now = request.app[RPC_ANSWERS], f"{chain} {network} {to_json(body)}", cloud.clock.time()
    answered, kept = cache.get(name, (float("-inf"), None))
    is_cached = now - answered < freshness
    price = PRICE * len(calls) // (2 if is_cached else 1)
    with reserved(cloud, caller, price, f"RPC: {chain}", _no_credits) as reservation:
        result = kept if is_cached else _work(cloud, number, body, calls)
        reservation.cost = price
    if not freshness:
        return json_response(result)
    if not is_cached:
        cache[name] = (now, result)
    return json_response(result, headers={"X-Cache": "HIT" if is_cached else "MISS"})


def _no_credits_older(request: web.Request) -> Refusal:
    url = f"{request.scheme}://{request.host}/dashboard/settings?tab=billing"
    return lambda _required, _available: bare(402, "Insufficient credits", topUpUrl=url)


async def _pass_through(request: web.Request, caller: Caller, number: int) -> web.Response:
    """The older routes: no list of methods, no cache."""
    cloud = request.app[CLOUD]
    body, calls = await _calls(request, cloud)
    price = PRICE * len(calls)
    with reserved(cloud, caller, price, "RPC", _no_credits_older(request)) as reservation:
        reservation.cost = price
        return json_response(_work(cloud, number, body, calls))


@routes.post("/api/v1/proxy/evm-rpc/{chain}")
@limited(RPC)
@bare_errors
async def call_evm(request: web.Request) -> web.StreamResponse:
    """Any method of twenty named networks."""
    caller, chain = require_caller(request), request.match_info["chain"]
    if chain not in chains.EVM_NAMES:
        raise bare(400, f"Unsupported chain: {chain}")
    return await _pass_through(request, caller, chains.EVM_NAMES[chain])


@routes.post("/api/v1/proxy/solana-rpc")
@routes.post("/api/v1/solana/rpc")
@bare_errors
async def call_solana(request: web.Request) -> web.StreamResponse:
    """Any method of Solana."""
    return await _pass_through(request, require_caller(request), 0)
