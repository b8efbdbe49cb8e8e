# ruff: noqa: PLR0917 - a table of cases has as many columns as it has
"""Create, provision, suspend, resume, delete: each with both generations' answers (cloud-api §9, §10)."""

import msgspec
import pytest

from eliza_cloud.cloud.errors import (
    CloudServerError,
    Conflict,
    InsufficientCredits,
    InvalidResponse,
    NotFound,
    QuotaExceeded,
)
from eliza_cloud.cloud.types.models import JobRef, Provision

from .conftest import AGENT

AGENTS = "/api/v1/milady/agents"
POLLING = {"endpoint": "/api/v1/jobs/j1", "intervalMs": 250, "expectedDurationMs": 90000}
JOB = JobRef("j1", 0.25, 90.0)


@pytest.fixture
async def agent(cloud):
    return cloud.agents()


async def test_create_sends_what_the_contract_names_and_only_what_is_given(client, cloud, agent):
    cloud.on(
        "POST", AGENTS, (201, {"success": True, "data": {"id": AGENT, "agentName": "a", "status": "pending"}})
    )
    await client.create_agent("a")
    await client.create_agent("a", {"bio": ["x"]}, {"TOKEN": "y"})
    bodies = [msgspec.json.decode(asked.body) for asked in cloud.asked if asked.method == "POST"]
    assert bodies == [
        {"agentName": "a"},
        {"agentName": "a", "agentConfig": {"bio": ["x"]}, "environmentVars": {"TOKEN": "y"}},
    ]


@pytest.mark.parametrize(
    ("status", "body", "created", "agent_status", "job"),
    [
        (201, {"data": {"id": AGENT, "agentName": "mine", "status": "pending"}}, True, "pending", None),
        (
            201,
            {
                "created": True,
                "data": {"id": AGENT, "agentId": AGENT, "agentName": "mine", "status": "running"},
                "source": "warm_pool",
            },
            True,
            "running",
            None,
        ),
        (
            200,
            {"created": False, "data": {"id": AGENT, "agentName": "mine", "status": "running"}},
            False,
            "running",
            None,
        ),
        (200, {"data": {"id": AGENT, "agentName": "mine", "status": "stopped"}}, False, "stopped", None),
        (
            202,
            {
                "created": True,
                "data": {"id": AGENT, "agentName": "mine", "jobId": "j1", "status": "in_progress"},
                "polling": POLLING,
            },
            True,
            "provisioning",
            JOB,
        ),
        (
            202,
            {"created": True, "data": {"agentId": AGENT, "id": "j1", "agentName": "mine", "jobId": "j1"}},
            True,
            "provisioning",
            JobRef("j1", 5.0, None),
        ),
        (
            202,
            {
                "source": "warm_pool_recovery",
                "data": {"id": AGENT, "agentName": "mine", "status": "provisioning"},
            },
            True,
            "provisioning",
            None,
        ),
    ],
)
async def test_every_success_of_create_tells_what_was_made(
    client, cloud, agent, status, body, created, agent_status, job
):
    cloud.on("POST", AGENTS, (status, {"success": True, **body}))
    made = await client.create_agent("asked for")
    assert (made.agent.id, made.agent.name, made.agent.status) == (AGENT, "mine", agent_status)
    assert made.agent.raw == body["data"]
    assert (made.created, made.job) == (created, job)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (
            402,
            {"success": False, "error": "x", "requiredBalance": 5, "currentBalance": 1},
            InsufficientCredits,
        ),
        (429, {"success": False, "error": "x", "code": "agent_quota_exceeded"}, QuotaExceeded),
        (503, {"success": False, "error": "x"}, CloudServerError),
        (201, {"success": True, "data": {}}, InvalidResponse),
    ],
)
async def test_a_create_that_fails_is_sent_once(client, cloud, agent, status, body, error):
    cloud.on("POST", AGENTS, (status, body))
    with pytest.raises(error):
        await client.create_agent("a")
    assert cloud.count("POST", AGENTS) == 1


