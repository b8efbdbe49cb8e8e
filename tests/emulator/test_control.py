"""`/emulator/*`: who may use it, and what it shows."""

import json
import logging
from pathlib import Path

import pytest
from aiohttp import web

import eliza_cloud
from eliza_cloud.emulator import create_app

SESSION = "11111111-1111-4111-8111-111111111111"


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://127.0.0.1"}, {"Host": "emulator.example"}, {"Host": "evil.example:4400"}],
)
async def test_control_is_for_this_machine_and_not_for_web_pages(api_c, headers):
    for path in ("/emulator/state", "/emulator/faults"):
        assert (await api_c.get(path, headers=headers)).status == 403
    assert (await api_c.post("/emulator/keys", json={}, headers=headers)).status == 403


@pytest.mark.parametrize("host", ["localhost:4400", "127.0.0.1", "127.1.2.3:99", "[::1]:4400"])
async def test_control_knows_the_loopback_names(api_c, host):
    assert (await api_c.get("/emulator/state", headers={"Host": host})).status == 200


async def test_the_state_shows_no_secret(api_c):
    session_id = "a-session-id-that-is-long-enough"
    await api_c.post("/api/auth/cli-session", json={"sessionId": session_id})
    await api_c.control("approve", sessionId=session_id)
    agent_id = await api_c.running()
    await api_c.say(agent_id, "hello")
    state = (await api_c.get("/emulator/state")).body
    text = json.dumps(state)
    assert api_c.headers["X-Api-Key"] not in text
    assert session_id not in text
    assert state["generation"] == "2026-04"
    assert [(agent["sandbox"], agent["memories"]) for agent in state["agents"]] == [("running", 2)]


async def test_the_state_file_holds_no_key_once_it_was_collected(start, tmp_path):
    file = tmp_path / "cloud.db"
    api = await start(database=file)
    await api.post("/api/auth/cli-session", json={"sessionId": SESSION})
    await api.control("approve", sessionId=SESSION)
    key = (await api.get(f"/api/auth/cli-session/{SESSION}")).body["apiKey"]
    await api.client.close()
    assert key.encode() not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


async def test_no_key_is_logged(api_c, caplog):
    caplog.set_level(logging.DEBUG)
    await api_c.get("/api/v1/user")
    await api_c.control("keys")
    assert api_c.headers["X-Api-Key"] not in caplog.text


async def test_the_balance_can_be_set(api_c):
    answer = await api_c.control("organization", balance=3.0)
    assert answer.body["data"]["balance"] == 3
    assert (await api_c.get("/api/v1/credits/balance")).body == {"balance": 3}
    assert (await api_c.post("/emulator/organization", json={"balance": "much"})).status == 400


async def test_sandboxes_of_unknown_agents_cannot_be_changed(api_c):
    assert (await api_c.post("/emulator/agents/nope/sandbox", json={"state": "dead"})).status == 404


async def test_a_sandbox_can_be_stopped_and_brought_back(api_c):
    agent_id = await api_c.running()
    await api_c.say(agent_id, "My name is Ada")
    await api_c.control(f"agents/{agent_id}/sandbox", state="dead")
    await api_c.control(f"agents/{agent_id}/sandbox", state="running")
    assert await api_c.say(agent_id, "What is my name?") == "Your name is Ada."
    await api_c.control(f"agents/{agent_id}/sandbox", state="stopped")
    assert await api_c.status(agent_id) == "stopped"
    await api_c.control(f"agents/{agent_id}/sandbox", state="running")
    assert await api_c.status(agent_id) == "running"
    assert await api_c.say(agent_id, "What is my name?") == "You have not told me your name."


def test_an_unknown_generation_is_named():
    with pytest.raises(ValueError, match="2026-04, next"):
        create_app(generation="2027")


async def test_a_file_that_is_no_database_is_explained(tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("This is no database, but long enough to be taken for one. " * 20)
    runner = web.AppRunner(create_app(database=file))
    with pytest.raises(RuntimeError, match=r"notes\.txt cannot hold"):
        await runner.setup()
    await runner.cleanup()


def test_every_control_call_is_on_the_page_of_the_emulator():
    page = (Path(eliza_cloud.__file__).parent / "reference/emulator.md").read_text("utf-8")
    calls = {
        f"{route.method} {route.resource.canonical}"
        for route in create_app(generation="latest").router.routes()
        if route.resource.canonical.startswith("/emulator/") and route.method != "HEAD"
    }
    assert len(calls) > 20
    assert [call for call in sorted(calls) if f"`{call}`" not in page] == []
