# ruff: noqa: PLR0917 - a table of cases has as many columns as it has
"""What is alive, what was done, a reply, and what passes (cloud-api-latest L6, L11, L16, L17, L24)."""

import asyncio

import pytest

from eliza_cloud.cloud.client import ElizaCloudClient
from eliza_cloud.cloud.config import CloudConfig
from eliza_cloud.cloud.errors import (
    AgentNotReady,
    AgentUnreachable,
    CloudServerError,
    Conflict,
    InsufficientCredits,
    InvalidRequest,
    JobSkipped,
    OrganizationInactive,
    QuotaExceeded,
    RateLimited,
    ReplyFailed,
    StartNotScheduled,
    TimedOut,
    WorkerDown,
)
from eliza_cloud.cloud.http.address import CloudAddress
from eliza_cloud.cloud.http.request import Timeouts
from eliza_cloud.cloud.http.session import open_session
from eliza_cloud.cloud.jobs import wait_for_job
from eliza_cloud.cloud.types.models import Heartbeat, JobRef, User
from eliza_cloud.redaction.secret import Secret

from .conftest import AGENT, KEY

USER = "/api/v1/user"
WARMING = {"success": False, "error": "warming", "code": "shared_runtime_cache_warming", "retryable": True}


@pytest.fixture(autouse=True)
async def agent(cloud):
    return cloud.agents("eliza")


@pytest.fixture
def bridge(agent):
    return f"{agent}/bridge"


def result(**members):
    return (200, {"jsonrpc": "2.0", "id": "1", "result": members})


def rpc_error(message, code=-32000):
    return (200, {"jsonrpc": "2.0", "id": "1", "error": {"code": code, "message": message}})


# Alive


@pytest.mark.parametrize(
    ("answer", "heartbeat", "from_shared"),
    [
        ((200, {"jsonrpc": "2.0", "method": "heartbeat.ack", "params": {}}), Heartbeat(None, None), False),
        (result(status="running", ready=True, runtime="web", chat=True), Heartbeat("running", "web"), False),
        (result(status="running", ready=True, runtime="shared"), Heartbeat("running", "shared"), True),
        (result(status="running"), Heartbeat("running", None), False),
        (result(ready=None), Heartbeat(None, None), False),
    ],
)
async def test_a_heartbeat_tells_what_answered(client, cloud, bridge, answer, heartbeat, from_shared):
    cloud.on("POST", bridge, answer)
    found = await client.heartbeat(AGENT)
    assert found == heartbeat
    assert found.from_shared_runtime is from_shared


@pytest.mark.parametrize(
    "answer", [result(status="starting", ready=False), rpc_error("Runtime agent is not ready")]
)
async def test_a_runtime_that_is_not_ready_is_not_dead(client, cloud, bridge, answer):
    cloud.on("POST", bridge, answer)
    with pytest.raises(AgentNotReady) as caught:
        await client.heartbeat(AGENT)
    assert (caught.value.code, caught.value.status, caught.value.retryable) == ("agent_not_ready", 503, True)


async def test_an_error_outweighs_ready(client, cloud, bridge):
    error = {"code": -32000, "message": "Sandbox is not running"}
    cloud.on("POST", bridge, (200, {"error": error, "result": {"ready": True}}))
    with pytest.raises(AgentUnreachable):
        await client.heartbeat(AGENT)


async def test_no_call_goes_to_an_agents_own_host(client, cloud, agent, bridge):
    data = {
        "id": AGENT,
        "status": "running",
        "webUiUrl": f"https://{AGENT}.cloud.eliza.app",
        "bridgeUrl": "http://10.0.0.1",
    }
    cloud.on("GET", agent, (200, {"data": data}))
    cloud.on("POST", f"{agent}/provision", (200, {"data": data}))
    cloud.on("POST", bridge, result(text="hi", ready=True))
    await client.provision(AGENT)
    await client.get_agent(AGENT)
    await client.heartbeat(AGENT)
    assert {asked.headers["Host"] for asked in cloud.asked} == {f"127.0.0.1:{cloud.port}"}


# Replies


