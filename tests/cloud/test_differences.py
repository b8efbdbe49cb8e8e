"""The thirteen differences a client must tolerate (cloud-api §21), one test for each row."""

import pytest

from eliza_cloud.cloud.errors import (
    AgentUnreachable,
    CloudServerError,
    Conflict,
    NotFound,
    QuotaExceeded,
    StreamFailed,
)
from eliza_cloud.cloud.jobs import wait_for_job

from .conftest import AGENT


@pytest.fixture
async def agent(cloud):
    return cloud.agents()


async def test_row_1_prefixes_are_probed_and_html_404_is_told_from_json_404(client, cloud, agent):
    cloud.on("GET", agent, (404, {"success": False, "error": "Agent not found"}))
    with pytest.raises(NotFound) as caught:
        await client.get_agent(AGENT)
    assert caught.value.is_json
    assert [asked.path for asked in cloud.asked] == ["/api/v1/eliza/agents", "/api/v1/milady/agents", agent]
    with pytest.raises(NotFound) as caught:
        await client.list_backups(AGENT)
    assert not caught.value.is_json


async def test_row_2_the_session_id_is_the_one_the_server_returned(client, cloud):
    cloud.on("POST", "/api/auth/cli-session", (201, {"sessionId": "server-made", "status": "pending"}))
    cloud.on("GET", "/api/auth/cli-session/server-made", (200, {"status": "pending"}))
    session = await client.create_login_session()
    assert session.session_id == "server-made"
    assert session.browser_url.endswith("/auth/cli-login?session=server-made")
    assert session.revocable
    assert (await client.poll_login(session.session_id)).status == "pending"


@pytest.mark.parametrize(("status", "created"), [(200, False), (201, True), (202, True)])
async def test_row_3_create_accepts_200_201_and_202_and_tells_reuse(client, cloud, agent, status, created):
    data = {"id": AGENT, "agentName": "another name", "status": "running"}
    cloud.on("POST", agent.rpartition("/")[0], (status, {"success": True, "created": created, "data": data}))
    made = await client.create_agent("my name")
    assert (made.created, made.agent.name) == (created, "another name")


async def test_row_4_provision_200_without_a_bridge_202_and_409_with_a_job_and_202_without(
    client, cloud, agent
):
    polling = {"intervalMs": 5000, "expectedDurationMs": 90000}
    cloud.on(
        "POST",
        f"{agent}/provision",
        (200, {"success": True, "data": {"id": AGENT, "status": "running"}}),
        (202, {"success": True, "data": {"jobId": "j1", "status": "pending"}, "polling": polling}),
        (409, {"success": True, "alreadyInProgress": True, "data": {"jobId": "j1", "status": "pending"}}),
        (202, {"success": True, "source": "warm_pool_recovery", "data": {"status": "provisioning"}}),
    )
    found = [await client.provision(AGENT) for _ in range(4)]
    assert [provision.status == "running" for provision in found] == [True, False, False, False]
    assert [provision.job and provision.job.id for provision in found] == [None, "j1", "j1", None]


async def test_row_5_a_completed_job_says_nothing_about_the_heartbeat(client, cloud, agent):
    cloud.on("POST", f"{agent}/provision", (202, {"success": True, "data": {"jobId": "j1"}}))
    cloud.on("GET", "/api/v1/jobs/j1", (200, {"success": True, "data": {"id": "j1", "status": "completed"}}))
    cloud.on(
        "POST", f"{agent}/bridge", (200, {"error": {"code": -32000, "message": "Sandbox is not running"}})
    )
    provision = await client.provision(AGENT)

    async def sleep(seconds):
        raise AssertionError("a completed job is not waited for")

    assert (await wait_for_job(client, provision.job, sleep)).status == "completed"
    assert provision.status != "running"
    with pytest.raises(AgentUnreachable):
        await client.heartbeat(AGENT)


async def test_row_6_a_snapshot_is_200_with_backup_id_202_with_job_or_409(client, cloud, agent):
    cloud.on(
        "POST",
        f"{agent}/snapshot",
        (200, {"success": True, "data": {"backupId": "b1"}}),
        (202, {"success": True, "data": {"jobId": "j1"}}),
        (409, {"success": False, "error": "Sandbox is not running"}),
    )
    assert (await client.snapshot(AGENT)).backup_id == "b1"
    assert (await client.snapshot(AGENT)).job.id == "j1"
    with pytest.raises(Conflict):
        await client.snapshot(AGENT)


