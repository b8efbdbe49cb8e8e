"""cloud-api-latest L4, L15: a deletion takes a backup first, or fails and leaves the agent, which costs."""

import pytest

HOUR = 3600


async def _delete(api, agent_id, **body):
    return await api.call("DELETE", f"{api.agents}/{agent_id}", json=body or None)


async def _ended(api, answer, seconds=200):
    await api.clock.advance(seconds)
    return await api.job(answer.body["data"]["jobId"])


async def test_a_shared_agent_is_gone_at_once(api_l):
    agent_id = await api_l.create()
    answer = await _delete(api_l, agent_id)
    assert (answer.status, answer.body["deleted"], answer.body["source"]) == (200, True, "shared_runtime")
    assert answer.body["data"] == {"agentId": agent_id, "status": "deleted", "executionTier": "shared"}
    assert (await api_l.get(f"{api_l.agents}/{agent_id}")).status == 404


async def test_a_dedicated_one_is_backed_up_first_and_its_last_state_is_kept(api_l):
    agent_id = await api_l.dedicated()
    await api_l.say(agent_id, "My name is Ada")
    answer = await _delete(api_l, agent_id)
    assert answer.status == 202
    assert set(answer.body) == {"success", "created", "alreadyInProgress", "message", "data", "polling"}
    assert set(answer.body["data"]) == {"jobId", "agentId", "status"}
    assert (answer.body["polling"]["intervalMs"], answer.body["polling"]["expectedDurationMs"]) == (
        5000,
        30000,
    )
    assert await api_l.status(agent_id) == "deletion_pending"
    kept = f"{api_l.agents}/{agent_id}/backups/predeletion"
    assert (await api_l.get(kept)).status == 404
    job = await _ended(api_l, answer, 1)
    assert (job["status"], job["result"]["rowDeleted"]) == ("completed", True)
    assert (await api_l.get(f"{api_l.agents}/{agent_id}")).status == 404
    final = (await api_l.get(kept)).body["data"]
    assert set(final) == {
        *("id", "agentId", "deletionAttemptId", "sandboxId", "captureUnsupported", "sizeBytes"),
        *("createdAt", "expiresAt", "stateData"),
    }
    assert (final["agentId"], final["captureUnsupported"]) == (agent_id, False)
    assert final["stateData"]["memories"][0]["text"] == "My name is Ada"
    other = await api_l.key(email="other@example.org")
    assert (await other.get(kept)).status == 404


@pytest.mark.parametrize(
    ("mode", "error"),
    [
        ("failing", "Refusing to delete without a current backup: Snapshot fetch failed: HTTP 500"),
        ("hidden", "The operation failed. Retry from Eliza Cloud or contact support if it continues."),
        (
            "unverifiable",
            "Refusing to delete: persisted pre-delete backup did not pass restorability verification",
        ),
        ("undeletable", "Failed to delete sandbox"),
    ],
)
async def test_without_a_backup_the_deletion_fails_and_the_agent_stays_and_costs(api_l, mode, error):
    agent_id = await api_l.dedicated()
    await api_l.control(f"agents/{agent_id}/capture", mode=mode)
    job = await _ended(api_l, await _delete(api_l, agent_id))
    assert (job["status"], job["attempts"]) == ("failed", 3)
    assert job["error"].startswith(error)
    agent = (await api_l.get(f"{api_l.agents}/{agent_id}")).body["data"]
    assert agent["status"] == "deletion_failed"
    assert ("/app" in str(agent), "/app" in str(job)) == (False, False)
    before = (await api_l.get("/api/v1/credits/balance")).body["balance"]
    await api_l.clock.advance(4 * HOUR)
    assert (await api_l.get("/api/v1/credits/balance")).body["balance"] < before


async def test_a_dead_sandbox_has_no_reachable_bridge(api_l):
    agent_id = await api_l.dedicated()
    await api_l.control(f"agents/{agent_id}/sandbox", state="dead")
    job = await _ended(api_l, await _delete(api_l, agent_id))
    assert job["error"].endswith("the agent's container has no reachable bridge to capture from")


async def test_acknowledging_the_loss_gets_past(api_l):
    agent_id = await api_l.dedicated()
    await api_l.control(f"agents/{agent_id}/capture", mode="failing")
    await _ended(api_l, await _delete(api_l, agent_id))
    answer = await _delete(api_l, agent_id, stateLossAcknowledged=True)
    assert (answer.status, answer.body["data"]["stateLossAcknowledged"]) == (202, True)
    job = await _ended(api_l, answer, 1)
    assert (job["status"], job["result"]["stateLossAcknowledged"]) == ("completed", True)
    assert (await api_l.get(f"{api_l.agents}/{agent_id}")).status == 404
    assert (await api_l.get(f"{api_l.agents}/{agent_id}/backups/predeletion")).status == 404


async def test_acknowledging_changes_the_job_that_is_queued(api_l):
    agent_id = await api_l.dedicated()
    await api_l.control(f"agents/{agent_id}/capture", mode="failing")
    first = await _delete(api_l, agent_id)
    await api_l.clock.advance(1)
    second = await _delete(api_l, agent_id, stateLossAcknowledged=True)
    assert (second.body["data"]["jobId"], second.body["alreadyInProgress"]) == (
        first.body["data"]["jobId"],
        True,
    )
    assert (await _ended(api_l, second, 31))["status"] == "completed"


