"""cloud-api-latest L6, L17: heartbeats that are not ready, replies that are none, the bootstrap window."""

import asyncio
import io
import json

UNKNOWN_ID = "00000000-0000-4000-8000-000000000001"
SAID = "I am glad to know you, Ada."


async def _beat(api, agent_id):
    answer = await api.rpc(agent_id, "heartbeat")
    assert answer.status == 200
    return answer.body["result"]


async def _message(api, agent_id, **params):
    return await api.rpc(agent_id, "message.send", {"text": "My name is Ada", **params})


async def _events(api, agent_id, **params):
    body = {
        "jsonrpc": "2.0",
        "id": 7,
        "method": "message.send",
        "params": {"text": "My name is Ada", **params},
    }
    async with await api.raw("POST", f"{api.agents}/{agent_id}/stream", json=body) as response:
        text = await response.text()
        if response.status != 200:
            return response.status, json.loads(text)
    frames = [
        dict(line.split(": ", 1) for line in frame.split("\n")) for frame in text.split("\n\n") if frame
    ]
    return 200, [(frame["event"], json.loads(frame["data"])) for frame in frames]


async def test_a_heartbeat_says_whether_the_runtime_is_ready(api_l):
    agent_id = await api_l.dedicated()
    assert await _beat(api_l, agent_id) == {
        "status": "running",
        "ready": True,
        "agentId": agent_id,
        "runtimeAgentId": agent_id,
        "agentName": "ada",
    }
    await api_l.control(f"agents/{agent_id}/sandbox", state="initializing")
    early = await _beat(api_l, agent_id)
    assert (early["status"], early["ready"], "runtimeAgentId" in early) == ("starting", False, False)
    message = await _message(api_l, agent_id)
    assert message.body["error"] == {"code": -32000, "message": "Runtime agent is not ready"}


async def test_an_image_of_ones_own_has_another_heartbeat(api_l):
    image = f"ghcr.io/elizaos/agent@sha256:{'0' * 64}"
    agent_id = await api_l.dedicated(dockerImage=image)
    beat = {"status": "running", "ready": True, "runtime": "web", "chat": True}
    assert await _beat(api_l, agent_id) == beat


async def test_a_shared_agent_answers_without_a_container(api_l):
    agent_id = await api_l.create()
    assert await _beat(api_l, agent_id) == {
        "status": "running",
        "ready": True,
        "agentId": agent_id,
        "agentName": "ada",
        "runtime": "shared",
    }
    result = (await _message(api_l, agent_id)).body["result"]
    assert (result["text"], result["transport"]) == (SAID, "conversation-rest")


async def test_the_shared_runtime_answers_for_an_agent_that_never_had_a_container(api_l):
    body = {"agentName": "ada", "alwaysOn": True}
    agent_id = (await api_l.post(api_l.agents, json=body, headers=api_l.paying)).body["data"]["id"]
    assert (await _beat(api_l, agent_id))["runtime"] == "shared"
    assert (await _message(api_l, agent_id)).body["result"]["text"] == SAID
    status, events = await _events(api_l, agent_id)
    assert (status, events[-1][0]) == (200, "done")
    await api_l.clock.advance(3)
    assert "runtime" not in await _beat(api_l, agent_id)
    assert await api_l.say(agent_id, "What is my name?") == "You have not told me your name."
    await api_l.control(f"agents/{agent_id}/suspend")
    stopped = (await api_l.rpc(agent_id, "heartbeat")).body["error"]["message"]
    assert stopped == "Sandbox is not running"


async def test_a_dedicated_agent_has_no_stream(api_l):
    agent_id = await api_l.dedicated()
    assert await _events(api_l, agent_id) == (
        404,
        {"success": False, "error": "Not a shared-runtime agent", "code": "resource_not_found"},
    )


async def test_a_reply_may_be_a_canned_failure(api_l):
    dedicated, shared = await api_l.dedicated(), await api_l.create()
    assert shared == dedicated, "the live agent is reused"
    await api_l.control(f"agents/{dedicated}/replies", failureKind="provider_unavailable", count=1)
    result = (await _message(api_l, dedicated)).body["result"]
    assert result["failureKind"] == "provider_unavailable"
    assert result["text"] != SAID
    assert "failureKind" not in (await _message(api_l, dedicated)).body["result"]
    await api_l.control(f"agents/{dedicated}/replies", fallback=True, count=1)
    result = (await _message(api_l, dedicated)).body["result"]
    assert (result["fallback"], result["reason"], result["transport"]) == (
        True,
        "agent_no_reply",
        "fallback",
    )
    await api_l.control(f"agents/{dedicated}/replies", empty=True, count=1)
    error = (await _message(api_l, dedicated)).body["error"]
    assert error == {"code": -32000, "message": "Bridge message produced an empty response"}
    assert "fallback" not in (await _message(api_l, dedicated)).body["result"]


