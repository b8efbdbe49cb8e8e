# ruff: noqa: PLR0917 - a table of cases has as many columns as it has
"""Shared and dedicated agents: create, upgrade, rename, logs, wake (cloud-api-latest L4, L14, L19)."""

import msgspec
import pytest

from eliza_cloud.cloud.errors import (
    Conflict,
    InsufficientCredits,
    InvalidRequest,
    InvalidResponse,
    JobFailed,
    NotFound,
    QuotaExceeded,
    QuoteChanged,
    SessionNotReady,
)
from eliza_cloud.cloud.jobs import fetch_logs
from eliza_cloud.cloud.types.models import JobRef, Provision, Upgrade

from .conftest import AGENT

AGENTS = "/api/v1/eliza/agents"
NEW = "3f8e2d9a-0000-4000-8000-000000000002"
POLLING = {"endpoint": "/api/v1/jobs/j1", "intervalMs": 5000, "expectedDurationMs": 90000}
JOB = JobRef("j1", 5.0, 90.0)
QUOTE_ID = "a" * 64
QUOTE = {
    "quoteId": QUOTE_ID,
    "quoteVersion": 1,
    "sourceAgentId": AGENT,
    "currentMode": "shared",
    "targetMode": "dedicated",
    "hourlyRateUsd": 0.01,
    "minimumActivationChargeUsd": "0.020000",
    "dailyRateUsd": 0.24,
    "minimumBalanceUsd": 0.72,
    "balanceUsd": "0.50",
    "deficitUsd": 0.22,
    "canActivate": False,
    "unavailableReason": "insufficient_balance",
    "activation": {"state": "none"},
}


@pytest.fixture(autouse=True)
async def agent(cloud):
    return cloud.agents("eliza")


def sent(cloud):
    return msgspec.json.decode(cloud.asked[-1].body)


async def test_create_sends_the_members_of_the_contract_that_were_asked_for(client, cloud):
    cloud.on(
        "POST", AGENTS, (201, {"success": True, "data": {"id": AGENT, "executionTier": "dedicated-always"}})
    )
    made = await client.create_agent(
        "a",
        force=True,
        dedicated=True,
        character_id="c1",
        docker_image="repo/image@sha256:1",
        auto_provision=False,
    )
    assert sent(cloud) == {
        "agentName": "a",
        "forceCreate": True,
        "alwaysOn": True,
        "characterId": "c1",
        "dockerImage": "repo/image@sha256:1",
        "autoProvision": False,
    }
    assert (made.agent.tier, made.agent.is_shared) == ("dedicated-always", False)


@pytest.mark.parametrize(
    ("raw", "tier", "is_shared"),
    [
        ({}, None, False),
        ({"executionTier": None}, None, False),
        ({"executionTier": "shared"}, "shared", True),
        ({"executionTier": "custom"}, "custom", False),
    ],
)
async def test_an_agent_shows_its_tier_its_job_and_its_error(client, cloud, agent, raw, tier, is_shared):
    data = {"id": AGENT, "status": "running", "errorMessage": "x", "activeJob": {"id": "j7"}, **raw}
    cloud.on("GET", agent, (200, {"success": True, "data": data}))
    found = await client.get_agent(AGENT)
    assert (found.tier, found.is_shared, found.active_job_id, found.error) == (tier, is_shared, "j7", "x")


async def test_a_quote_is_read_and_shown_before_it_is_used(client, cloud, agent):
    cloud.on("GET", f"{agent}/upgrade-tier", (200, {"success": True, "data": QUOTE}), (200, QUOTE))
    for _ in range(2):
        quote = await client.upgrade_quote(AGENT)
        assert (quote.id, quote.hourly_rate_usd, quote.minimum_activation_charge_usd) == (
            QUOTE_ID,
            0.01,
            0.02,
        )
        assert (quote.minimum_balance_usd, quote.balance_usd, quote.deficit_usd) == (0.72, 0.5, 0.22)
        assert (quote.can_activate, quote.unavailable_reason) == (False, "insufficient_balance")
        assert quote.dedicated_agent_id is None


