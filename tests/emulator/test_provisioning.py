"""cloud-api §10, §11: provisioning, resuming, and the life of a job, in both generations."""

import asyncio

from tests.emulator.conftest import C, N

JOB_KEYS = {
    *("id", "type", "status", "result", "error", "attempts", "maxAttempts", "estimatedCompletionAt"),
    *("scheduledFor", "startedAt", "completedAt", "createdAt", "updatedAt"),
}


async def _idle(api):
    return await api.create(**({"autoProvision": False} if api.generation == N else {}))


async def _provision(api, agent_id):
    return await api.post(f"{api.agents}/{agent_id}/provision")


async def _job(api, job_id):
    answer = await api.get(f"/api/v1/jobs/{job_id}")
    assert answer.status == 200
    return answer.body["data"], answer.body["polling"]


async def test_provisioning_is_a_job_and_a_second_call_meets_the_same_one(api):
    agent_id = await _idle(api)
    first = await _provision(api, agent_id)
    assert first.status == 202
    assert set(first.body) == {"success", "created", "alreadyInProgress", "message", "data", "polling"}
    assert set(first.body["data"]) == {"jobId", "agentId", "status", "estimatedCompletionAt"}
    assert first.body["data"]["status"] == "pending"
    assert first.body["data"]["estimatedCompletionAt"] == "2027-01-15T08:01:30.000Z"
    polling = {"intervalMs": 5000, "expectedDurationMs": 90000}
    assert first.body["polling"] == {"endpoint": f"/api/v1/jobs/{first.body['data']['jobId']}", **polling}
    second = await _provision(api, agent_id)
    assert (second.status, second.body["success"]) == (409, True)
    assert (second.body["created"], second.body["alreadyInProgress"]) == (False, True)
    assert second.body["data"]["jobId"] == first.body["data"]["jobId"]


async def test_a_job_runs_and_ends_and_the_agent_runs(api):
    agent_id = await _idle(api)
    job_id = (await _provision(api, agent_id)).body["data"]["jobId"]
    job, polling = await _job(api, job_id)
    assert set(job) == JOB_KEYS
    assert (job["status"], job["attempts"], job["maxAttempts"]) == ("pending", 0, 3)
    assert (polling["shouldContinue"], job["startedAt"]) == (True, None)
    agent = (await api.get(f"{api.agents}/{agent_id}")).body["data"]
    assert (agent["status"], agent["databaseStatus"]) == ("pending", "none")
    await api.clock.advance(1)
    job, polling = await _job(api, job_id)
    assert (job["status"], job["attempts"]) == ("in_progress", 0)
    assert job["type"] == ("agent_provision" if api.generation == N else "milady_provision")
    assert polling == {"intervalMs": 5000, "shouldContinue": True}
    agent = (await api.get(f"{api.agents}/{agent_id}")).body["data"]
    assert (agent["status"], agent["databaseStatus"]) == ("provisioning", "provisioning")
    await api.clock.advance(2)
    job, polling = await _job(api, job_id)
    assert (job["status"], polling) == ("completed", {"shouldContinue": False})
    assert job["completedAt"] == "2027-01-15T08:00:03.000Z"
    keys = {"cloudAgentId", "status"} | ({"webUiUrl"} if api.generation == N else {"bridgeUrl", "healthUrl"})
    assert set(job["result"]) == keys
    assert job["result"]["status"] == await api.status(agent_id) == "running"


async def test_between_attempts_the_job_is_pending_and_the_agent_in_error(api):
    agent_id = await _idle(api)
    await api.control(f"agents/{agent_id}/jobs", failAttempts=2)
    job_id = (await _provision(api, agent_id)).body["data"]["jobId"]
    await api.clock.advance(3)
    job, polling = await _job(api, job_id)
    assert (job["status"], job["attempts"], polling["shouldContinue"]) == ("pending", 1, True)
    assert job["error"]
    assert job["result"]["status"] == "error"
    assert job["scheduledFor"] == "2027-01-15T08:00:33.000Z"
    assert await api.status(agent_id) == "error"
    met = await _provision(api, agent_id)
    assert (met.status, met.body["data"]["jobId"]) == (409, job_id)
    await api.clock.advance(30)
    assert await api.status(agent_id) == "provisioning"
    await api.clock.advance(3)
    job, _ = await _job(api, job_id)
    assert (job["attempts"], job["scheduledFor"]) == (2, "2027-01-15T08:02:36.000Z")
    await api.clock.advance(123)
    job, polling = await _job(api, job_id)
    assert (job["status"], polling) == ("completed", {"shouldContinue": False})
    assert job["error"], "the text of the earlier attempt stays"
    assert await api.status(agent_id) == "running"


async def test_after_three_attempts_job_and_agent_have_failed(api):
    agent_id = await _idle(api)
    await api.control(f"agents/{agent_id}/jobs", failAttempts=3)
    job_id = (await _provision(api, agent_id)).body["data"]["jobId"]
    await api.clock.advance(3 + 30 + 3 + 120 + 3)
    job, polling = await _job(api, job_id)
    assert (job["status"], job["attempts"], polling) == ("failed", 3, {"shouldContinue": False})
    agent = (await api.get(f"{api.agents}/{agent_id}")).body["data"]
    assert agent["status"] == "error"
    assert "3 attempts" in agent["errorMessage"]
    assert agent["errorCount"] == 3
    again = await _provision(api, agent_id)
    assert (again.status, again.body["data"]["jobId"] != job_id) == (202, True)
    await api.clock.advance(3)
    assert await api.status(agent_id) == "running"


