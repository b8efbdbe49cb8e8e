"""cloud-api §12: JSON-RPC to the sandbox."""

import io
import json

import pytest

from tests.emulator.conftest import N

UNKNOWN_ID = "00000000-0000-0000-0000-000000000001"


def _error(message, code=-32000):
    return {"jsonrpc": "2.0", "id": 7, "error": {"code": code, "message": message}}


async def test_a_message_is_answered_with_text_and_timestamp(api):
    agent_id = await api.running()
    answer = await api.rpc(
        agent_id, "message.send", {"text": "My name is Ada", "roomId": "r", "mode": "power"}
    )
    assert answer.status == 200
    assert answer.body == {
        "jsonrpc": "2.0",
        "id": 7,
        "result": {"text": "I am glad to know you, Ada.", "metadata": {"timestamp": 1_800_000_003_000}},
    }


async def test_a_heartbeat_has_neither_id_nor_result(api):
    agent_id = await api.running()
    answer = await api.rpc(agent_id, "heartbeat", {})
    assert answer.body == {
        "jsonrpc": "2.0",
        "method": "heartbeat.ack",
        "params": {"timestamp": 1_800_000_003_000},
    }


async def test_status_counts_memories(api):
    agent_id = await api.running()
    await api.say(agent_id, "hello")
    await api.clock.advance(10)
    answer = await api.rpc(agent_id, "status.get")
    assert answer.body["result"] == {
        "status": "running",
        "uptime": 10,
        "memoriesCount": 2,
        "startedAt": "2027-01-15T08:00:03.000Z",
    }


async def test_an_unknown_method_is_a_json_rpc_error(api):
    agent_id = await api.running()
    assert (await api.rpc(agent_id, "dance")).body == _error("Method not found: dance", -32601)


async def test_a_message_without_text_counts_as_silence(api):
    agent_id = await api.running()
    assert (await api.rpc(agent_id, "message.send")).body["result"]["text"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"jsonrpc": "1.0", "method": "heartbeat"},
        {"method": "heartbeat"},
        {"jsonrpc": "2.0"},
        {"jsonrpc": "2.0", "method": ""},
        {"jsonrpc": "2.0", "method": "heartbeat", "params": []},
        {"jsonrpc": "2.0", "method": "heartbeat", "id": None},
        [],
    ],
)
async def test_what_is_no_json_rpc_is_400(api, wrong):
    agent_id = await api.running()
    answer = await api.post(f"{api.agents}/{agent_id}/bridge", json=wrong)
    assert (answer.status, answer.body["error"]) == (400, "Invalid JSON-RPC request")
    assert isinstance(answer.body["details"], list)


async def test_http_200_says_nothing_about_the_sandbox(api):
    agent_id = await api.create()
    assert (await api.rpc(agent_id, "heartbeat")).body == _error("Sandbox is not running")
    await api.post(f"{api.agents}/{agent_id}/provision")
    await api.clock.advance(3)
    await api.control(f"agents/{agent_id}/sandbox", state="dead")
    answer = await api.rpc(agent_id, "heartbeat")
    assert (answer.status, answer.body) == (200, _error("Sandbox bridge is unreachable"))
    await api.control(f"agents/{agent_id}/sandbox", state="initializing")
    assert (await api.rpc(agent_id, "message.send", {"text": "hi"})).body == _error(
        "Bridge returned HTTP 503"
    )
    assert (await api.rpc(agent_id, "status.get")).body["result"]["status"] == "initializing"
    await api.control(f"agents/{agent_id}/sandbox", state="running")
    assert (await api.rpc(agent_id, "heartbeat")).body["method"] == "heartbeat.ack"


async def test_an_unknown_agent_is_not_running_in_c_and_404_in_n(api):
    answer = await api.rpc(UNKNOWN_ID, "heartbeat")
    if api.generation == N:
        assert (answer.status, answer.body["error"]) == (404, "Agent not found")
    else:
        assert (answer.status, answer.body) == (200, _error("Sandbox is not running"))


async def test_without_an_id_none_is_echoed(api):
    agent_id = await api.create()
    body = {"jsonrpc": "2.0", "method": "heartbeat"}
    answer = await api.post(f"{api.agents}/{agent_id}/bridge", json=body)
    assert set(answer.body) == {"jsonrpc", "error"}


async def test_another_organizations_agent_does_not_answer(api):
    agent_id = await api.running()
    other = await api.key(email="other@example.org")
    answer = await other.rpc(agent_id, "message.send", {"text": "What did I tell you?"})
    assert answer.status == 404 if api.generation == N else answer.body == _error("Sandbox is not running")


def _message_of(size):
    """A JSON-RPC body of exactly this many bytes."""
    rpc = {"jsonrpc": "2.0", "id": 7, "method": "message.send", "params": {"text": ""}}
    rpc["params"]["text"] = "a" * (size - len(json.dumps(rpc)))
    return io.BytesIO(json.dumps(rpc).encode())


async def test_a_body_over_a_megabyte_ends_the_agents_process(api):
    agent_id = await api.running()
    path = f"{api.agents}/{agent_id}/bridge"
    fits = await api.call("POST", path, data=_message_of(1_048_576))
    assert "result" in fits.body
    answer = await api.call("POST", path, data=_message_of(1_048_577))
    assert answer.body == _error("Sandbox bridge is unreachable")
    assert (await api.rpc(agent_id, "heartbeat")).body == _error("Sandbox bridge is unreachable")
    assert await api.status(agent_id) == "running"
    assert (await api.post(f"{api.agents}/{agent_id}/provision")).status == 200
    assert (await api.rpc(agent_id, "heartbeat")).body == _error("Sandbox bridge is unreachable")


async def test_half_a_character_breaks_the_call_and_not_the_server(api):
    agent_id = await api.running()
    body = '{"jsonrpc":"2.0","id":7,"method":"message.send","params":{"text":"\\ud800"}}'
    answer = await api.call("POST", f"{api.agents}/{agent_id}/bridge", data=body)
    assert (answer.status, answer.body["error"]) == (500, "An unexpected error occurred")
    assert (await api.rpc(agent_id, "status.get")).body["result"]["memoriesCount"] == 0


async def test_only_the_last_thousand_memories_are_kept(api_c):
    agent_id = await api_c.running()
    for number in range(501):
        await api_c.rpc(agent_id, "message.send", {"text": f"word {number}"})
    assert (await api_c.rpc(agent_id, "status.get")).body["result"]["memoriesCount"] == 1000