async def test_row_7_delete_and_suspend_are_200_or_202_with_a_job(client, cloud, agent):
    job = (202, {"success": True, "data": {"jobId": "j1"}})
    cloud.on("DELETE", agent, (200, {"success": True}), job)
    cloud.on("POST", f"{agent}/suspend", (200, {"success": True, "data": {"action": "suspend"}}), job)
    assert [await client.delete_agent(AGENT), await client.suspend(AGENT)] == [None, None]
    assert [(await client.delete_agent(AGENT)).id, (await client.suspend(AGENT)).id] == ["j1", "j1"]


async def test_row_8_the_error_in_the_body_decides_whether_an_agent_lives(client, cloud, agent):
    ack = {"jsonrpc": "2.0", "method": "heartbeat.ack", "params": {"timestamp": 1}}
    dead = {
        "jsonrpc": "2.0",
        "id": "1",
        "error": {"code": -32000, "message": "Sandbox bridge is unreachable"},
    }
    cloud.on("POST", f"{agent}/bridge", (200, ack), (200, dead))
    await client.heartbeat(AGENT)
    with pytest.raises(AgentUnreachable):
        await client.heartbeat(AGENT)


async def test_row_9_only_done_is_success_and_a_404_of_the_stream_can_be_told_apart(client, cloud, agent):
    chunk = b'data: {"type":"chunk","text":"a"}\n\n'
    cloud.on(
        "POST",
        f"{agent}/stream",
        (200, chunk + b'data: {"type":"done"}\n\n'),
        (200, chunk + b'event: error\ndata: {"message":"x"}\n\n'),
        (200, chunk),
        (404, {"success": False, "error": "x"}),
    )
    assert [piece async for piece in client.stream_message(AGENT, "hi")] == ["a"]
    for error in (StreamFailed, StreamFailed, NotFound):
        with pytest.raises(error):
            async for _ in client.stream_message(AGENT, "hi"):
                pass


async def test_row_10_a_refusal_of_the_shared_tier_is_no_passing_fault(client, cloud, agent):
    refusal = (409, {"success": False, "error": "Shared agents have no snapshots"})
    cloud.on("POST", f"{agent}/snapshot", refusal)
    cloud.on("POST", f"{agent}/restore", refusal)
    for call in (client.snapshot(AGENT), client.restore(AGENT)):
        with pytest.raises(Conflict) as caught:
            await call
        assert not caught.value.retryable


async def test_row_11_numbers_may_be_strings_and_fields_null(client, cloud, agent):
    cloud.on("GET", "/api/v1/credits/balance", (200, {"balance": "12.50"}))
    cloud.on("GET", agent, (200, {"success": True, "data": {"id": AGENT, "agentName": None, "status": None}}))
    assert await client.get_balance() == 12.5
    found = await client.get_agent(AGENT)
    assert (found.name, found.status) == (None, "unknown")


async def test_row_12_unknown_words_are_kept(client, cloud, agent):
    cloud.on("GET", agent, (200, {"success": True, "data": {"id": AGENT, "status": "teleporting"}}))
    assert (await client.get_agent(AGENT)).status == "teleporting"


async def test_row_13_retry_after_is_honoured_and_a_quota_is_not_waited_for(client, cloud, agent):
    cloud.on(
        "POST",
        f"{agent}/provision",
        (503, {"success": False, "error": "x"}, {"Retry-After": "1"}),
        (503, {"success": False, "error": "x", "retryAfter": 9}),
        (429, {"success": False, "error": "x", "code": "agent_quota_exceeded"}, {"Retry-After": "60"}),
    )
    for seconds in (1.0, 9.0):
        with pytest.raises(CloudServerError) as caught:
            await client.provision(AGENT)
        assert (caught.value.retryable, caught.value.retry_after) == (True, seconds)
    with pytest.raises(QuotaExceeded) as caught:
        await client.provision(AGENT)
    assert (caught.value.retryable, caught.value.retry_after) == (False, None)