@pytest.mark.parametrize(
    "broken", [{"quoteId": None}, {"hourlyRateUsd": "x"}, {"minimumActivationChargeUsd": None}]
)
async def test_a_quote_without_id_or_price_is_a_bad_answer(client, cloud, agent, broken):
    cloud.on("GET", f"{agent}/upgrade-tier", (200, {"success": True, "data": {**QUOTE, **broken}}))
    with pytest.raises(InvalidResponse):
        await client.upgrade_quote(AGENT)


@pytest.mark.parametrize("call", ["quote", "rename", "logs"])
async def test_what_older_servers_cannot_do_is_said_of_them(client, cloud, agent, call):
    complaint = {"code": "invalid_value", "path": ["action"], "message": "Invalid option"}
    cloud.on(
        "PATCH", agent, (400, {"success": False, "error": "Invalid request data", "details": [complaint]})
    )
    unknown = (404, {"success": False, "error": "Not found"})
    cloud.on("GET", f"{agent}/upgrade-tier", unknown)
    cloud.on("GET", f"/api/compat/agents/{AGENT}/logs", unknown)
    calls = {
        "quote": lambda: client.upgrade_quote(AGENT),
        "rename": lambda: client.rename_agent(AGENT, "bert"),
        "logs": lambda: client.start_logs(AGENT),
    }
    with pytest.raises(NotFound) as caught:
        await calls[call]()
    assert (caught.value.code, caught.value.status, caught.value.is_json) == ("not_offered", 404, False)


@pytest.mark.parametrize(
    ("status", "body", "upgrade"),
    [
        (
            202,
            {
                "created": True,
                "data": {"id": NEW, "dedicatedAgentId": NEW, "sharedAgentId": AGENT, "jobId": "j1"},
                "polling": POLLING,
            },
            Upgrade(NEW, AGENT, JOB),
        ),
        (200, {"data": {"dedicatedAgentId": NEW, "status": "running"}}, Upgrade(NEW, None, None)),
    ],
)
async def test_an_upgrade_sends_the_quote_as_it_was_and_brings_a_new_id(
    client, cloud, agent, status, body, upgrade
):
    cloud.on("GET", f"{agent}/upgrade-tier", (200, {"success": True, "data": QUOTE}))
    cloud.on("POST", f"{agent}/upgrade-tier", (status, {"success": True, **body}))
    assert await client.upgrade(AGENT, await client.upgrade_quote(AGENT), accept_price="p:1") == upgrade
    assert sent(cloud) == {
        "action": "activate_dedicated",
        "quoteId": QUOTE_ID,
        "minimumActivationChargeUsd": "0.020000",
    }
    assert cloud.asked[-1].headers["X-Eliza-Dedicated-Price"] == "p:1"


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (409, {"error": "x", "code": "not_shared_tier"}, Conflict),
        (409, {"error": "x", "code": "dedicated_adoption_selection_required"}, Conflict),
        (402, {"error": "x", "code": "insufficient_credits", "requiredBalance": 0.72}, InsufficientCredits),
        (
            429,
            {"error": "x", "code": "agent_quota_exceeded", "currentAgents": 5, "maxAgents": 5},
            QuotaExceeded,
        ),
    ],
)
async def test_an_upgrade_that_is_refused_says_why_and_is_sent_once(
    client, cloud, agent, status, body, error
):
    cloud.on("GET", f"{agent}/upgrade-tier", (200, QUOTE))
    cloud.on("POST", f"{agent}/upgrade-tier", (status, {"success": False, **body}))
    with pytest.raises(error) as caught:
        await client.upgrade(AGENT, await client.upgrade_quote(AGENT))
    assert caught.value.retryable is False
    assert cloud.count("POST", f"{agent}/upgrade-tier") == 1


async def test_a_quote_that_changed_comes_with_the_new_one(client, cloud, agent):
    fresh = {**QUOTE, "quoteId": "b" * 64}
    changed = {"success": False, "error": "Quote changed", "code": "dedicated_quote_changed", "data": fresh}
    cloud.on("GET", f"{agent}/upgrade-tier", (200, QUOTE))
    cloud.on("POST", f"{agent}/upgrade-tier", (409, changed), (409, {**changed, "data": None}))
    quote = await client.upgrade_quote(AGENT)
    with pytest.raises(QuoteChanged) as caught:
        await client.upgrade(AGENT, quote)
    assert caught.value.quote.id == "b" * 64
    assert (caught.value.code, caught.value.status) == ("quote_changed", 409)
    with pytest.raises(QuoteChanged) as caught:
        await client.upgrade(AGENT, quote)
    assert caught.value.quote is None


