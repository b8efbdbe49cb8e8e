"""cloud-api §14: snapshots, the ten that are kept, and restoring."""

import asyncio
import json
import sqlite3

import pytest

from tests.emulator.conftest import C, N

UNKNOWN_ID = "00000000-0000-4000-8000-000000000001"


async def _list(api, agent_id):
    answer = await api.get(f"{api.agents}/{agent_id}/backups")
    assert answer.status == 200
    return answer.body["data"]


async def _restore(api, agent_id, **body):
    return await api.post(f"{api.agents}/{agent_id}/restore", json=body)


async def test_c_answers_with_the_backup(api_c):
    agent_id = await api_c.running()
    answer = await api_c.post(f"{api_c.agents}/{agent_id}/snapshot")
    assert answer.status == 200
    data = answer.body["data"]
    assert set(data) == {"backupId", "snapshotType", "sizeBytes", "createdAt"}
    assert data["snapshotType"] == "manual"
    assert data["sizeBytes"] == len('{"memories":[],"config":{},"workspaceFiles":{}}')
    assert (await api_c.get(f"{api_c.agents}/{agent_id}")).body["data"]["lastBackupAt"] == data["createdAt"]


async def test_n_answers_with_a_job(api_n):
    agent_id = await api_n.running()
    answer = await api_n.post(f"{api_n.agents}/{agent_id}/snapshot")
    assert answer.status == 202
    assert set(answer.body) == {"success", "created", "alreadyInProgress", "data", "polling"}
    assert set(answer.body["data"]) == {"agentId", "action", "jobId", "status"}
    assert answer.body["polling"]["expectedDurationMs"] == 45000
    again = await api_n.post(f"{api_n.agents}/{agent_id}/snapshot")
    assert (again.status, again.body["alreadyInProgress"]) == (202, True)
    assert await _list(api_n, agent_id) == []
    await api_n.clock.advance(1)
    job = (await api_n.get(answer.body["polling"]["endpoint"])).body["data"]
    assert (job["type"], job["status"]) == ("agent_snapshot", "completed")
    assert [backup["id"] for backup in await _list(api_n, agent_id)] == [job["result"]["backupId"]]


async def test_what_does_not_run_has_nothing_to_back_up(api):
    agent_id = await api.create()
    answer = await api.post(f"{api.agents}/{agent_id}/snapshot")
    assert (answer.status, answer.body) == (409, {"success": False, "error": "Sandbox is not running"})
    unknown = await api.post(f"{api.agents}/{UNKNOWN_ID}/snapshot")
    assert unknown.status == (404 if api.generation == N else 409)


async def test_a_dead_sandbox_gives_no_snapshot(api):
    agent_id = await api.running()
    await api.control(f"agents/{agent_id}/sandbox", state="dead")
    answer = await api.post(f"{api.agents}/{agent_id}/snapshot")
    if api.generation == C:
        assert (answer.status, answer.body["error"]) == (500, "An unexpected error occurred")
        return
    await api.clock.advance(200)
    job = (await api.get(answer.body["polling"]["endpoint"])).body["data"]
    assert (job["status"], job["attempts"]) == ("failed", 3)
    assert await api.status(agent_id) == "running"


async def test_ten_are_kept_newest_first(api):
    agent_id = await api.running()
    taken = [await api.snapshot(agent_id) for _ in range(12)]
    listed = await _list(api, agent_id)
    assert [backup["id"] for backup in listed] == taken[:1:-1]
    assert set(listed[0]) == {"id", "snapshotType", "sizeBytes", "vercelSnapshotId", "createdAt"}
    assert (await _restore(api, agent_id, backupId=taken[0])).status == 404