@pytest.mark.parametrize(
    ("members", "said", "details"),
    [
        (
            {"text": "Sorry, I am out of credits.", "failureKind": "insufficient_credits"},
            "insufficient_credits: Sorry, I am out of credits",
            {"failureKind": "insufficient_credits"},
        ),
        (
            {"text": "made up", "fallback": True, "reason": "agent_no_reply"},
            "agent_no_reply",
            {"fallback": True, "reason": "agent_no_reply"},
        ),
        ({"text": "made up", "fallback": True}, "the cloud's own", {"fallback": True}),
        ({"failureKind": "provider_down"}, "provider_down", {"failureKind": "provider_down"}),
        ({"text": ""}, "empty", {}),
        ({"text": " \n"}, "empty", {}),
    ],
)
async def test_a_text_that_is_not_the_agents_is_no_reply(client, cloud, bridge, members, said, details):
    cloud.on("POST", bridge, result(**members))
    with pytest.raises(ReplyFailed, match=said) as caught:
        await client.send_message(AGENT, "hi")
    assert caught.value.details == details
    assert caught.value.code == "reply_failed"
    assert "made up" not in str(caught.value)


@pytest.mark.parametrize(
    "members", [{"fallback": False}, {"failureKind": None}, {"transport": "fallback"}, {"failureKind": ""}]
)
async def test_other_members_leave_a_reply_a_reply(client, cloud, bridge, members):
    cloud.on("POST", bridge, result(text="hello", **members))
    assert await client.send_message(AGENT, "hi") == "hello"


async def test_the_bridge_may_say_itself_that_the_reply_was_empty_or_the_request_wrong(client, cloud, bridge):
    cloud.on(
        "POST",
        bridge,
        rpc_error("Bridge message produced an empty response"),
        rpc_error("text is required", -32602),
    )
    with pytest.raises(ReplyFailed, match="empty response"):
        await client.send_message(AGENT, "hi")
    with pytest.raises(InvalidRequest, match="text is required"):
        await client.send_message(AGENT, "hi")


def test_a_message_may_take_minutes():
    """Four ways of 60 s each, and polling between them."""
    assert Timeouts().message > 4 * 60


# Jobs


@pytest.fixture
def wait(client):
    async def sleep(seconds):
        assert seconds == 5.0

    async def run(on_poll=lambda _: None):
        return await wait_for_job(client, JobRef("j1", 5.0, None), sleep, on_poll)

    return run


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        ({"skipped": True, "reason": "lifecycle_changed"}, "lifecycle_changed"),
        ({"skipped": "unfunded"}, "unfunded"),
        ({"skipped": True}, "skipped"),
    ],
)
async def test_a_completed_job_that_was_skipped_did_nothing(client, cloud, wait, outcome, reason):
    job = {"id": "j1", "status": "completed", "result": {"cloudAgentId": AGENT, **outcome}}
    cloud.on("GET", "/api/v1/jobs/j1", (200, {"data": job}))
    with pytest.raises(JobSkipped, match=reason) as caught:
        await wait()
    assert (caught.value.code, caught.value.status) == ("job_skipped", 409)
    assert caught.value.details == {"jobId": "j1", "reason": reason}
    assert (await client.get_job("j1")).skipped == reason


@pytest.mark.parametrize("outcome", [{}, {"skipped": False}, {"skipped": None}])
async def test_a_completed_job_that_was_not_skipped_is_done(cloud, wait, outcome):
    cloud.on(
        "GET", "/api/v1/jobs/j1", (200, {"data": {"id": "j1", "status": "completed", "result": outcome}})
    )
    assert (await wait()).skipped is None


async def test_attempts_and_the_last_error_are_seen_while_a_job_is_waited_for(cloud, wait):
    polling = {"intervalMs": 5000, "shouldContinue": True}
    cloud.on(
        "GET",
        "/api/v1/jobs/j1",
        (200, {"data": {"id": "j1", "status": "pending"}, "polling": polling}),
        (
            200,
            {
                "data": {
                    "id": "j1",
                    "status": "pending",
                    "attempts": 1,
                    "maxAttempts": 3,
                    "error": "pull failed",
                },
                "polling": polling,
            },
        ),
        (200, {"data": {"id": "j1", "status": "completed", "attempts": 2, "maxAttempts": 3}}),
    )
    seen = []
    await wait(lambda job: seen.append((job.status, job.attempts, job.max_attempts, job.error)))
    assert seen == [
        ("pending", 0, None, None),
        ("pending", 1, 3, "pull failed"),
        ("completed", 2, 3, None),
    ]


