"""cloud-api §9 and §10 where generation N differs: reuse, quota, tiers, warm pool, jobs for everything."""

import pytest

KEYS = {"id", "agentId", "agentName", "status", "createdAt", "executionTier"}


async def _create(api, **body):
    return await api.post(api.agents, json={"agentName": "ada", **body})


async def test_a_new_agent_is_started_at_once(api_n):
    answer = await _create(api_n)
    assert answer.status == 202
    assert answer.body["created"] is True
    data = answer.body["data"]
    assert set(data) == (KEYS - {"createdAt"}) | {"jobId", "estimatedCompletionAt"}
    assert data["status"] == "pending"
    assert answer.body["polling"] == {
        "endpoint": f"/api/v1/jobs/{data['jobId']}",
        "intervalMs": 5000,
        "expectedDurationMs": 90000,
    }
    await api_n.clock.advance(3)
    assert await api_n.status(data["id"]) == "running"


async def test_without_automatic_provisioning_it_stays_idle(api_n):
    answer = await _create(api_n, autoProvision=False)
    assert answer.status == 201
    assert set(answer.body) == {"success", "created", "data"}
    assert set(answer.body["data"]) == KEYS
    assert answer.body["data"]["status"] == "pending"
    by_query = await api_n.post(
        f"{api_n.agents}?autoProvision=false", json={"agentName": "b", "forceCreate": True}
    )
    assert by_query.status == 201


async def test_a_live_agent_is_reused_whatever_name_was_asked_for(api_n):
    first = (await _create(api_n)).body["data"]["id"]
    answer = await _create(api_n, agentName="grace")
    assert (answer.status, answer.body["created"]) == (200, False)
    assert (answer.body["data"]["id"], answer.body["data"]["agentName"]) == (first, "ada")
    assert set(answer.body["data"]) == KEYS
    forced = await _create(api_n, agentName="grace", forceCreate=True)
    assert (forced.status, forced.body["data"]["agentName"]) == (202, "grace")


async def test_a_stopped_agent_is_not_reused(api_n):
    agent_id = await api_n.running()
    await api_n.control(f"agents/{agent_id}/sandbox", state="stopped")
    assert (await _create(api_n)).body["data"]["id"] != agent_id


async def test_the_quota_is_a_429_that_waiting_does_not_help(api_n):
    await api_n.control("organization", maxAgents=1)
    await _create(api_n)
    answer = await _create(api_n, forceCreate=True)
    assert (answer.status, answer.body["code"]) == (429, "agent_quota_exceeded")
    assert answer.body["details"] == {"currentAgents": 1, "maxAgents": 1}
    assert "Retry-After" not in answer.headers


async def test_the_gate_stands_only_before_eager_provisioning(api_n):
    await api_n.control("organization", balance=4.99)
    answer = await _create(api_n)
    assert (answer.status, answer.body["code"]) == (402, "insufficient_credits")
    assert answer.body["currentBalance"] == 4.99
    assert (await _create(api_n, autoProvision=False)).status == 201


async def test_a_shared_agent_runs_at_once_and_has_no_lifecycle(api_n):
    await api_n.control("organization", sharedTier=True)
    answer = await _create(api_n)
    assert (answer.status, answer.body["source"]) == (201, "shared_runtime")
    data = answer.body["data"]
    assert set(data) == KEYS | {"webUiUrl"}
    assert (data["status"], data["executionTier"]) == ("running", "shared")
    one = f"{api_n.agents}/{data['id']}"
    provisioned = await api_n.post(f"{one}/provision")
    assert (provisioned.status, provisioned.body["source"]) == (200, "shared_runtime")
    assert provisioned.body["data"]["executionTier"] == "shared"
    stopped = await api_n.call("PATCH", one, json={"action": "suspend"})
    assert (stopped.status, stopped.body["source"]) == (200, "shared_runtime")
    assert await api_n.status(data["id"]) == "running"
    for deed in ("snapshot", "restore"):
        assert (await api_n.post(f"{one}/{deed}")).status == 409
    assert await api_n.say(data["id"], "My name is Ada") == "I am glad to know you, Ada."
    deleted = await api_n.call("DELETE", one)
    assert (deleted.status, deleted.body["deleted"]) == (200, True)
    assert (await api_n.get(one)).status == 404


async def test_a_shared_agent_cannot_be_forced_and_always_on_is_dedicated(api_n):
    await api_n.control("organization", sharedTier=True)
    assert (await _create(api_n, forceCreate=True)).status == 400
    assert (await _create(api_n, alwaysOn=True)).body["data"]["executionTier"] == "dedicated-always"


async def test_images_must_be_allowed_and_pinned(api_n):
    refused = await _create(api_n, dockerImage="evil/image:latest")
    assert (refused.status, refused.body["code"]) == (403, "agent_image_not_allowed")
    loose = await _create(api_n, dockerImage="ghcr.io/elizaos/agent:latest")
    assert (loose.status, loose.body["code"]) == (403, "agent_image_not_digest_pinned")
    pinned = await _create(api_n, dockerImage=f"ghcr.io/elizaos/agent@sha256:{'0' * 64}")
    assert (pinned.status, pinned.body["data"]["executionTier"]) == (202, "custom")
    assert (await _create(api_n, dockerImage="no spaces")).status == 400