@pytest.mark.parametrize("verb", ["provision", "resume"])
@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (
            200,
            {"data": {"id": AGENT, "status": "running", "bridgeUrl": "http://10.0.0.1"}},
            Provision("running", None),
        ),
        (200, {"data": {"id": AGENT, "status": "running", "webUiUrl": None}}, Provision("running", None)),
        (200, {"source": "shared_runtime", "data": {"executionTier": "shared"}}, Provision("running", None)),
        (200, {"data": {"status": "sleeping"}}, Provision("sleeping", None)),
        (
            202,
            {"created": True, "data": {"jobId": "j1", "status": "pending"}, "polling": POLLING},
            Provision("pending", JOB),
        ),
        (202, {"data": {"jobId": "j1", "status": "running"}}, Provision("pending", JobRef("j1", 5.0, None))),
        (
            202,
            {"source": "warm_pool_recovery", "data": {"status": "provisioning"}},
            Provision("provisioning", None),
        ),
        (
            409,
            {"alreadyInProgress": True, "data": {"jobId": "j1", "status": "in_progress"}, "polling": POLLING},
            Provision("in_progress", JOB),
        ),
        (
            409,
            {"alreadyInProgress": True, "data": {"status": "provisioning"}},
            Provision("provisioning", None),
        ),
    ],
)
async def test_provision_and_resume_accept_every_success(client, cloud, agent, verb, status, body, expected):
    cloud.on("POST", f"{agent}/{verb}", (status, {"success": True, **body}))
    assert await getattr(client, verb)(AGENT) == expected
    assert cloud.asked[-1].body == b""


@pytest.mark.parametrize("verb", ["provision", "resume"])
@pytest.mark.parametrize(
    ("status", "body", "error", "retryable"),
    [
        (409, {"error": "Agent state changed while starting"}, Conflict, True),
        (409, {"error": "Wrong tier"}, Conflict, False),
        (
            402,
            {"error": "Insufficient", "requiredBalance": 5, "currentBalance": 0},
            InsufficientCredits,
            False,
        ),
        (404, {"error": "Agent not found"}, NotFound, False),
        (500, {"error": "Failed to start provisioning"}, CloudServerError, True),
        (503, {"error": "worker unhealthy", "code": "service_unavailable"}, CloudServerError, True),
    ],
)
async def test_provision_and_resume_tell_failures_apart(
    client, cloud, agent, verb, status, body, error, retryable
):
    cloud.on("POST", f"{agent}/{verb}", (status, {"success": False, **body}))
    with pytest.raises(error) as caught:
        await getattr(client, verb)(AGENT)
    assert caught.value.retryable is retryable
    assert cloud.count("POST", f"{agent}/{verb}") == 1


@pytest.mark.parametrize(
    ("status", "body", "job"),
    [
        (200, {"success": True}, None),
        (200, {"success": True, "deleted": True}, None),
        (204, b"", None),
        (202, {"success": True, "data": {"jobId": "j1"}, "polling": POLLING}, JOB),
        (409, {"success": True, "alreadyInProgress": True, "data": {"jobId": "j1"}, "polling": POLLING}, JOB),
        (404, {"success": False, "error": "Agent not found"}, None),
    ],
)
async def test_delete_is_done_accepted_or_was_done_before(client, cloud, agent, status, body, job):
    cloud.on("DELETE", agent, (status, body))
    assert await client.delete_agent(AGENT) == job


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (404, b"<html>", NotFound),
        (409, {"success": False, "error": "Agent provisioning is in progress"}, Conflict),
        (500, {"success": False, "error": "Failed to delete sandbox"}, CloudServerError),
    ],
)
async def test_a_delete_that_did_not_happen_is_no_success(client, cloud, agent, status, body, error):
    cloud.on("DELETE", agent, (status, body))
    with pytest.raises(error):
        await client.delete_agent(AGENT)


@pytest.mark.parametrize(
    ("status", "data", "job"),
    [
        (200, {"agentId": AGENT, "action": "suspend", "message": "x", "previousStatus": "running"}, None),
        (202, {"jobId": "j1", "status": "pending"}, JobRef("j1", 5.0, None)),
    ],
)
async def test_suspend_is_done_or_a_job(client, cloud, agent, status, data, job):
    cloud.on("POST", f"{agent}/suspend", (status, {"success": True, "data": data}))
    assert await client.suspend(AGENT) == job


async def test_an_id_stays_one_segment_of_the_path(client, cloud):
    cloud.agents()
    with pytest.raises(NotFound):
        await client.get_agent("../../user")
    assert cloud.asked[-1].path in {f"{AGENTS}/../../user", f"{AGENTS}/..%2F..%2Fuser"}
    assert cloud.count("GET", "/api/v1/user") == 0