# What passes


PASSING = [
    WARMING,
    {
        "success": False,
        "error": "x",
        "details": {"retryable": True, "retryAfterSeconds": 1},
        "code": "service_unavailable",
    },
    {"error": {"message": "x", "type": "service_unavailable", "code": "auth_cache_warming"}},
    {"error": {"message": "x", "type": "service_unavailable"}},
    {"success": False, "error": "x", "code": "billing_cache_warming"},
    {"success": False, "error": "Agent authorization cache is warming. Retry shortly."},
]
LASTING = [
    {"success": False, "error": "x"},
    {"success": False, "error": "x", "code": "service_unavailable"},
    {"success": False, "error": "x", "retryable": False, "code": "auth_cache_warming"},
    {"success": False, "error": "x", "details": {"retryable": False}},
]


@pytest.mark.parametrize("body", PASSING)
async def test_a_503_that_passes_is_repeated_twice_shortly(client, cloud, waits, body):
    user = (200, {"data": {"id": "u"}})
    cloud.on("GET", USER, (503, body), (503, body), user)
    assert (await client.get_user()).id == "u"
    assert waits == [1.0, 2.0]
    waits.clear()
    cloud.on("GET", USER, (503, body))
    with pytest.raises(CloudServerError) as caught:
        await client.get_user()
    assert caught.value.retryable
    assert (cloud.count("GET", USER), waits) == (6, [1.0, 2.0])


@pytest.mark.parametrize("body", LASTING)
async def test_a_503_that_does_not_say_so_is_the_callers_to_repeat(client, cloud, waits, body):
    cloud.on("GET", USER, (503, body))
    with pytest.raises(CloudServerError):
        await client.get_user()
    assert (cloud.count("GET", USER), waits) == (1, [])


@pytest.mark.parametrize("status", [500, 502, 504, 429, 409])
async def test_other_statuses_are_never_repeated(client, cloud, waits, status):
    cloud.on("GET", USER, (status, WARMING))
    with pytest.raises((CloudServerError, RateLimited, Conflict)):
        await client.get_user()
    assert (cloud.count("GET", USER), waits) == (1, [])


@pytest.mark.parametrize(
    ("seconds", "expected"), [("0", [1.0, 2.0]), ("2", [2.0, 2.0]), ("3", [3.0, 3.0]), ("4", []), ("30", [])]
)
async def test_retry_after_lengthens_the_pause_and_a_long_one_is_left_to_the_caller(
    client, cloud, waits, seconds, expected
):
    cloud.on("GET", USER, (503, WARMING, {"Retry-After": seconds}))
    with pytest.raises(CloudServerError) as caught:
        await client.get_user()
    assert caught.value.retry_after == float(seconds)
    assert waits == expected


async def test_no_repetition_outlasts_the_time_of_the_call(cloud, make_client, waits):
    cloud.on("GET", USER, (503, WARMING))
    with pytest.raises(CloudServerError):
        await make_client(rest=0.5).get_user()
    assert (cloud.count("GET", USER), waits) == (1, [])


async def test_a_create_is_never_repeated(client, cloud, waits):
    """It may have made the agent all the same (cloud-api-latest L4: warm-pool recovery)."""
    cloud.on("POST", "/api/v1/eliza/agents", (503, WARMING))
    with pytest.raises(CloudServerError):
        await client.create_agent("a", force=True, dedicated=True)
    assert (cloud.count("POST", "/api/v1/eliza/agents"), waits) == (1, [])


async def test_messages_streams_and_inference_are_repeated_too(client, cloud, agent, bridge, waits):
    cloud.on("POST", bridge, (503, WARMING), result(text="hello"))
    cloud.on("POST", f"{agent}/stream", (503, WARMING), (200, b'data: {"type":"done","fullText":"all"}\n\n'))
    cloud.on("POST", "/api/v1/embeddings", (503, PASSING[2]), (200, {"data": []}))
    assert await client.send_message(AGENT, "hi") == "hello"
    assert [piece async for piece in client.stream_message(AGENT, "hi")] == ["all"]
    async with client.open("embeddings", {"model": "m", "input": "x"}, headers={}, timeout=None) as response:
        assert response.status == 200
    assert waits == [1.0, 1.0, 1.0]


