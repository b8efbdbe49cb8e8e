"""cloud-api-latest L0, L4, L14: tiers, create, list, start, stop, rename, conflicts."""

import pytest

from tests.emulator.conftest import PRICE

UNKNOWN_ID = "00000000-0000-4000-8000-000000000001"
ITEM = {
    *("id", "agentName", "status", "databaseStatus", "lastBackupAt", "lastHeartbeatAt", "errorMessage"),
    *("createdAt", "updatedAt", "token_address", "token_chain", "token_name", "token_ticker"),
    *("dockerImage", "executionTier", "webUiUrl", "activeJob"),
}
DETAIL = ITEM | {
    *("errorCount", "walletAddress", "walletProvider", "walletStatus", "adminDetails"),
    "meshAddressPresent",
}


async def _tier(api, **body):
    answer = await api.post(
        api.agents, json={"agentName": "ada", "autoProvision": False, **body}, headers=api.paying
    )
    assert answer.status == 201, answer
    await api.call("DELETE", f"{api.agents}/{answer.body['data']['id']}")
    await api.clock.advance(3)
    return answer.body["data"]["executionTier"]


@pytest.mark.parametrize(
    ("body", "tier"),
    [
        ({}, "shared"),
        ({"agentConfig": {"bio": "x"}, "environmentVars": {"A": "b"}}, "shared"),
        ({"alwaysOn": False}, "shared"),
        ({"alwaysOn": True}, "dedicated-always"),
        ({"statefulRuntime": True}, "dedicated-always"),
        ({"agentConfig": {"model_too_large_for_shared": True}}, "dedicated-always"),
        ({"agentConfig": {"character": {"alwaysOn": True}}}, "dedicated-always"),
        ({"agentConfig": {"plugins": ["@elizaos/plugin-telegram"]}}, "dedicated-always"),
        ({"agentConfig": {"character": {"plugins": ["slack"]}}}, "dedicated-always"),
        ({"agentConfig": {"plugins": ["@elizaos/plugin-sql"]}}, "shared"),
        ({"dockerImage": f"ghcr.io/elizaos/agent@sha256:{'0' * 64}"}, "custom"),
    ],
)
async def test_the_body_decides_the_tier(api_l, body, tier):
    assert await _tier(api_l, **body) == tier


async def test_the_list_and_an_agent_have_exactly_their_keys(api_l):
    agent_id = await api_l.dedicated()
    listed = (await api_l.get(api_l.agents)).body
    assert set(listed) == {"success", "data"}
    assert set(listed["data"][0]) == ITEM
    shown = (await api_l.get(f"{api_l.agents}/{agent_id}")).body["data"]
    assert set(shown) == DETAIL
    assert (shown["activeJob"], shown["meshAddressPresent"]) == (None, True)
    await api_l.post(f"{api_l.agents}/{agent_id}/suspend")
    job = (await api_l.get(f"{api_l.agents}/{agent_id}")).body["data"]["activeJob"]
    assert (job["type"], job["status"], job["attempts"], job["maxAttempts"]) == (
        "agent_suspend",
        "pending",
        0,
        3,
    )
    assert set(job) == {
        *("id", "type", "status", "attempts", "maxAttempts", "estimatedCompletionAt", "scheduledFor"),
        *("startedAt", "createdAt", "updatedAt"),
    }


@pytest.mark.parametrize(
    "query", ["autoProvision=yes", "autoProvision=TRUE", "autoProvision=&autoProvision="]
)
async def test_an_ambiguous_auto_provision_is_refused(api_l, query):
    answer = await api_l.post(f"{api_l.agents}?{query}", json={"agentName": "ada"})
    assert (answer.status, answer.body["error"]) == (400, "Invalid autoProvision")
    assert set(answer.body) == {"success", "error", "message"}


async def test_forcing_is_for_dedicated_agents(api_l):
    answer = await api_l.post(api_l.agents, json={"agentName": "ada", "forceCreate": True})
    assert (answer.status, answer.body["code"]) == (400, "validation_error")
    assert answer.body["error"].startswith("forceCreate is only valid for dedicated agents")


async def test_a_start_announces_390_seconds(api_l):
    answer = await api_l.post(api_l.agents, json={"agentName": "ada", "alwaysOn": True}, headers=api_l.paying)
    assert answer.body["data"]["estimatedCompletionAt"] == "2027-01-15T08:06:30.000Z"
    assert answer.body["polling"]["expectedDurationMs"] == 90000