async def test_an_agent_is_renamed(client, cloud, agent):
    cloud.on("PATCH", agent, (200, {"success": True, "data": {"id": AGENT, "agentName": "b"}}))
    await client.rename_agent(AGENT, "b")
    assert sent(cloud) == {"agentName": "b"}


async def test_a_server_that_cannot_rename_says_so(client, cloud, agent):
    cloud.on("PATCH", agent, (400, {"success": False, "error": "Invalid request data"}))
    with pytest.raises(InvalidRequest):
        await client.rename_agent(AGENT, "b")


LOGS = f"/api/compat/agents/{AGENT}/logs"


@pytest.fixture
def no_sleep():
    async def sleep(seconds):
        assert seconds == 2.0

    return sleep


async def test_logs_are_fetched_by_a_job(client, cloud, no_sleep):
    polling = {"endpoint": "/api/v1/jobs/j1", "intervalMs": 2000, "expectedDurationMs": 15000}
    cloud.on(
        "GET",
        LOGS,
        (202, {"success": True, "data": {"jobId": "j1", "status": "pending", "tail": 5}, "polling": polling}),
    )
    done = {
        "id": "j1",
        "status": "completed",
        "result": {"cloudAgentId": AGENT, "status": "ok", "logs": "one\ntwo"},
    }
    cloud.on(
        "GET",
        "/api/v1/jobs/j1",
        (200, {"data": {"id": "j1", "status": "pending"}, "polling": polling}),
        (200, {"data": done}),
    )
    assert await fetch_logs(client, AGENT, no_sleep, tail=5) == "one\ntwo"
    assert cloud.asked[0].query == "tail=5"


@pytest.mark.parametrize("data", ["one\ntwo", {"logs": "one\ntwo"}])
async def test_logs_that_are_at_hand_need_no_job(client, cloud, no_sleep, data):
    cloud.on("GET", LOGS, (200, {"success": True, "data": data}))
    assert await fetch_logs(client, AGENT, no_sleep) == "one\ntwo"


@pytest.mark.parametrize(
    ("result", "error"),
    [({"message": "Container is gone"}, JobFailed), ({"error": "no"}, JobFailed), ({}, InvalidResponse)],
)
async def test_a_job_without_logs_is_no_log(client, cloud, no_sleep, result, error):
    cloud.on("GET", LOGS, (202, {"success": True, "data": {"jobId": "j1"}}))
    cloud.on("GET", "/api/v1/jobs/j1", (200, {"data": {"id": "j1", "status": "completed", "result": result}}))
    with pytest.raises(error):
        await fetch_logs(client, AGENT, no_sleep)


async def test_a_server_without_logs_says_so(client, cloud, no_sleep):
    with pytest.raises(NotFound):
        await fetch_logs(client, AGENT, no_sleep)


@pytest.mark.parametrize(
    ("options", "body"),
    [
        ({"backup_id": "b1"}, {"restoreBackupId": "b1"}),
        ({"fresh": True}, {"forceFreshBoot": True}),
        ({}, {}),
    ],
)
async def test_an_agent_wakes_from_a_backup_or_fresh(client, cloud, agent, options, body):
    answer = {
        "success": True,
        "created": True,
        "data": {"jobId": "j1", "status": "pending"},
        "polling": POLLING,
    }
    cloud.on("POST", f"{agent}/wake", (202, answer))
    assert await client.wake(AGENT, **options) == Provision("pending", JOB)
    assert sent(cloud) == body


async def test_waking_from_a_backup_and_fresh_at_once_is_not_sent(client, cloud):
    with pytest.raises(InvalidRequest):
        await client.wake(AGENT, backup_id="b1", fresh=True)
    assert cloud.asked == []


async def test_a_wake_that_meets_another_one_waits_for_that(client, cloud, agent):
    details = {"conflictingJobId": "j9", "activeForceFreshBoot": True}
    body = {"success": False, "error": "x", "code": "session_not_ready", "details": details}
    cloud.on("POST", f"{agent}/wake", (409, body))
    with pytest.raises(SessionNotReady) as caught:
        await client.wake(AGENT, backup_id="b1")
    assert caught.value.retryable
    assert caught.value.details["conflictingJobId"] == "j9"
