"""cloud-api §13: a reply as server-sent events."""

import json

import aiohttp
import pytest

from tests.emulator.conftest import N

UNKNOWN_ID = "00000000-0000-0000-0000-000000000001"


async def _opened(api, agent_id, text="My name is Ada", **params):
    body = {"jsonrpc": "2.0", "id": "r-1", "method": "message.send", "params": {"text": text, **params}}
    return await api.raw("POST", f"{api.agents}/{agent_id}/stream", json=body)


async def _stream(api, agent_id, text="My name is Ada", **params):
    async with await _opened(api, agent_id, text, **params) as response:
        return response, _events(await response.text())


def _events(text):
    frames = [
        dict(line.split(": ", 1) for line in frame.split("\n")) for frame in text.split("\n\n") if frame
    ]
    return [(frame["event"], json.loads(frame["data"])) for frame in frames]


@pytest.fixture
async def shared(api_n):
    await api_n.control("organization", sharedTier=True)
    return await api_n.create()


async def test_c_sends_connected_one_chunk_and_done(api_c):
    agent_id = await api_c.running()
    response, events = await _stream(api_c, agent_id, mode="power")
    assert response.status == 200
    assert response.headers["Content-Type"] == "text/event-stream"
    assert response.headers["Cache-Control"] == "no-cache, no-transform"
    assert response.headers["X-Accel-Buffering"] == "no"
    assert events == [
        ("connected", {"rpcId": "r-1", "timestamp": 1_800_000_003_000}),
        ("chunk", {"text": "I am glad to know you, Ada."}),
        ("done", {"rpcId": "r-1", "timestamp": 1_800_000_003_000}),
    ]
    assert await api_c.say(agent_id, "What is my name?") == "Your name is Ada."


async def test_n_types_its_frames_and_repeats_the_text(api_n, shared):
    _, events = await _stream(api_n, shared, mode="simple")
    assert [event for event, _ in events] == ["connected", *["chunk"] * 7, "done"]
    assert (
        "".join(data["text"] for event, data in events if event == "chunk") == "I am glad to know you, Ada."
    )
    assert {data["type"] for event, data in events if event == "chunk"} == {"token"}
    done = events[-1][1]
    assert (done["type"], done["fullText"], done["agentName"]) == (
        "done",
        "I am glad to know you, Ada.",
        "ada",
    )


async def test_n_has_no_stream_for_dedicated_agents(api_n):
    agent_id = await api_n.running()
    response, _ = await _raw_json(api_n, agent_id)
    assert response.status == 404
    assert await api_n.say(agent_id, "My name is Ada") == "I am glad to know you, Ada."


async def _raw_json(api, agent_id):
    body = {"jsonrpc": "2.0", "method": "message.send", "params": {"text": "hi"}}
    async with await api.raw("POST", f"{api.agents}/{agent_id}/stream", json=body) as response:
        return response, await response.json()


@pytest.mark.parametrize("state", ["dead", "stopped", "initializing"])
async def test_a_sandbox_that_is_down_is_one_error_event_in_http_200(api_c, state):
    agent_id = await api_c.running()
    await api_c.control(f"agents/{agent_id}/sandbox", state=state)
    response, events = await _stream(api_c, agent_id)
    assert response.status == 200
    assert events == [("error", {"message": "Sandbox is not running or unreachable"})]


async def test_an_unknown_agent_is_an_error_event_in_c(api_c):
    _, events = await _stream(api_c, UNKNOWN_ID)
    assert events == [("error", {"message": "Sandbox is not running or unreachable"})]


async def test_a_cut_reply_ends_without_done(api_c):
    agent_id = await api_c.running()
    await api_c.control("faults", path="*/stream", fault="cut", count=1)
    _, events = await _stream(api_c, agent_id)
    assert [event for event, _ in events] == ["connected", "chunk"]
    _, events = await _stream(api_c, agent_id)
    assert events[-1][0] == "done"


async def test_a_truncated_stream_breaks_off_in_a_chunk_of_the_wire(api_c):
    agent_id = await api_c.running()
    await api_c.control("faults", path="*/stream", fault="truncate", count=1)
    async with await _opened(api_c, agent_id) as response:
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()


async def test_a_stream_that_hangs_says_the_first_chunk_and_then_nothing(api_c):
    agent_id = await api_c.running()
    await api_c.control("faults", path="*/stream", fault="hang-body", seconds=10)
    async with await _opened(api_c, agent_id) as response:
        await api_c.clock.until_asleep(10)
        assert (await response.content.readuntil(b"\n\n")).startswith(b"event: connected")
        assert (await response.content.readuntil(b"\n\n")).startswith(b"event: chunk")
        await api_c.clock.advance(10)
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()


@pytest.mark.parametrize(
    "body",
    [
        {"jsonrpc": "2.0", "method": "heartbeat", "params": {"text": "a"}},
        {"jsonrpc": "2.0", "method": "message.send"},
        {"jsonrpc": "2.0", "method": "message.send", "params": {"text": ""}},
        {"jsonrpc": "2.0", "method": "message.send", "params": {"text": "a", "roomId": 5}},
    ],
)
async def test_a_wrong_body_is_400_without_success(api, body):
    agent_id = await api.running()
    answer = await api.post(f"{api.agents}/{agent_id}/stream", json=body)
    assert answer.status == 400
    assert set(answer.body) == {"error", "details"}


async def test_n_checks_the_mode(api_n, shared):
    body = {"jsonrpc": "2.0", "method": "message.send", "params": {"text": "a", "mode": "loud"}}
    answer = await api_n.post(f"{api_n.agents}/{shared}/stream", json=body)
    assert answer.status == 400
    assert api_n.generation == N