@pytest.mark.parametrize(
    ("state", "status", "code"),
    [
        ("unhealthy", 503, "PROVISIONING_WORKER_UNHEALTHY"),
        ("unreachable", 502, "PROVISIONING_WORKER_UNREACHABLE"),
    ],
)
async def test_a_worker_that_is_down_refuses_starts(api_l, state, status, code):
    agent_id = await api_l.dedicated()
    await api_l.control(f"agents/{agent_id}/suspend")
    await api_l.control("worker", state=state)
    body = {"agentName": "b", "alwaysOn": True, "forceCreate": True}
    created = await api_l.post(api_l.agents, json=body, headers=api_l.paying)
    resumed = await api_l.post(f"{api_l.agents}/{agent_id}/resume", headers=api_l.paying)
    woken = await api_l.post(f"{api_l.agents}/{agent_id}/wake")
    for answer in (created, resumed, woken):
        assert (answer.status, answer.body["code"], answer.body["retryable"]) == (status, code, True)
    assert [agent["id"] for agent in (await api_l.get(api_l.agents)).body["data"]] == [agent_id]


async def test_the_warm_pool_gives_bodies_without_created(api_l):
    body = {"agentName": "b", "alwaysOn": True, "forceCreate": True}
    await api_l.control("organization", warmPool="hit")
    hit = await api_l.post(api_l.agents, json=body, headers=api_l.paying)
    assert (hit.status, hit.body["source"], "created" in hit.body) == (201, "warm_pool", False)
    await api_l.control("organization", warmPool="recovery")
    recovery = await api_l.post(api_l.agents, json=body, headers=api_l.paying)
    assert (recovery.status, "jobId" in recovery.body["data"]) == (202, False)
    await api_l.clock.advance(3)
    assert await api_l.status(recovery.body["data"]["id"]) == "running"
    await api_l.control("organization", warmPool="unscheduled")
    failed = await api_l.post(api_l.agents, json=body, headers=api_l.paying)
    assert (failed.status, failed.body["code"]) == (503, "service_unavailable")
    assert len((await api_l.get(api_l.agents)).body["data"]) == 3


async def test_agents_being_deleted_do_not_count_against_the_quota(api_l):
    agent_id = await api_l.dedicated()
    await api_l.control("organization", maxAgents=1)
    body = {"agentName": "b", "alwaysOn": True, "forceCreate": True}
    refused = await api_l.post(api_l.agents, json=body, headers=api_l.paying)
    assert (refused.status, refused.body["code"]) == (429, "agent_quota_exceeded")
    await api_l.control(f"agents/{agent_id}/record", status="deletion_failed")
    assert (await api_l.post(api_l.agents, json=body, headers=api_l.paying)).status == 202


async def test_sync_never_blocks_but_is_stricter(api_l):
    shared = await api_l.create()
    for call in ("provision", "resume"):
        path = f"{api_l.agents}/{shared}/{call}"
        assert (await api_l.post(path)).status == 200
        assert (await api_l.post(f"{path}?sync=true")).status == 409
        assert (await api_l.post(f"{path}?sync=maybe")).status == 400


async def test_a_start_that_meets_another_job_cannot_be_queued(api_l):
    agent_id = await api_l.dedicated()
    await api_l.control(f"agents/{agent_id}/record", status="disconnected")
    await api_l.post(f"{api_l.agents}/{agent_id}/suspend")
    answer = await api_l.post(f"{api_l.agents}/{agent_id}/provision", headers=api_l.paying)
    assert (answer.status, answer.body["code"]) == (500, "provision_enqueue_failed")
    assert (answer.body["retryable"], bool(answer.body["failureId"])) == (True, True)
    resumed = await api_l.post(f"{api_l.agents}/{agent_id}/resume", headers=api_l.paying)
    assert (resumed.status, resumed.body) == (500, {"success": False, "error": "Failed to resume agent"})


async def test_stopping_is_a_202_without_polling_also_when_it_was_asked_before(api_l):
    agent_id = await api_l.dedicated()
    path = f"{api_l.agents}/{agent_id}"
    first = await api_l.post(f"{path}/suspend")
    assert first.status == 202
    assert set(first.body) == {"success", "created", "alreadyInProgress", "message", "data"}
    assert set(first.body["data"]) == {"agentId", "action", "jobId", "status", "previousStatus"}
    again = await api_l.call("PATCH", path, json={"action": "suspend"})
    assert (again.status, again.body["alreadyInProgress"]) == (202, True)
    assert again.body["data"]["jobId"] == first.body["data"]["jobId"]
    assert ("message" in again.body, "message" in again.body["data"]) == (False, True)
    await api_l.clock.advance(1)
    job = await api_l.job(first.body["data"]["jobId"])
    assert (job["result"]["containerStopped"], "backupId" in job["result"]) == (True, True)
    done = await api_l.post(f"{path}/suspend")
    assert (done.status, done.body["data"]["message"]) == (200, "Agent is already suspended")