async def test_provision_believes_the_record_even_when_the_sandbox_is_dead(api):
    agent_id = await api.running()
    await api.control(f"agents/{agent_id}/sandbox", state="dead")
    answer = await _provision(api, agent_id)
    assert (answer.status, answer.body["data"]["status"]) == (200, "running")
    shared = {"id", "agentName", "status"}
    expected = shared | ({"webUiUrl"} if api.generation == N else {"bridgeUrl", "healthUrl"})
    assert set(answer.body["data"]) == expected
    assert "error" in (await api.rpc(agent_id, "heartbeat")).body


async def test_the_credit_gate_comes_after_exists_and_running(api):
    running = await api.running()
    idle = await api.create(
        "b", **({"forceCreate": True, "autoProvision": False} if api.generation == N else {})
    )
    await api.control("organization", balance=4)
    assert (await _provision(api, running)).status == 200
    assert (await _provision(api, "00000000-0000-0000-0000-000000000001")).status == 404
    answer = await _provision(api, idle)
    assert (answer.status, answer.body["requiredBalance"], answer.body["currentBalance"]) == (402, 5, 4)


async def test_resume_starts_from_the_newest_backup(api):
    agent_id = await api.running()
    await api.say(agent_id, "My name is Ada")
    await api.post(f"{api.agents}/{agent_id}/suspend")
    await api.clock.advance(3)
    assert await api.status(agent_id) == "stopped"
    answer = await api.post(f"{api.agents}/{agent_id}/resume")
    assert answer.status == 202
    assert set(answer.body["data"]) == {"agentId", "action", "jobId", "status", "message"}
    assert (await api.post(f"{api.agents}/{agent_id}/resume")).status == 409
    assert (await _provision(api, agent_id)).body["data"]["jobId"] == answer.body["data"]["jobId"]
    await api.clock.advance(3)
    assert await api.say(agent_id, "What is my name?") == "Your name is Ada."
    running = await api.post(f"{api.agents}/{agent_id}/resume")
    assert (running.status, running.body["data"]["status"]) == (200, "running")


async def test_webhooks_must_be_public_https(api):
    agent_id = await _idle(api)
    for url in ("http://example.com/", "https://127.0.0.1/", "https://localhost/", "nonsense"):
        headers = {**api.headers, "x-webhook-url": url}
        assert (await api.post(f"{api.agents}/{agent_id}/provision", headers=headers)).status == 400


async def test_jobs_of_others_are_unknown(api):
    agent_id = await _idle(api)
    job_id = (await _provision(api, agent_id)).body["data"]["jobId"]
    other = await api.key(email="other@example.org")
    answer = await other.get(f"/api/v1/jobs/{job_id}")
    assert (answer.status, answer.body) == (404, {"success": False, "error": "Job not found"})
    assert (await other.post(f"{api.agents}/{agent_id}/provision")).status == 404


async def test_hints_and_durations_are_the_callers_choice(start):
    api = await start(C, poll_interval_ms=20, job_seconds=0.5, job_retry_seconds=(1, 2))
    agent_id = await api.create()
    await api.control(f"agents/{agent_id}/jobs", failAttempts=2)
    answer = await _provision(api, agent_id)
    assert answer.body["polling"]["intervalMs"] == 20
    await api.clock.advance(0.5 + 1 + 0.5 + 2 + 0.5)
    assert await api.status(agent_id) == "running"


async def test_what_was_under_way_goes_on_after_a_restart(start, tmp_path):
    file = tmp_path / "cloud.db"
    api = await start(database=file)
    agent_id = await api.running()
    await api.say(agent_id, "My name is Ada")
    second = await api.create("second")
    job_id = (await _provision(api, second)).body["data"]["jobId"]
    await api.client.close()
    again = await start(database=file, signed_in=False)
    again.headers = api.headers
    assert await again.say(agent_id, "What is my name?") == "Your name is Ada."
    await again.clock.advance(3)
    job, _ = await _job(again, job_id)
    assert job["status"] == "completed"
    assert await again.status(second) == "running"


async def test_a_worker_that_is_stalled_leaves_the_job_pending(api):
    agent_id = await _idle(api)
    await api.control("worker", state="stalled")
    job_id = (await _provision(api, agent_id)).body["data"]["jobId"]
    await api.clock.advance(600)
    job, polling = await _job(api, job_id)
    assert (job["status"], polling["shouldContinue"]) == ("pending", True)
    assert await api.status(agent_id) == "pending"
    await api.control("worker", state="up")
    await api.clock.advance(3)
    assert await api.status(agent_id) == "running"


async def test_with_sync_the_answer_comes_when_the_agent_runs(api):
    agent_id = await _idle(api)
    starting = asyncio.create_task(api.post(f"{api.agents}/{agent_id}/provision?sync=true"))
    await api.clock.until_asleep(3)
    second = await api.post(f"{api.agents}/{agent_id}/provision?sync=true")
    assert (second.status, second.body) == (
        409,
        {"success": False, "error": "Agent is already being provisioned"},
    )
    await api.clock.advance(3)
    answer = await starting
    assert (answer.status, answer.body["data"]["status"]) == (200, "running")


async def test_with_sync_a_failure_is_the_answer(api):
    agent_id = await _idle(api)
    await api.control(f"agents/{agent_id}/jobs", failAttempts=1)
    starting = asyncio.create_task(api.post(f"{api.agents}/{agent_id}/provision?sync=true"))
    await api.clock.until_asleep(3)
    await api.clock.advance(3)
    assert (await starting).status == 500
    assert await api.status(agent_id) == "error"


async def test_an_agent_suspended_on_the_website_is_stopped_with_a_backup(api):
    agent_id = await api.running()
    await api.control(f"agents/{agent_id}/suspend")
    assert await api.status(agent_id) == "stopped"
    backups = (await api.get(f"{api.agents}/{agent_id}/backups")).body["data"]
    assert [backup["snapshotType"] for backup in backups] == ["pre-shutdown"]