async def test_a_restore_brings_back_what_was_said_and_forgets_what_came_later(api):
    agent_id = await api.running()
    await api.say(agent_id, "My name is Ada")
    backup_id = await api.snapshot(agent_id)
    await api.say(agent_id, "My name is Grace")
    await api.say(agent_id, "I like tea")
    assert await api.say(agent_id, "What is my name?") == "Your name is Grace."
    answer = await _restore(api, agent_id, backupId=backup_id)
    assert answer.status == 200
    assert set(answer.body["data"]) == {"restoredFromBackupId", "snapshotType", "createdAt"}
    assert answer.body["data"]["restoredFromBackupId"] == backup_id
    assert await api.say(agent_id, "What is my name?") == "Your name is Ada."
    assert await api.say(agent_id, "What do I like?") == "You have not told me what you like."


async def test_without_an_id_the_newest_is_restored(api):
    agent_id = await api.running()
    await api.snapshot(agent_id)
    await api.clock.advance(1)
    await api.say(agent_id, "I like tea")
    newest = await api.snapshot(agent_id)
    assert (await _restore(api, agent_id)).body["data"]["restoredFromBackupId"] == newest


async def test_an_empty_body_is_500_in_c_and_the_newest_in_n(api):
    agent_id = await api.running()
    await api.snapshot(agent_id)
    answer = await api.post(f"{api.agents}/{agent_id}/restore")
    assert answer.status == (200 if api.generation == N else 500)
    broken = await api.call("POST", f"{api.agents}/{agent_id}/restore", data="{")
    assert broken.status == (400 if api.generation == N else 500)


async def test_bad_unknown_and_missing_backups(api):
    agent_id = await api.running()
    bad = await _restore(api, agent_id, backupId="nope")
    assert (bad.status, bad.body["error"]) == (400, "Invalid request")
    for body in ({}, {"backupId": UNKNOWN_ID}):
        answer = await _restore(api, agent_id, **body)
        assert (answer.status, answer.body["error"]) == (404, "No backup found")
    missing = await _restore(api, UNKNOWN_ID)
    assert (missing.status, missing.body["error"]) == (404, "Agent not found")


async def test_another_agents_backup_is_500_in_c_and_unknown_in_n(api):
    first = await api.running()
    backup_id = await api.snapshot(first)
    second = await api.create("second", **({"forceCreate": True} if api.generation == N else {}))
    answer = await _restore(api, second, backupId=backup_id)
    expected = (
        (404, "No backup found") if api.generation == N else (500, "Backup does not belong to this agent")
    )
    assert (answer.status, answer.body["error"]) == expected


async def test_a_stopped_agent_restores_its_newest_backup_by_starting(api):
    agent_id = await api.running()
    await api.say(agent_id, "My name is Ada")
    old = await api.snapshot(agent_id)
    await api.clock.advance(1)
    new = await api.snapshot(agent_id)
    await api.control(f"agents/{agent_id}/sandbox", state="stopped")
    refused = await _restore(api, agent_id, backupId=old)
    assert (refused.status, refused.body["error"]) == (
        409,
        "Stopped agents can only restore the latest backup",
    )
    restoring = asyncio.create_task(_restore(api, agent_id, backupId=new))
    await api.clock.until_asleep(3)
    assert await api.status(agent_id) == "provisioning"
    await api.clock.advance(3)
    assert (await restoring).status == 200
    assert await api.say(agent_id, "What is my name?") == "Your name is Ada."


async def test_a_push_to_a_dead_sandbox_fails(api):
    agent_id = await api.running()
    await api.snapshot(agent_id)
    await api.control(f"agents/{agent_id}/sandbox", state="dead")
    assert (await _restore(api, agent_id)).status == 500


async def test_n_may_accept_a_restore(api_n):
    await api_n.control("organization", asyncRestore=True)
    agent_id = await api_n.running()
    backup_id = await api_n.snapshot(agent_id)
    answer = await _restore(api_n, agent_id)
    assert answer.status == 202
    assert set(answer.body["data"]) == {
        *(
            "status",
            "restoredFromBackupId",
            "restoreOperationId",
            "restoreAttemptId",
            "phase",
            "alreadyInProgress",
        )
    }
    assert (answer.body["data"]["status"], answer.body["data"]["restoredFromBackupId"]) == (
        "accepted",
        backup_id,
    )


