# ruff: noqa: PLR0917 - a table of cases has as many columns as it has
"""Deleting an agent, and revoking a key (cloud-api-latest L4, L15, L21)."""

import msgspec
import pytest

from eliza_cloud.cloud.errors import (
    CloudServerError,
    Conflict,
    DeleteNeedsBackup,
    JobFailed,
    KeyRefused,
    NotFound,
    SessionNotReady,
    TimedOut,
)
from eliza_cloud.cloud.jobs import wait_for_deletion, wait_for_job
from eliza_cloud.cloud.types.models import JobRef
from eliza_cloud.redaction.secret import Secret

from .conftest import AGENT, KEY

JOB = JobRef("j1", 5.0, None)
JOBS = "/api/v1/jobs/j1"
GONE = (404, {"success": False, "error": "Agent not found"})
CURRENT = "/api/v1/api-keys/current"


@pytest.fixture(autouse=True)
async def agent(cloud):
    return cloud.agents("eliza")


async def sleep(seconds):
    assert seconds == 5.0


def record(status):
    return (200, {"success": True, "data": {"id": AGENT, "status": status}})


def job(status, **members):
    return (200, {"success": True, "data": {"id": "j1", "status": status, **members}})


def deletion(client, **options):
    return wait_for_deletion(client, AGENT, JOB, sleep, **options)


@pytest.mark.parametrize(("accept", "sent"), [(False, b""), (True, b'{"stateLossAcknowledged":true}')])
async def test_the_loss_of_the_state_is_accepted_only_when_it_was(client, cloud, agent, accept, sent):
    cloud.on("DELETE", agent, (202, {"success": True, "data": {"jobId": "j1", "status": "pending"}}))
    assert await client.delete_agent(AGENT, accept_state_loss=accept) == JOB
    assert cloud.asked[-1].body == sent


async def test_a_delete_is_done_with_its_job(client, cloud):
    cloud.on("GET", JOBS, job("pending"), job("completed", result={"rowDeleted": True}))
    seen = []
    await deletion(client, on_poll=lambda job: seen.append(job.status))
    assert seen == ["pending", "completed"]


@pytest.mark.parametrize(
    "text",
    [
        "Refusing to delete without a current backup: Snapshot fetch failed: HTTP 500",
        "The operation failed. Retry from Eliza Cloud or contact support if it continues.",
    ],
)
async def test_a_delete_that_failed_while_the_agent_stays_needs_a_backup_whatever_the_words(
    client, cloud, agent, text
):
    cloud.on("GET", JOBS, job("failed", error=text))
    cloud.on("GET", agent, record("deletion_failed"))
    with pytest.raises(DeleteNeedsBackup) as caught:
        await deletion(client)
    error = caught.value
    assert (error.code, error.status, error.retryable) == ("delete_needs_backup", 409, False)
    assert error.details == {"jobId": "j1", "agentId": AGENT}
    assert text.rstrip(".") in str(error)
    assert "costing" in str(error)
    assert "acceptStateLoss" in str(error)


@pytest.mark.parametrize("status", ["deletion_pending", "running", "error"])
async def test_a_delete_that_failed_otherwise_is_a_job_that_failed(client, cloud, agent, status):
    cloud.on("GET", JOBS, job("failed", error="Refusing to delete without a current backup"))
    cloud.on("GET", agent, record(status))
    with pytest.raises(JobFailed):
        await deletion(client)


async def test_an_agent_that_is_gone_is_deleted_whatever_its_job_says(client, cloud, agent):
    cloud.on("GET", JOBS, job("failed", error="x"), (404, {"success": False, "error": "Job not found"}))
    cloud.on("GET", agent, GONE)
    for _ in range(2):
        await deletion(client)


@pytest.mark.parametrize(
    "answer", [(500, {"error": "x"}), (404, b"<html>"), (404, {"success": False, "error": "Not found"})]
)
async def test_a_look_that_fails_leaves_the_job_failed(client, cloud, agent, answer):
    cloud.on("GET", JOBS, job("failed", error="why"))
    cloud.on("GET", agent, answer)
    with pytest.raises(JobFailed, match="why"):
        await deletion(client)


async def test_a_job_that_is_gone_while_the_agent_stays_is_said(client, cloud, agent):
    cloud.on("GET", JOBS, (404, {"success": False, "error": "Job not found"}))
    cloud.on("GET", agent, record("deletion_pending"))
    with pytest.raises(NotFound):
        await deletion(client)


async def test_cancelled_ends_a_job_whatever_the_hint_says(client, cloud):
    cloud.on(
        "GET", JOBS, (200, {"data": {"id": "j1", "status": "cancelled"}, "polling": {"shouldContinue": True}})
    )
    with pytest.raises(JobFailed, match="cancelled"):
        await wait_for_job(client, JOB, sleep)


async def test_a_failed_wake_offers_another_backup(client, cloud):
    failure = {"integrityFailure": {"backupId": "b1", "kind": "checksum", "alternativeBackupId": "b0"}}
    cloud.on("GET", JOBS, job("failed", error="bad backup", result=failure))
    with pytest.raises(JobFailed) as caught:
        await wait_for_job(client, JOB, sleep)
    assert caught.value.details == {"jobId": "j1", "alternativeBackupId": "b0"}