async def test_a_streamed_reply_may_be_a_canned_failure_or_empty(api_l):
    agent_id = await api_l.create()
    await api_l.control(f"agents/{agent_id}/replies", failureKind="no_provider", count=1)
    _, events = await _events(api_l, agent_id)
    assert (events[-1][0], events[-1][1]["failureKind"]) == ("done", "no_provider")
    await api_l.control(f"agents/{agent_id}/replies", empty=True, count=1)
    _, events = await _events(api_l, agent_id)
    assert [event for event, _ in events] == ["connected", "done"]
    assert events[-1][1]["fullText"] == ""
    _, events = await _events(api_l, agent_id)
    assert events[-1][1]["fullText"] == SAID


async def test_a_message_may_take_minutes(api_l):
    agent_id = await api_l.dedicated()
    await api_l.control(f"agents/{agent_id}/replies", seconds=240)
    asked = asyncio.create_task(_message(api_l, agent_id))
    await api_l.clock.until_asleep(240)
    await api_l.clock.advance(240)
    assert (await asked).body["result"]["text"] == SAID


async def test_a_message_that_is_sent_again_is_answered_again_and_not_said_twice(api_l):
    agent_id = await api_l.dedicated()
    first = await _message(api_l, agent_id, clientMessageId="m-1")
    second = await _message(api_l, agent_id, clientMessageId="m-1")
    assert first.body == second.body
    assert (await api_l.rpc(agent_id, "status.get")).body["result"]["memoriesCount"] == 2
    other = await api_l.rpc(agent_id, "message.send", {"text": "Else", "clientMessageId": "m-1"})
    assert (other.status, other.body["code"], other.body["retryable"]) == (
        409,
        "client_message_conflict",
        False,
    )


async def test_what_is_wrong_is_said(api_l):
    agent_id = await api_l.dedicated()
    path = f"{api_l.agents}/{agent_id}/bridge"
    assert (await api_l.rpc(UNKNOWN_ID, "heartbeat")).status == 404
    assert (await api_l.rpc(agent_id, "message.send", {})).body["error"]["code"] == -32602
    assert (await api_l.rpc(agent_id, "dance")).body["error"]["code"] == -32601
    wrong = await api_l.post(path, json={"method": "heartbeat"})
    assert (wrong.status, wrong.body["error"]) == (400, "Invalid JSON-RPC request")
    broken = await api_l.call("POST", path, data="{")
    assert (broken.status, broken.body["error"]) == (400, "Invalid JSON body")
    await api_l.control(f"agents/{agent_id}/sandbox", state="dead")
    dead = (await api_l.rpc(agent_id, "heartbeat")).body["error"]["message"]
    assert dead == "Sandbox bridge is unreachable"
    assert await api_l.status(agent_id) == "running"


async def test_a_body_over_a_megabyte_ends_the_agents_process(api_l):
    agent_id = await api_l.dedicated()
    rpc = {"jsonrpc": "2.0", "id": 7, "method": "message.send", "params": {"text": "a" * 1_048_576}}
    body = io.BytesIO(json.dumps(rpc).encode())
    answer = await api_l.call("POST", f"{api_l.agents}/{agent_id}/bridge", data=body)
    assert answer.body["error"]["message"] == "Sandbox bridge is unreachable"
    assert "error" in (await api_l.rpc(agent_id, "heartbeat")).body


async def test_a_dead_agent_is_mended_by_suspend_and_resume(api_l):
    agent_id = await api_l.dedicated()
    await api_l.control(f"agents/{agent_id}/sandbox", state="dead")
    assert (await api_l.post(f"{api_l.agents}/{agent_id}/provision")).status == 200
    await api_l.post(f"{api_l.agents}/{agent_id}/suspend")
    await api_l.clock.advance(1)
    await api_l.post(f"{api_l.agents}/{agent_id}/resume", headers=api_l.paying)
    await api_l.clock.advance(3)
    assert (await _beat(api_l, agent_id))["ready"] is True