async def test_cancelling_ends_the_pause(cloud):
    begun = asyncio.Event()

    async def sleep(_):
        begun.set()
        await asyncio.Event().wait()

    cloud.on("GET", USER, (503, WARMING))
    async with open_session(cloud.base_url) as session:
        client = ElizaCloudClient(
            CloudConfig(Secret(KEY)), session=session, address=CloudAddress(cloud.base_url), sleep=sleep
        )
        task = asyncio.create_task(client.get_user())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


# What is no matter of pace


@pytest.mark.parametrize(
    ("body", "error", "code"),
    [
        (
            {"error": "Daily quota", "code": "quota_exhausted", "scope": "daily"},
            QuotaExceeded,
            "quota_exhausted",
        ),
        ({"error": "x", "code": "agent_quota_exceeded"}, QuotaExceeded, "agent_quota_exceeded"),
        (
            {
                "type": "error",
                "error": {"type": "rate_limit_error", "message": "Insufficient credits. Required: $1"},
            },
            InsufficientCredits,
            "credits_exhausted",
        ),
    ],
)
async def test_a_quota_is_no_matter_of_pace(client, cloud, body, error, code):
    cloud.on("GET", USER, (429, body, {"Retry-After": "60"}))
    with pytest.raises(error) as caught:
        await client.get_user()
    assert (caught.value.code, caught.value.retryable, caught.value.retry_after) == (code, False, None)
    assert not isinstance(caught.value, RateLimited)


@pytest.mark.parametrize(
    ("status", "body", "error", "code", "ours", "repeats"),
    [
        (
            500,
            {"error": "x", "code": "provision_enqueue_failed", "retryable": True, "failureId": "f"},
            StartNotScheduled,
            "provision_enqueue_failed",
            502,
            0,
        ),
        (
            503,
            {"error": "x", "code": "PROVISIONING_ENQUEUE_FAILED"},
            StartNotScheduled,
            "provision_enqueue_failed",
            502,
            0,
        ),
        (
            503,
            {"error": "x", "code": "PROVISIONING_ENQUEUE_FAILED", "retryable": True},
            StartNotScheduled,
            "provision_enqueue_failed",
            502,
            2,
        ),
        (
            503,
            {"error": "x", "code": "PROVISIONING_WORKER_UNHEALTHY", "retryable": True},
            WorkerDown,
            "provisioning_worker_down",
            503,
            2,
        ),
        (
            502,
            {"error": "x", "code": "PROVISIONING_WORKER_UNREACHABLE", "retryable": True},
            WorkerDown,
            "provisioning_worker_down",
            503,
            0,
        ),
    ],
)
async def test_a_start_that_was_not_scheduled_says_so_and_may_be_tried_again(
    client, cloud, agent, waits, status, body, error, code, ours, repeats
):
    cloud.on("POST", f"{agent}/provision", (status, {"success": False, **body}))
    with pytest.raises(error) as caught:
        await client.provision(AGENT)
    assert (caught.value.code, caught.value.status, caught.value.retryable) == (code, ours, True)
    assert len(waits) == repeats


@pytest.mark.parametrize("code", [None, "access_denied"])
async def test_an_inactive_organization_is_not_a_bad_key(client, cloud, code):
    body = {"success": False, "error": "Organization is inactive"} | ({} if code is None else {"code": code})
    cloud.on("GET", USER, (403, body))
    with pytest.raises(OrganizationInactive) as caught:
        await client.get_user()
    assert (caught.value.code, caught.value.status) == ("organization_inactive", 403)
    assert "login" not in str(caught.value)


async def test_the_user_of_the_newest_generation_is_read(client, cloud):
    flat = {"id": "u1", "name": "Ada", "email": "a@b.c", "organization": None, "organization_id": "o1"}
    cloud.on("GET", USER, (200, {"success": True, **flat, "data": flat}), (200, {"success": True, **flat}))
    for _ in range(2):
        assert await client.get_user() == User("u1", "o1", "Ada", "a@b.c")


async def test_a_time_that_is_up_in_the_middle_of_a_repetition_is_a_timeout(cloud, make_client, waits):
    cloud.on("GET", USER, (503, WARMING), cloud.hang)
    with pytest.raises(TimedOut):
        await make_client(rest=1.2).get_user()
    assert waits == [1.0]
