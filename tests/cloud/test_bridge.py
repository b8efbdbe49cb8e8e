"""Heartbeat and message: the JSON-RPC body decides (cloud-api §12)."""

import asyncio

import msgspec
import pytest
from aiohttp import web

from eliza_cloud.cloud.errors import (
    AgentTimedOut,
    AgentUnreachable,
    CloudServerError,
    Conflict,
    InvalidResponse,
    KeyRefused,
    NotFound,
    ReplyFailed,
)

from .conftest import AGENT

ACK = {"jsonrpc": "2.0", "method": "heartbeat.ack", "params": {"timestamp": 1}}


def rpc_error(message, code=-32000):
    return {"jsonrpc": "2.0", "id": "1", "error": {"code": code, "message": message}}


@pytest.fixture
async def bridge(cloud):
    return f"{cloud.agents()}/bridge"


async def test_a_heartbeat_is_clean_without_a_result(client, cloud, bridge):
    cloud.on("POST", bridge, (200, ACK))
    await client.heartbeat(AGENT)
    sent = msgspec.json.decode(cloud.asked[-1].body)
    assert (sent["jsonrpc"], sent["method"]) == ("2.0", "heartbeat")
    assert isinstance(sent["id"], str)
    assert set(sent) <= {"jsonrpc", "id", "method", "params"}


@pytest.mark.parametrize(
    "body", [{**ACK, "error": None}, {"jsonrpc": "2.0", "id": "1", "result": {}}, {"jsonrpc": "2.0"}]
)
async def test_any_answer_without_an_error_is_alive(client, cloud, bridge, body):
    cloud.on("POST", bridge, (200, body))
    await client.heartbeat(AGENT)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (rpc_error("Sandbox is not running"), "Sandbox is not running"),
        (rpc_error("Bridge returned HTTP 503"), "Bridge returned HTTP 503"),
        (rpc_error("Sandbox bridge is unreachable"), "Sandbox bridge is unreachable"),
        (rpc_error("Method not found: heartbeat", -32601), "Method not found"),
        ({"error": "plain"}, "plain"),
        ({"error": {}}, "its bridge reported an error"),
        ({"error": True}, "its bridge reported an error"),
        ({**ACK, "error": {"code": 1}}, "its bridge reported an error"),
    ],
)
async def test_an_error_in_a_200_is_a_dead_agent(client, cloud, bridge, body, said):
    cloud.on("POST", bridge, (200, body))
    with pytest.raises(AgentUnreachable, match=said) as caught:
        await client.heartbeat(AGENT)
    error = caught.value
    assert (error.code, error.status, error.cloud_status, error.retryable) == (
        "agent_unreachable",
        502,
        200,
        True,
    )


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((200, b"<html>"), InvalidResponse),
        ((200, b"[]"), InvalidResponse),
        ((200, b"{}"), InvalidResponse),
        ((200, b""), InvalidResponse),
        ((204, b""), InvalidResponse),
        ((200, {"success": False, "error": "no"}), CloudServerError),
        ((401, {"success": False, "error": "no"}), KeyRefused),
        ((404, {"success": False, "error": "no"}), NotFound),
        (
            (503, {"success": False, "error": "warming", "code": "shared_runtime_cache_warming"}),
            CloudServerError,
        ),
    ],
)
async def test_a_heartbeat_without_a_json_rpc_answer_is_not_clean(client, cloud, bridge, answer, error):
    cloud.on("POST", bridge, answer)
    with pytest.raises(error):
        await client.heartbeat(AGENT)


async def test_a_message_brings_the_whole_reply(client, cloud, bridge):
    result = {"text": "How do you do?", "metadata": {"timestamp": 1}}
    cloud.on("POST", bridge, (200, {"jsonrpc": "2.0", "id": "1", "result": result}))
    assert await client.send_message(AGENT, "hello", room="r1", mode="simple") == "How do you do?"
    sent = msgspec.json.decode(cloud.asked[-1].body)
    assert sent["method"] == "message.send"
    assert sent["params"] == {"text": "hello", "roomId": "r1", "mode": "simple"}


@pytest.mark.parametrize("text", ["", "  \n", "(no response)"])
async def test_an_empty_reply_is_a_failure(client, cloud, bridge, text):
    cloud.on("POST", bridge, (200, {"result": {"text": text}}))
    with pytest.raises(ReplyFailed, match="empty") as caught:
        await client.send_message(AGENT, "hello")
    assert (caught.value.code, caught.value.status) == ("reply_failed", 502)


async def test_a_missing_reply_is_no_reply(client, cloud, bridge):
    cloud.on("POST", bridge, (200, {"result": {}}), (200, ACK))
    for _ in range(2):
        with pytest.raises(InvalidResponse, match="no reply"):
            await client.send_message(AGENT, "hello")


async def test_unreachable_at_once_is_a_dead_agent(client, cloud, bridge):
    cloud.on("POST", bridge, (200, rpc_error("Sandbox bridge is unreachable")))
    with pytest.raises(AgentUnreachable):
        await client.send_message(AGENT, "hello")


async def test_unreachable_after_the_clouds_own_patience_is_an_agent_still_at_work(
    cloud, bridge, make_client
):
    cloud.on("POST", bridge, (200, rpc_error("Sandbox bridge is unreachable")))
    with pytest.raises(AgentTimedOut) as caught:
        await make_client(bridge_wait_limit=0.0).send_message(AGENT, "hello")
    error = caught.value
    assert (error.code, error.status, error.retryable) == ("agent_timeout", 504, False)
    assert "may still be working" in str(error)
    cloud.on("POST", bridge, (200, rpc_error("Sandbox is not running")))
    with pytest.raises(AgentUnreachable):
        await make_client(bridge_wait_limit=0.0).send_message(AGENT, "hello")


async def test_the_time_for_finding_the_prefix_is_not_the_agents(cloud, make_client):
    async def slow_list(request):
        await asyncio.sleep(0.06)
        return web.json_response({"success": True, "data": []})

    agent = cloud.agents("eliza")
    cloud.on("GET", "/api/v1/eliza/agents", slow_list)
    cloud.on("POST", f"{agent}/bridge", (200, rpc_error("Sandbox bridge is unreachable")))
    with pytest.raises(AgentUnreachable):
        await make_client(bridge_wait_limit=0.05).send_message(AGENT, "hello")


async def test_a_message_without_an_answer_is_not_to_be_repeated(cloud, bridge, make_client):
    cloud.on("POST", bridge, cloud.hang)
    with pytest.raises(AgentTimedOut) as caught:
        await make_client(message=0.05).send_message(AGENT, "hello")
    assert not caught.value.retryable
    assert cloud.count("POST", bridge) == 1


async def test_a_conflict_of_messages_is_not_to_be_repeated(client, cloud, bridge):
    body = {"success": False, "error": "x", "code": "client_message_conflict", "retryable": False}
    cloud.on("POST", bridge, (409, body))
    with pytest.raises(Conflict) as caught:
        await client.send_message(AGENT, "hello")
    assert not caught.value.retryable
    assert caught.value.details == {"cloudCode": "client_message_conflict"}
