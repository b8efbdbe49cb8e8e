"""What the cloud refuses or breaks reaches the caller with its status, its words and its details."""

import asyncio

import pytest
from aiohttp import web

from eliza_cloud.core.problems import INTERNAL_ERROR
from tests.harness.waiting import until

KEY = "eliza_" + "ab" * 32
AGENT = "0b5f0f7e-1111-4222-8333-444455556666"
AGENTS = "/api/v1/eliza/agents"


async def user(_):
    return web.json_response({"success": True, "data": {"id": "u", "organization_id": "o"}})


def answering(body, status=200, headers=None):
    async def handler(_):
        return web.json_response(body, status=status, headers=headers)

    return handler


@pytest.fixture
def listing(scripted, serve):
    """Give a function that lists agents at a cloud with one handler."""

    async def call(handler, **service):
        url = await scripted({"GET /api/v1/user": user, f"GET {AGENTS}": handler})
        answer = await (await serve(url, key=KEY, **service)).call("GET", "/api/cloud/agents")
        return answer, await answer.json()

    return call


@pytest.mark.parametrize("status", [400, 403, 404, 409])
async def test_the_clouds_refusals_keep_their_status(listing, status):
    answer, body = await listing(answering({"success": False, "error": "No way"}, status))
    assert (answer.status, body["ok"]) == (status, False)
    assert "No way" in body["error"]
    assert body["code"]


async def test_a_402_carries_the_clouds_numbers(listing):
    refused = {"success": False, "error": "Insufficient", "requiredBalance": 5, "currentBalance": 1.25}
    answer, body = await listing(answering(refused, 402))
    assert (answer.status, body["requiredBalance"], body["currentBalance"]) == (402, 5, 1.25)
    assert body["code"] == "credits_exhausted"


async def test_a_429_keeps_retry_after(listing):
    answer, body = await listing(answering({"error": "Too many requests"}, 429, {"Retry-After": "17"}))
    assert (answer.status, answer.headers["Retry-After"], body["code"]) == (429, "17", "rate_limited")


async def test_a_quota_429_carries_its_numbers(listing):
    refused = {"error": "Quota", "code": "agent_quota_exceeded", "currentAgents": 3, "maxAgents": 3}
    answer, body = await listing(answering(refused, 429))
    assert (answer.status, body["code"], body["currentAgents"], body["maxAgents"]) == (
        429,
        "agent_quota_exceeded",
        3,
        3,
    )


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_cloud_fault_is_502(listing, status):
    answer, body = await listing(answering({"error": "An unexpected error occurred"}, status))
    assert (answer.status, body["ok"]) == (502, False)


@pytest.mark.parametrize("body", [[], {"success": True}, {"success": True, "data": {}}, "x"])
async def test_an_answer_against_the_contract_is_502(listing, body):
    answer, error = await listing(answering(body))
    assert (answer.status, error["code"]) == (502, "invalid_response")


async def test_details_of_the_cloud_never_override_ours(listing):
    refused = {"success": False, "ok": True, "error": "Mine", "code": "theirs", "details": {"ok": True}}
    _, body = await listing(answering(refused, 409))
    assert body["ok"] is False
    assert body["code"] != "theirs"


async def test_a_redirect_is_502_and_is_not_followed(listing):
    async def away(_):
        raise web.HTTPTemporaryRedirect("https://attacker.example/")

    answer, body = await listing(away)
    assert (answer.status, body["code"]) == (502, "redirected")


async def test_a_cloud_that_cannot_be_reached_is_502(serve):
    service = await serve("http://127.0.0.1:9", key=KEY)
    answer = await service.call("GET", "/api/cloud/agents")
    assert (answer.status, (await answer.json())["code"]) == (502, "cloud_unreachable")


async def test_without_a_key_everything_that_needs_one_is_401(service):
    expected = {
        "ok": False,
        "error": "Not connected to Eliza Cloud",
        "code": "not_authenticated",
        "action": "sign_in",
    }
    assert await service.get("/api/cloud/agents") == expected
    assert await service.post("/api/cloud/agents", {"agentName": "x"}) == (401, expected)
    assert await service.get(f"/api/cloud/agents/{AGENT}/backups") == expected
    for action in ("connect", "provision", "shutdown", "suspend", "resume", "backups", "restore"):
        assert await service.post(f"/api/cloud/agents/{AGENT}/{action}") == (401, expected), action