@pytest.mark.parametrize(
    ("text", "retryable"),
    [
        ("Agent a has conflicting agent_suspend job j9", True),
        ("Agent a has non-quiescent agent_wake job j9", True),
        ("Warm-claim credential handoff is still in progress", True),
        ("Agent a deletion is in progress", True),
        ("Agent snapshot cannot target pool-owned capacity", False),
        ("Agent snapshot cannot target a deleted agent", False),
    ],
)
@pytest.mark.parametrize("verb", ["suspend", "provision", "snapshot"])
async def test_another_job_under_way_passes_and_a_wrong_target_does_not(
    client, cloud, agent, verb, text, retryable
):
    details = {
        "conflictingJobId": "j9",
        "conflictingJobType": "agent_suspend",
        "conflictingJobStatus": "pending",
    }
    body = {"success": False, "error": text, "code": "session_not_ready", "details": details}
    cloud.on("POST", f"{agent}/{verb}", (409, body))
    with pytest.raises(SessionNotReady) as caught:
        await getattr(client, verb)(AGENT)
    assert (caught.value.code, caught.value.status) == ("session_not_ready", 409)
    assert caught.value.retryable is retryable
    assert caught.value.details["conflictingJobId"] == "j9"


@pytest.mark.parametrize(
    ("verb", "text", "more"),
    [
        (
            "snapshot",
            "Agent job requires a container-backed execution tier: agent_snapshot",
            {"code": "session_not_ready"},
        ),
        ("restore", "Agent restore requires a container-backed execution tier", {}),
    ],
)
async def test_what_needs_a_container_is_refused_to_a_shared_agent_for_good(
    client, cloud, agent, verb, text, more
):
    cloud.on("POST", f"{agent}/{verb}", (409, {"success": False, "error": text, **more}))
    with pytest.raises(Conflict) as caught:
        await getattr(client, verb)(AGENT)
    assert (caught.value.code, caught.value.status) == ("shared_agent", 409)
    assert caught.value.retryable is False
    assert text in str(caught.value)


async def test_a_key_is_revoked_with_itself_in_one_header(client, make_client, cloud):
    cloud.on("DELETE", CURRENT, (200, {"success": True, "credentialId": "c1"}))
    await client.revoke_key()
    other = "eliza_" + "c" * 64
    await make_client(key=None).revoke_key(Secret(other))
    for asked, key in zip(cloud.asked, (KEY, other), strict=True):
        assert asked.headers["X-API-Key"] == key
        assert "Authorization" not in asked.headers
        assert asked.body == b""


async def test_revoking_without_a_key_sends_nothing(make_client, cloud):
    with pytest.raises(KeyRefused):
        await make_client(key=None).revoke_key()
    assert cloud.asked == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((401, {"success": False, "error": "API key identity could not be proven"}), KeyRefused),
        ((401, {"success": False, "error": "x", "code": "session_auth_required"}), KeyRefused),
        ((404, b"<html>"), NotFound),
        ((500, {"success": False, "error": KEY}), CloudServerError),
    ],
)
async def test_a_revocation_that_fails_says_so_without_the_key(client, cloud, answer, error):
    cloud.on("DELETE", CURRENT, answer)
    with pytest.raises(error) as caught:
        await client.revoke_key()
    assert KEY not in str(caught.value)


async def test_a_revocation_waits_out_a_503_and_has_a_time_of_its_own(client, make_client, cloud, waits):
    cloud.on(
        "DELETE",
        CURRENT,
        (503, {"success": False, "error": "x", "retryable": True}),
        (200, {"success": True}),
    )
    await client.revoke_key()
    assert waits == [1.0]
    cloud.on("DELETE", CURRENT, cloud.hang)
    with pytest.raises(TimedOut):
        await make_client(login=0.05).revoke_key()


@pytest.mark.parametrize(
    "answer", [(404, b"<html>"), (405, b""), (404, {"success": False, "error": "Not found"})]
)
async def test_a_collected_key_is_revoked_by_itself_where_the_sign_in_takes_none_back(
    make_client, cloud, answer
):
    session = "/api/auth/cli-session/s1"
    cloud.on("DELETE", session, answer)
    cloud.on("DELETE", CURRENT, (200, {"success": True}))
    await make_client(key=None).revoke_login_key("s1", Secret(KEY))
    assert [asked.path for asked in cloud.asked] == [session, CURRENT]
    assert cloud.asked[1].headers["X-API-Key"] == KEY


async def test_a_key_the_sign_in_takes_back_is_not_revoked_twice(make_client, cloud):
    cloud.on("DELETE", "/api/auth/cli-session/s1", (204, b""))
    await make_client(key=None).revoke_login_key("s1", Secret(KEY))
    assert len(cloud.asked) == 1


async def test_rows_of_a_missing_prefix_in_json(client, cloud):
    """cloud-api-latest L24 rule 33: a JSON 404 "Not found" on the list is a missing prefix."""
    missing = (404, {"success": False, "error": "Not found", "code": "resource_not_found"})
    cloud.on("GET", "/api/v1/eliza/agents", missing)
    cloud.agents("milady")
    assert await client.list_agents() == []
    cloud.on("GET", f"/api/v1/milady/agents/{AGENT}", missing, GONE)
    with pytest.raises(NotFound) as caught:
        await client.get_agent(AGENT)
    assert not caught.value.is_json
    with pytest.raises(NotFound) as caught:
        await client.get_agent(AGENT)
    assert caught.value.is_json
    assert msgspec.json.encode(caught.value.details)