async def test_an_image_without_the_endpoint_needs_no_backup(api_l):
    agent_id = await api_l.dedicated()
    await api_l.control(f"agents/{agent_id}/capture", mode="missing")
    assert (await _ended(api_l, await _delete(api_l, agent_id), 1))["status"] == "completed"
    final = (await api_l.get(f"{api_l.agents}/{agent_id}/backups/predeletion")).body["data"]
    assert (final["captureUnsupported"], final["stateData"]) == (True, None)


async def test_a_state_that_is_just_being_closed_is_asked_for_again_without_using_attempts(api_l):
    agent_id = await api_l.dedicated()
    await api_l.control(f"agents/{agent_id}/capture", mode="closing", retries=2)
    answer = await _delete(api_l, agent_id)
    job = await _ended(api_l, answer, 35)
    assert (job["status"], job["attempts"], job["result"]["captureRetryCount"]) == ("pending", 0, 2)
    assert (await _ended(api_l, answer))["status"] == "completed"


async def test_a_stopped_agent_has_its_last_backup(api_l):
    agent_id = await api_l.dedicated()
    await api_l.control(f"agents/{agent_id}/suspend")
    assert (await _ended(api_l, await _delete(api_l, agent_id), 1))["status"] == "completed"
    lost = await api_l.dedicated()
    await api_l.control(f"agents/{lost}/sandbox", state="stopped")
    assert (await _ended(api_l, await _delete(api_l, lost)))["status"] == "failed"


async def test_waiting_jobs_are_cancelled_and_a_begun_one_is_in_the_way(api_l):
    agent_id = await api_l.dedicated()
    waiting = (await api_l.post(f"{api_l.agents}/{agent_id}/suspend")).body["data"]["jobId"]
    assert (await _delete(api_l, agent_id)).status == 202
    job = await api_l.get(f"/api/v1/jobs/{waiting}")
    assert (job.body["data"]["status"], job.body["polling"]) == ("cancelled", {"shouldContinue": False})
    await api_l.clock.advance(1)
    other = await api_l.dedicated()
    begun = (await api_l.post(f"{api_l.agents}/{other}/suspend")).body["data"]["jobId"]
    await api_l.clock.advance(0.5)
    refused = await _delete(api_l, other)
    assert (refused.status, refused.body["code"]) == (409, "session_not_ready")
    assert refused.body["error"] == f"Agent {other} has non-quiescent agent_suspend job {begun}"


async def test_a_deletion_that_has_not_begun_can_be_cancelled(api_l):
    agent_id = await api_l.dedicated()
    path = f"{api_l.agents}/{agent_id}"
    early = await api_l.call("PATCH", path, json={"action": "cancel_deletion"})
    assert early.status == 409
    job_id = (await _delete(api_l, agent_id)).body["data"]["jobId"]
    answer = await api_l.call("PATCH", path, json={"action": "cancel_deletion"})
    assert (answer.status, answer.body["data"]["status"]) == (200, "running")
    assert (await api_l.job(job_id))["status"] == "cancelled"
    assert await api_l.say(agent_id, "My name is Ada") == "I am glad to know you, Ada."
    await _delete(api_l, agent_id)
    await api_l.clock.advance(0.5)
    late = await api_l.call("PATCH", path, json={"action": "cancel_deletion"})
    assert late.status == 409


@pytest.mark.parametrize(
    "body",
    [
        {"unknown": 1},
        {"stateLossAcknowledged": "yes"},
        {"expectedAgentName": "ada"},
        {"stateLossAcknowledged": True, "extra": None},
    ],
)
async def test_the_body_is_strict(api_l, body):
    agent_id = await api_l.dedicated()
    answer = await _delete(api_l, agent_id, **body)
    assert (answer.status, answer.body["error"]) == (400, "Invalid conditional delete request")
    assert await api_l.status(agent_id) == "running"


async def test_a_condition_must_hold(api_l):
    agent_id = await api_l.create()
    shown = (await api_l.get(f"{api_l.agents}/{agent_id}")).body["data"]
    expected = {
        "expectedAgentName": "ada",
        "expectedCreatedAt": shown["createdAt"],
        "expectedExecutionTier": "shared",
    }
    wrong = await _delete(api_l, agent_id, **{**expected, "expectedAgentName": "grace"})
    assert (wrong.status, wrong.body["error"]) == (409, "Agent identity changed before deletion")
    deployed = await _delete(api_l, agent_id, expectedDeployCommit="abc")
    assert (deployed.status, deployed.body["error"]) == (409, "Conditional delete deploy mismatch")
    assert (await _delete(api_l, agent_id, **expected)).status == 202


async def test_a_failed_deletion_is_repeated_five_times(api_l):
    agent_id = await api_l.dedicated()
    await api_l.control(f"agents/{agent_id}/capture", mode="failing")
    await _ended(api_l, await _delete(api_l, agent_id))
    await api_l.clock.advance(12 * HOUR)
    deletions = [
        job for job in (await api_l.get("/emulator/state")).body["jobs"] if job["type"] == "agent_delete"
    ]
    assert [job["status"] for job in deletions] == ["failed"] * 6
    assert await api_l.status(agent_id) == "deletion_failed"
