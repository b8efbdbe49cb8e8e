"""cloud-api §20 and cloud-api-latest L19: `/api/compat/*`."""

import asyncio

UNKNOWN_ID = "00000000-0000-4000-8000-000000000001"
PATH = "/api/compat/agents"
KEYS = {
    *("agent_id", "agent_name", "status", "bridge_url", "web_ui_url", "webUiUrl", "containerUrl"),
    *("error_message", "agent_config", "created_at", "updated_at", "node_id", "container_id"),
    *("headscale_ip", "database_status", "last_heartbeat_at"),
}


async def _create(api):
    answer = await api.post(PATH, json={"agentName": "ada", "agentConfig": {"bio": "x"}})
    assert answer.status == 201
    return answer.body["data"]["agentId"]


async def _while_waiting(api, path):
    """Send a call that answers when its work is done."""
    asked = asyncio.create_task(api.post(path))
    await api.clock.until_asleep(3)
    await api.clock.advance(3)
    return await asked


async def test_a_new_agent_is_queued_and_its_job_has_its_id(api):
    answer = await api.post(PATH, json={"agentName": "ada"})
    assert answer.status == 201
    data = answer.body["data"]
    assert set(data) == {"agentId", "agentName", "jobId", "status", "message"}
    assert (data["jobId"], data["status"]) == (data["agentId"], "queued")
    await api.clock.advance(600)
    shown = (await api.get(f"{PATH}/{data['agentId']}")).body["data"]
    assert set(shown) == KEYS
    assert shown["status"] == "queued"
    assert [each["agent_id"] for each in (await api.get(PATH)).body["data"]] == [data["agentId"]]
    job = (await api.get(f"/api/compat/jobs/{data['jobId']}")).body["data"]
    assert (job["jobId"], job["status"]) == (data["agentId"], "queued")


async def test_its_lifecycle_works_while_the_caller_waits(api):
    agent_id = await _create(api)
    resumed = await _while_waiting(api, f"{PATH}/{agent_id}/resume")
    assert (resumed.status, resumed.body) == (
        200,
        {
            "success": True,
            "data": {"jobId": agent_id, "status": "completed", "message": "agent resume completed"},
        },
    )
    assert (await api.get(f"/api/compat/jobs/{agent_id}")).body["data"]["status"] == "completed"
    assert await api.say(agent_id, "My name is Ada") == "I am glad to know you, Ada."
    restarted = await _while_waiting(api, f"{PATH}/{agent_id}/restart")
    assert restarted.body["data"]["message"] == "agent restart completed"
    assert await api.say(agent_id, "What is my name?") == "Your name is Ada."
    stopped = await api.post(f"{PATH}/{agent_id}/suspend")
    assert (stopped.status, stopped.body["data"]["status"]) == (200, "completed")
    assert (await api.get(f"{PATH}/{agent_id}/status")).body["data"]["status"] == "stopped"


async def test_a_restart_that_fails_is_a_502_in_the_envelope_of_success(api):
    agent_id = await api.running()
    await api.say(agent_id, "a\0b")
    answer = await api.post(f"{PATH}/{agent_id}/restart")
    assert (answer.status, answer.body["success"], answer.body["data"]["status"]) == (502, True, "failed")


async def test_its_402_has_neither_code_nor_amounts(api):
    await api.control("organization", balance=0)
    answer = await api.post(PATH, json={"agentName": "ada"})
    assert (answer.status, set(answer.body)) == (402, {"success", "error"})


async def test_the_tail_of_the_log_is_bounded(api):
    agent_id = await api.running()
    await api.say(agent_id, "hello")
    for tail in ("0", "5001", "many", "-1"):
        assert (await api.get(f"{PATH}/{agent_id}/logs?tail={tail}")).status == 400
    answer = await api.get(f"{PATH}/{agent_id}/logs?tail=1")
    assert (answer.status, answer.body["data"]) == (200, "1800000003000 message from assistant")


async def test_unknown_agents_are_404(api):
    for path in ("", "/status", "/logs"):
        assert (await api.get(f"{PATH}/{UNKNOWN_ID}{path}")).status == 404
    assert (await api.get(f"/api/compat/jobs/{UNKNOWN_ID}")).status == 404
    assert (await api.get("/api/compat/availability")).body["success"] is True


async def test_deleting_removes_the_agent(api):
    agent_id = await api.running()
    assert (await api.call("DELETE", f"{PATH}/{agent_id}")).body["data"]["jobId"] == agent_id
    await api.clock.advance(3)
    assert (await api.get(f"{PATH}/{agent_id}")).status == 404