async def test_sleeping_removes_the_container_and_resume_starts_it_again(api_l):
    agent_id = await api_l.dedicated()
    await api_l.say(agent_id, "My name is Ada")
    path = f"{api_l.agents}/{agent_id}"
    asleep = await api_l.post(f"{path}/sleep")
    assert (asleep.status, asleep.body["data"]["action"], "polling" in asleep.body) == (202, "sleep", False)
    await api_l.clock.advance(1)
    assert await api_l.status(agent_id) == "sleeping"
    assert (await api_l.post(f"{path}/sleep")).body["data"]["message"] == "Agent is already sleeping"
    resumed = await api_l.post(f"{path}/resume", headers=api_l.paying)
    assert (resumed.status, resumed.body["data"]["action"]) == (202, "resume")
    await api_l.clock.advance(3)
    assert (await api_l.job(resumed.body["data"]["jobId"]))["result"] == {
        "cloudAgentId": agent_id,
        "containerStarted": True,
        "reprovisioned": True,
        "webUiUrl": f"https://{agent_id}.agents.invalid",
    }
    assert await api_l.say(agent_id, "What is my name?") == "Your name is Ada."


async def test_a_lifecycle_job_under_way_is_a_conflict_that_names_it(api_l):
    agent_id = await api_l.dedicated()
    job_id = (await api_l.post(f"{api_l.agents}/{agent_id}/suspend")).body["data"]["jobId"]
    answer = await api_l.post(f"{api_l.agents}/{agent_id}/sleep")
    assert (answer.status, answer.body["code"]) == (409, "session_not_ready")
    assert answer.body["error"] == f"Agent {agent_id} has conflicting agent_suspend job {job_id}"
    assert answer.body["details"] == {
        "conflictingJobId": job_id,
        "conflictingJobType": "agent_suspend",
        "conflictingJobStatus": "pending",
    }
    assert (await api_l.post(f"{api_l.agents}/{agent_id}/snapshot")).status == 202


async def test_nothing_is_stopped_while_it_is_being_provisioned(api_l):
    answer = await api_l.post(api_l.agents, json={"agentName": "ada", "alwaysOn": True}, headers=api_l.paying)
    path = f"{api_l.agents}/{answer.body['data']['id']}"
    for stop in (api_l.post(f"{path}/suspend"), api_l.post(f"{path}/sleep")):
        refused = await stop
        assert (refused.status, refused.body["error"]) == (409, "Agent provisioning is in progress")
    await api_l.clock.advance(1)
    assert await api_l.status(answer.body["data"]["id"]) == "provisioning"
    refused = await api_l.call("DELETE", path)
    assert (refused.status, refused.body["error"]) == (409, "Agent provisioning is in progress")


async def test_a_name_is_trimmed_and_checked(api_l):
    for agent_id in (await api_l.create(), await api_l.dedicated()):
        path = f"{api_l.agents}/{agent_id}"
        answer = await api_l.call("PATCH", path, json={"agentName": "  grace  ", "unknown": 1})
        assert (answer.status, answer.body["data"]["agentName"]) == (200, "grace")
        assert set(answer.body["data"]) == {"id", "agentName", "executionTier", "updatedAt"}
        for wrong in ({}, {"agentName": "   "}, {"agentName": "x" * 101}, {"unknown": 1}):
            refused = await api_l.call("PATCH", path, json=wrong)
            assert (refused.status, refused.body["error"]) == (400, "Invalid request data")


async def test_missing_things_are_typed_and_a_missing_path_has_other_words(api_l):
    unknown = await api_l.get(f"{api_l.agents}/{UNKNOWN_ID}")
    assert (unknown.status, unknown.body) == (
        404,
        {"success": False, "error": "Agent not found", "code": "resource_not_found"},
    )
    for path in ("/api/v1/milady/agents", "/api/v1/nothing"):
        answer = await api_l.get(path)
        assert (answer.status, answer.body) == (
            404,
            {"success": False, "error": "Not found", "code": "resource_not_found"},
        )
    personal = f"{api_l.agents}/personal:{UNKNOWN_ID}"
    for method in ("GET", "PATCH", "DELETE"):
        answer = await api_l.call(method, personal, json={"agentName": "x"} if method == "PATCH" else None)
        assert answer.status == 404, method


async def test_an_agent_that_was_cut_over_is_no_longer_listed(api_l):
    agent_id = await api_l.create()
    await api_l.control(f"agents/{agent_id}/record", cutOver=True)
    assert (await api_l.get(api_l.agents)).body["data"] == []
    assert await api_l.status(agent_id) == "running"