async def test_others_see_no_backups(api):
    agent_id = await api.running()
    await api.snapshot(agent_id)
    other = await api.key(email="other@example.org")
    assert await _list(other, agent_id) == []
    assert (await _restore(other, agent_id)).status == 404


async def test_the_state_document_has_memories_config_and_files(start, tmp_path):
    api = await start(C, database=tmp_path / "cloud.db")
    agent_id = await api.create(agentConfig={"bio": "a doctor"})
    await api.post(f"{api.agents}/{agent_id}/provision")
    await api.clock.advance(3)
    await api.say(agent_id, "hello")
    await api.snapshot(agent_id)
    with sqlite3.connect(tmp_path / "cloud.db") as database:
        (state,) = database.execute("SELECT state FROM backups").fetchone()
    database.close()
    document = json.loads(state)
    assert set(document) == {"memories", "config", "workspaceFiles"}
    assert document["config"] == {"bio": "a doctor"}
    assert document["workspaceFiles"] == {}
    assert [set(memory) for memory in document["memories"]] == [{"role", "text", "timestamp"}] * 2
    assert [memory["role"] for memory in document["memories"]] == ["user", "assistant"]


@pytest.mark.parametrize("state", ["running", "dead"])
async def test_deleting_takes_the_backups_along(api, state):
    agent_id = await api.running()
    await api.snapshot(agent_id)
    await api.control(f"agents/{agent_id}/sandbox", state=state)
    await api.call("DELETE", f"{api.agents}/{agent_id}")
    await api.clock.advance(3)
    assert await _list(api, agent_id) == []


async def _grow(api, agent_id):
    """Let the agent remember more than fits into one body."""
    for _ in range(3):
        await api.say(agent_id, "a" * 400_000)
    return await api.snapshot(agent_id)


async def test_restoring_over_a_megabyte_ends_the_process_in_c(api):
    agent_id = await api.running()
    backup_id = await _grow(api, agent_id)
    answer = await _restore(api, agent_id, backupId=backup_id)
    alive = await api.rpc(agent_id, "heartbeat")
    if api.generation == C:
        assert (answer.status, answer.body["code"]) == (500, "internal_error")
        assert alive.body["error"]["message"] == "Sandbox bridge is unreachable"
    else:
        assert (answer.status, "error" in alive.body) == (200, False)


async def test_in_c_a_start_from_such_a_backup_kills_the_agent_every_time(api_c):
    agent_id = await api_c.running()
    good = await api_c.snapshot(agent_id)
    await api_c.clock.advance(1)
    await _grow(api_c, agent_id)
    for _ in range(2):
        await api_c.post(f"{api_c.agents}/{agent_id}/suspend")
        await api_c.post(f"{api_c.agents}/{agent_id}/provision")
        await api_c.clock.advance(3)
        assert await api_c.status(agent_id) == "running"
        assert "error" in (await api_c.rpc(agent_id, "heartbeat")).body
    assert (await _restore(api_c, agent_id, backupId=good)).status == 500


async def test_a_null_character_breaks_every_later_backup_and_stop(api):
    agent_id = await api.running()
    await api.say(agent_id, "a\0b")
    snapshot = await api.post(f"{api.agents}/{agent_id}/snapshot")
    stopping = await api.post(f"{api.agents}/{agent_id}/suspend")
    if api.generation == C:
        assert (snapshot.status, stopping.status) == (500, 500)
    else:
        await api.clock.advance(200)
        for started in (snapshot.body["data"]["jobId"], stopping.body["data"]["jobId"]):
            assert (await api.get(f"/api/v1/jobs/{started}")).body["data"]["status"] == "failed"
    assert await api.status(agent_id) == "running"
    assert await _list(api, agent_id) == []


@pytest.mark.parametrize(
    "change", [{"agentName": "a\0"}, {"agentConfig": {"bio": ["a\0"]}}, {"environmentVars": {"A": "\0"}}]
)
async def test_a_null_character_breaks_a_create(api, change):
    answer = await api.post(api.agents, json={"agentName": "ada", **change})
    assert (answer.status, answer.body["code"]) == (500, "internal_error")
    assert (await api.get(api.agents)).body["data"] == []