async def test_a_refused_base_url_is_400_and_status_still_answers(serve):
    service = await serve("http://10.0.0.1", key=KEY)
    for method, path in (
        ("POST", "/api/cloud/login"),
        ("GET", "/api/cloud/agents"),
        ("POST", f"/api/cloud/agents/{AGENT}/connect"),
        ("POST", f"/api/cloud/agents/{AGENT}/shutdown"),
    ):
        answer = await service.call(method, path)
        body = await answer.json()
        assert (answer.status, body["ok"], body["code"]) == (400, False, "base_url_refused"), path
    status = await service.get("/api/cloud/status")
    assert (status["connected"], status["hasApiKey"]) == (False, True)


async def begun(scripted, serve, handler):
    url = await scripted({"POST /api/auth/cli-session": handler})
    service = await serve(url, settings={"login_request_timeout": 0.05})
    answer = await service.call("POST", "/api/cloud/login")
    body = await answer.json()
    assert body.pop("ok") is False
    body.pop("cause", None)
    return answer.status, body


@pytest.mark.parametrize("body", [{"error": "Failed"}, ["nothing"]])
@pytest.mark.parametrize("status", [400, 404, 418, 500, 503])
async def test_a_login_the_cloud_does_not_begin_is_502(scripted, serve, status, body):
    assert await begun(scripted, serve, answering(body, status)) == (
        502,
        {"error": "Failed to create auth session with Eliza Cloud", "code": "login_not_begun"},
    )


async def test_a_login_the_cloud_is_slow_to_begin_is_504(scripted, serve):
    hold = asyncio.Event()

    async def slow(_):
        await hold.wait()
        return web.Response()

    assert await begun(scripted, serve, slow) == (
        504,
        {"error": "Eliza Cloud login request timed out", "code": "cloud_timeout"},
    )
    hold.set()


async def test_a_redirected_login_is_502(scripted, serve):
    async def away(_):
        raise web.HTTPFound("https://attacker.example/")

    assert await begun(scripted, serve, away) == (
        502,
        {
            "error": "Eliza Cloud login request was redirected; redirects are not allowed",
            "code": "redirected",
        },
    )


async def test_a_login_at_a_cloud_that_cannot_be_reached_is_502(serve):
    service = await serve("http://127.0.0.1:9")
    status, body = await service.post("/api/cloud/login")
    assert (status, body["error"], body["code"]) == (502, "Failed to reach Eliza Cloud", "cloud_unreachable")


async def test_too_many_logins_are_429_with_retry_after(scripted, serve):
    busy = answering({"error": "Too many requests"}, 429, {"Retry-After": "60"})
    service = await serve(await scripted({"POST /api/auth/cli-session": busy}))
    answer = await service.call("POST", "/api/cloud/login")
    assert (answer.status, answer.headers["Retry-After"]) == (429, "60")


async def test_a_key_that_cannot_be_removed_is_a_500_and_the_next_disconnect_tries_again(signed_in):
    config = signed_in.directory / "eliza.json"
    config.mkdir()
    status, body = await signed_in.post("/api/cloud/disconnect")
    assert (status, body["ok"], body["code"]) == (500, False, "store_failed")
    assert str(config) in body["error"]
    config.rmdir()
    status, body = await signed_in.post("/api/cloud/disconnect")
    assert (status, body["status"]) == (200, "disconnected")


async def test_a_fault_of_ours_is_a_500_that_shows_nothing(signed_in):
    def broken():
        raise RuntimeError("canary detail")

    signed_in.manager.status = broken
    answer = await signed_in.call("GET", "/api/cloud/status")
    assert (answer.status, await answer.json()) == (
        500,
        {
            "ok": False,
            "error": INTERNAL_ERROR.occurred().message,
            "code": "internal_error",
        },
    )


async def test_an_agent_that_exists_already_is_200_and_not_created(scripted, serve):
    agent = {"id": AGENT, "agentName": "older", "status": "running"}
    reuse = answering({"success": True, "created": False, "data": agent})
    listed = answering({"success": True, "data": []})
    url = await scripted({"GET /api/v1/user": user, f"GET {AGENTS}": listed, f"POST {AGENTS}": reuse})
    service = await serve(url, key=KEY)
    status, body = await service.post("/api/cloud/agents", {"agentName": "newer"})
    assert (status, body["ok"], body["created"], body["agent"]["agentName"]) == (200, True, False, "older")


async def test_a_restore_that_was_only_accepted_is_202(scripted, serve):
    accepted = answering(
        {"success": True, "data": {"status": "accepted", "restoredFromBackupId": AGENT}}, 202
    )
    listed = answering({"success": True, "data": []})
    url = await scripted(
        {
            "GET /api/v1/user": user,
            f"GET {AGENTS}": listed,
            f"GET {AGENTS}/{AGENT}/backups": listed,
            f"POST {AGENTS}/{AGENT}/restore": accepted,
        }
    )
    service = await serve(url, key=KEY)
    status, body = await service.post(f"/api/cloud/agents/{AGENT}/restore", {"backupId": AGENT})
    assert (status, body["status"], body["restoredFromBackupId"]) == (202, "accepted", AGENT)