async def test_jobs_can_be_skipped_and_then_do_nothing(api_l):
    agent_id = await api_l.dedicated()
    await api_l.control(f"agents/{agent_id}/jobs", skip="billing_recovered")
    job_id = (await api_l.post(f"{api_l.agents}/{agent_id}/suspend")).body["data"]["jobId"]
    await api_l.clock.advance(1)
    job = await api_l.job(job_id)
    assert (job["status"], job["result"]["skipped"], job["result"]["reason"]) == (
        "completed",
        True,
        "billing_recovered",
    )
    assert await api_l.status(agent_id) == "running"
    await api_l.control(f"agents/{agent_id}/jobs", skip="not_due")
    started = await api_l.post(f"{api_l.agents}/{agent_id}/snapshot")
    await api_l.clock.advance(1)
    result = (await api_l.job(started.body["data"]["jobId"]))["result"]
    assert (result["skipped"], "backupId" in result) == (True, False)
    await api_l.control(f"agents/{agent_id}/suspend")
    await api_l.control(f"agents/{agent_id}/jobs", skip="authority_changed")
    resumed = await api_l.post(f"{api_l.agents}/{agent_id}/resume", headers=api_l.paying)
    await api_l.clock.advance(3)
    result = (await api_l.job(resumed.body["data"]["jobId"]))["result"]
    assert (result["skipped"], result["containerStarted"]) == ("authority_changed", False)
    assert await api_l.status(agent_id) == "stopped"


async def test_a_resume_that_is_no_longer_funded_is_skipped(api_l):
    agent_id = await api_l.dedicated()
    await api_l.control(f"agents/{agent_id}/suspend")
    resumed = await api_l.post(f"{api_l.agents}/{agent_id}/resume", headers=api_l.paying)
    await api_l.control("organization", balance=0)
    await api_l.clock.advance(3)
    job = await api_l.job(resumed.body["data"]["jobId"])
    assert (job["status"], job["result"]["skipped"]) == ("completed", "unfunded")
    assert await api_l.status(agent_id) == "stopped"


async def test_an_upgrade_is_quoted_and_makes_another_agent(api_l):
    shared = await api_l.create()
    path = f"{api_l.agents}/{shared}/upgrade-tier"
    quote = (await api_l.get(path)).body["data"]
    assert (len(quote["quoteId"]), quote["minimumBalanceUsd"], quote["minimumRunwayDays"]) == (64, 0.72, 3)
    assert (quote["canActivate"], quote["activation"]) == (True, {"state": "not_started"})
    accepted = {
        "action": "activate_dedicated",
        "quoteId": quote["quoteId"],
        "minimumActivationChargeUsd": quote["minimumActivationChargeUsd"],
    }
    vague = await api_l.post(path, json={"action": "activate_dedicated"})
    assert (vague.status, vague.body["code"]) == (400, "dedicated_confirmation_required")
    await api_l.control("organization", balance=24)
    stale = await api_l.post(path, json=accepted)
    assert (stale.status, stale.body["code"]) == (409, "dedicated_quote_changed")
    accepted["quoteId"] = stale.body["data"]["quoteId"]
    started = await api_l.post(path, json=accepted)
    assert (started.status, started.body["created"]) == (202, True)
    dedicated = started.body["data"]["dedicatedAgentId"]
    assert dedicated != shared
    assert started.body["data"]["sharedAgentId"] == shared
    await api_l.clock.advance(3)
    assert await api_l.status(dedicated) == "running"
    again = (await api_l.get(path)).body["data"]
    assert again["activation"] == {"state": "running", "dedicatedAgentId": dedicated, "status": "running"}
    accepted["quoteId"] = again["quoteId"]
    assert (await api_l.post(path, json=accepted)).status == 200
    tier = await api_l.get(f"{api_l.agents}/{dedicated}/upgrade-tier")
    assert (tier.status, tier.body["code"]) == (409, "not_shared_tier")


async def test_an_upgrade_needs_three_days_of_money(api_l):
    shared = await api_l.create()
    await api_l.control("organization", balance=0.5)
    path = f"{api_l.agents}/{shared}/upgrade-tier"
    quote = (await api_l.get(path)).body["data"]
    assert (quote["canActivate"], quote["deficitUsd"]) == (False, 0.22)
    accepted = {
        "action": "activate_dedicated",
        "quoteId": quote["quoteId"],
        "minimumActivationChargeUsd": quote["minimumActivationChargeUsd"],
    }
    refused = await api_l.post(path, json=accepted)
    assert (refused.status, refused.body["requiredBalance"]) == (402, 0.72)


def test_the_price_is_the_usual_one():
    assert PRICE == "dedicated-compute-v1:USD:0.010000:0.020000"