async def test_the_warm_pool_gives_a_running_agent(api_n):
    await api_n.control("organization", warmPool="hit")
    answer = await _create(api_n)
    assert (answer.status, answer.body["source"]) == (201, "warm_pool")
    assert answer.body["data"]["status"] == "running"
    idle = (await _create(api_n, autoProvision=False, forceCreate=True)).body["data"]["id"]
    provisioned = await api_n.post(f"{api_n.agents}/{idle}/provision")
    assert (provisioned.status, provisioned.body["source"]) == (200, "warm_pool")


async def test_a_warm_pool_recovery_has_no_job_to_poll(api_n):
    await api_n.control("organization", warmPool="recovery")
    answer = await _create(api_n)
    assert (answer.status, answer.body["source"]) == (202, "warm_pool_recovery")
    assert answer.body["data"]["status"] == "provisioning"
    assert "jobId" not in answer.body["data"]
    await api_n.clock.advance(3)
    assert await api_n.status(answer.body["data"]["id"]) == "running"


@pytest.mark.parametrize("path", ["", "/suspend"])
async def test_stopping_is_a_job(api_n, path):
    agent_id = await api_n.running()
    one = f"{api_n.agents}/{agent_id}"
    body = {"json": {"action": "suspend"}}
    answer = await (api_n.call("PATCH", one, **body) if not path else api_n.post(f"{one}{path}"))
    assert (answer.status, answer.body["created"], answer.body["alreadyInProgress"]) == (202, True, False)
    joined = await (api_n.call("PATCH", one, **body) if not path else api_n.post(f"{one}{path}"))
    assert (joined.status, joined.body["alreadyInProgress"]) == (202, True)
    assert joined.body["data"]["jobId"] == answer.body["data"]["jobId"]
    assert await api_n.status(agent_id) == "running"
    await api_n.clock.advance(1)
    assert await api_n.status(agent_id) == "stopped"
    job = (await api_n.get(f"/api/v1/jobs/{answer.body['data']['jobId']}")).body["data"]
    assert (job["type"], job["status"]) == ("agent_suspend", "completed")


async def test_a_body_without_action_is_an_edit(api_n):
    agent_id = await api_n.running()
    one = f"{api_n.agents}/{agent_id}"
    answer = await api_n.call("PATCH", one, json={"agentName": " grace "})
    assert (answer.status, answer.body["data"]["agentName"]) == (200, "grace")
    assert set(answer.body["data"]) == {"id", "agentName", "executionTier", "updatedAt"}
    assert (await api_n.call("PATCH", one, json={})).status == 400
    assert (await api_n.call("PATCH", one, json={"action": "fly"})).status == 400


async def test_deletion_is_a_job_that_a_second_call_joins(api_n):
    agent_id = await api_n.running()
    one = f"{api_n.agents}/{agent_id}"
    first = await api_n.call("DELETE", one)
    second = await api_n.call("DELETE", one)
    assert (first.status, second.status) == (202, 202)
    assert first.body["data"]["jobId"] == second.body["data"]["jobId"]
    assert second.body["alreadyInProgress"] is True
    assert await api_n.status(agent_id) == "deletion_pending"
    assert (await api_n.post(f"{one}/provision")).status == 409
    assert (await api_n.post(f"{one}/snapshot")).status == 409
    assert (await api_n.rpc(agent_id, "heartbeat")).body["error"]["message"] == "Sandbox is not running"
    await api_n.clock.advance(1)
    assert (await api_n.get(one)).status == 404
    job = (await api_n.get(first.body["polling"]["endpoint"])).body["data"]
    assert (job["type"], job["status"]) == ("agent_delete", "completed")


async def test_a_deletion_that_fails_for_good_shows_on_the_agent(api_n):
    agent_id = await api_n.running()
    await api_n.control(f"agents/{agent_id}/jobs", failAttempts=3)
    await api_n.call("DELETE", f"{api_n.agents}/{agent_id}")
    await api_n.clock.advance(200)
    assert await api_n.status(agent_id) == "deletion_failed"


async def test_an_ambiguous_sync_is_refused(api_n):
    agent_id = await api_n.create()
    for query in ("sync=TRUE", "sync=true&sync=true"):
        answer = await api_n.post(f"{api_n.agents}/{agent_id}/provision?{query}")
        assert (answer.status, answer.body["error"]) == (400, "Invalid sync")


async def test_hosting_costs_are_summed_up(api_n):
    await api_n.running()
    summary = (await api_n.get(api_n.agents)).body["hostingSummary"]
    assert summary["dedicatedRunningCount"] == 1
    assert (summary["hourlyHostingCostUsd"], summary["hoursRemaining"]) == (0.01, 2500)