async def test_a_restore_that_ends_the_agent_is_409_until_that_is_accepted(scripted, serve):
    backups = answering({"success": True, "data": [{"id": AGENT, "sizeBytes": 1_048_577}]})
    restored = answering({"success": True, "data": {"restoredFromBackupId": AGENT}})
    one = f"{AGENTS}/{AGENT}"
    listed = answering({"success": True, "data": []})
    url = await scripted(
        {
            "GET /api/v1/user": user,
            f"GET {AGENTS}": listed,
            f"GET {one}/backups": backups,
            f"POST {one}/restore": restored,
        }
    )
    service = await serve(url, key=KEY)
    path = f"/api/cloud/agents/{AGENT}/restore"
    status, body = await service.post(path)
    assert (status, body["code"], body["sizeBytes"]) == (409, "restore_ends_agent", 1_048_577)
    assert (await service.post(path, {"acceptAgentLoss": True}))[0] == 200


async def test_connect_to_an_agent_that_does_not_exist_is_404(signed_in):
    status, body = await signed_in.post(f"/api/cloud/agents/{AGENT}/connect")
    assert (status, body["ok"]) == (404, False)


async def test_connect_without_credits_is_402_with_the_numbers(signed_in, cloud):
    agent_id = await signed_in.agent()
    await cloud.control("organization", balance=1.5)
    status, body = await signed_in.post(f"/api/cloud/agents/{agent_id}/connect")
    assert (status, body["code"], body["requiredBalance"], body["currentBalance"]) == (
        402,
        "credits_exhausted",
        5,
        1.5,
    )


async def test_connect_with_prefer_respond_async_answers_at_once(signed_in):
    agent_id = await signed_in.agent()
    for prefer in ("respond-async", "wait=10, Respond-Async; x=1"):
        answer = await signed_in.call(
            "POST", f"/api/cloud/agents/{agent_id}/connect", headers={"Prefer": prefer}
        )
        assert (answer.status, await answer.json()) == (
            202,
            {"ok": True, "agentId": agent_id, "status": "connecting"},
        )
        assert answer.headers["Preference-Applied"] == "respond-async"
        assert answer.headers["Location"] == "/api/cloud/status"
    await until(lambda: signed_in.manager.status().connection.state == "connected")


async def test_eight_simultaneous_connects_are_one_connect(signed_in, cloud):
    agent_id = await signed_in.agent()
    await cloud.fault(f"*/{agent_id}/provision", "delay", seconds=0.05)
    path = f"/api/cloud/agents/{agent_id}/connect"
    answers = await asyncio.gather(*(signed_in.post(path) for _ in range(8)))
    expected = {"ok": True, "agentId": agent_id, "agentName": "my-cloud-agent", "status": "connected"}
    assert answers == [(200, expected)] * 8
    assert await cloud.faults_met() == 1


async def test_a_connect_that_a_disconnect_overtakes_is_409(signed_in, cloud):
    agent_id = await signed_in.agent()
    await cloud.fault(f"*/{agent_id}/provision", "hang")
    connecting = asyncio.create_task(signed_in.post(f"/api/cloud/agents/{agent_id}/connect"))
    await until(lambda: signed_in.manager.status().connection.state == "connecting")
    assert (await signed_in.post("/api/cloud/disconnect"))[0] == 200
    status, body = await connecting
    assert (status, body["code"]) == (409, "superseded")
    await cloud.heal()


async def test_a_stop_answers_who_waits_for_the_cloud(signed_in, cloud):
    await cloud.fault("*/agents", "hang", method="POST")
    creating = asyncio.create_task(signed_in.post("/api/cloud/agents", {"agentName": "x"}))
    await until(cloud.faults_met)
    await signed_in.manager.stop()
    status, body = await creating
    assert (status, body["code"]) == (503, "stopping")
    await cloud.heal()


async def test_a_caller_that_goes_away_cancels_no_connect(signed_in, cloud):
    agent_id = await signed_in.agent()
    await cloud.fault(f"*/{agent_id}/provision", "delay", seconds=0.05)
    connecting = asyncio.create_task(signed_in.post(f"/api/cloud/agents/{agent_id}/connect"))
    await until(lambda: signed_in.manager.status().connection.state == "connecting")
    connecting.cancel()
    await until(lambda: signed_in.manager.status().connection.state == "connected")
