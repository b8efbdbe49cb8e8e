"""cloud-api §16 `rpc`: chains by name and network, batches, the cache, the older routes."""

import pytest

SOLANA = ("/api/v1/proxy/solana-rpc", "/api/v1/solana/rpc")


def _call(method: str, rpc_id: int = 1) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": rpc_id, "method": method, "params": []}


@pytest.mark.parametrize(
    ("path", "number"),
    [
        ("rpc/ethereum", "0x1"),
        ("rpc/ethereum?network=testnet", "0xaa36a7"),
        ("rpc/base?network=mainnet", "0x2105"),
        ("proxy/evm-rpc/mainnet", "0x1"),
        ("proxy/evm-rpc/bsc", "0x38"),
    ],
)
async def test_a_chain_knows_its_number(api, path, number):
    answer = await api.post(f"/api/v1/{path}", json=_call("eth_chainId", 9))
    assert (answer.status, answer.body) == (200, {"jsonrpc": "2.0", "id": 9, "result": number})
    assert answer.headers["X-RateLimit-Limit"] == "100"


async def test_a_batch_is_answered_in_order(api):
    batch = [_call("eth_chainId", 1), _call("net_version", 2), _call("eth_gasPrice", 3)]
    answer = await api.post("/api/v1/rpc/polygon", json=batch)
    assert [each["id"] for each in answer.body] == [1, 2, 3]
    assert [each["result"] for each in answer.body][:2] == ["0x89", "137"]


@pytest.mark.parametrize("path", SOLANA)
async def test_solana_has_two_paths(api, path):
    assert (await api.post(path, json=_call("getHealth"))).body["result"] == "ok"
    assert (await api.post("/api/v1/rpc/solana", json=_call("getHealth"))).body["result"] == "ok"


async def test_only_known_chains_networks_and_methods_are_served(api):
    call = _call("eth_chainId")
    for path in ("rpc/dogecoin", "rpc/ethereum?network=moon", "proxy/evm-rpc/ethereum"):
        assert (await api.post(f"/api/v1/{path}", json=call)).status == 400
    answer = await api.post("/api/v1/rpc/ethereum", json=_call("debug_traceCall"))
    assert (answer.status, answer.body) == (400, {"error": "Method not allowed: debug_traceCall"})
    assert (await api.post("/api/v1/rpc/ethereum", json=_call("getHealth"))).status == 400
    unknown = await api.post("/api/v1/rpc/dogecoin", json=call)
    assert (unknown.body["error"], "ethereum" in unknown.body["supported"]) == (
        "Unsupported chain: dogecoin",
        True,
    )
    broken = await api.call("POST", "/api/v1/rpc/ethereum", data="{")
    assert (broken.status, broken.body) == (400, {"error": "Invalid JSON"})
    assert (await api.post("/api/v1/proxy/evm-rpc/base", json=_call("debug_traceCall"))).status == 200


@pytest.mark.parametrize("body", [{}, [], [1], {"method": 5}, [_call("eth_chainId")] * 101])
async def test_calls_are_checked(api, body):
    for path in ("rpc/ethereum", "proxy/evm-rpc/mainnet", "solana/rpc"):
        answer = await api.post(f"/api/v1/{path}", json=body)
        assert (answer.status, set(answer.body)) == (400, {"error"})


async def test_a_cached_answer_costs_half(api):
    path, fresh = "/api/v1/rpc/ethereum", {**api.headers, "Cache-Control": "max-age=600"}
    answers = []
    for seconds in (0, 59, 2):
        await api.clock.advance(seconds)
        answers.append(await api.post(path, json=_call("eth_blockNumber"), headers=fresh))
    assert [answer.headers["X-Cache"] for answer in answers] == ["MISS", "HIT", "MISS"]
    first, second, third = (answer.body["result"] for answer in answers)
    assert first == second != third
    uncached = await api.post(path, json=_call("eth_blockNumber"))
    assert "X-Cache" not in uncached.headers
    assert (await api.get("/api/v1/credits/balance")).body == {"balance": 24.99993}


async def test_without_credits_every_route_has_its_402(api):
    await api.control("organization", balance=0)
    answer = await api.post("/api/v1/rpc/base", json=_call("eth_chainId"))
    assert answer.body == {"error": "Insufficient credits", "required": 0.00002, "available": 0}
    assert answer.status == 402
    for path in ("/api/v1/proxy/evm-rpc/base", *SOLANA):
        answer = await api.post(path, json=_call("getHealth"))
        assert (answer.status, set(answer.body)) == (402, {"error", "topUpUrl"})


async def test_a_hundred_calls_a_minute_are_allowed(api_c):
    for _ in range(100):
        await api_c.post("/api/v1/rpc/base", json={})
    assert (await api_c.post("/api/v1/rpc/base", json=_call("eth_chainId"))).status == 429
