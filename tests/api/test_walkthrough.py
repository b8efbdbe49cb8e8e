"""The walk from sign-in to sign-out, each answer whole."""

import json

import pytest

from tests.harness.service import TOKEN
from tests.harness.waiting import until

TOP_UP = "https://elizacloud.ai/dashboard/settings?tab=billing"


async def sign_in(service, cloud):
    _, started = await service.post("/api/cloud/login")
    await cloud.control("approve", sessionId=started["sessionId"])
    path = f"/api/cloud/login/status?sessionId={started['sessionId']}"
    await until(lambda: service.manager.login_status(started["sessionId"]).status != "pending")
    return started, await service.get(path)


async def test_login_gives_session_and_browser_url(service, cloud):
    status, body = await service.post("/api/cloud/login")
    session_id = body["sessionId"]
    assert (status, body) == (
        200,
        {
            "ok": True,
            "sessionId": session_id,
            "browserUrl": f"{cloud.url}/auth/cli-login?session={session_id}",
        },
    )


async def test_login_ignores_whatever_body_comes_with_it(service):
    for headers, data in (
        ({"Content-Type": "application/json"}, b""),
        ({"Content-Type": "text/plain"}, b""),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"{broken"),
        ({"Content-Type": "multipart/form-data; boundary=x"}, b""),
        ({"Content-Type": "image/png"}, b"\x89PNG"),
    ):
        answer = await service.call("POST", "/api/cloud/login", headers=headers, data=data)
        assert answer.status == 200, (headers, await answer.text())


async def test_a_second_login_returns_the_pending_session(service):
    first = await service.post("/api/cloud/login")
    assert await service.post("/api/cloud/login") == first


async def test_login_status_is_pending_then_authenticated_with_the_prefix_and_nothing_else(service, cloud):
    _, started = await service.post("/api/cloud/login")
    path = f"/api/cloud/login/status?sessionId={started['sessionId']}"
    assert await service.get(path) == {"status": "pending"}
    approved = await cloud.control("approve", sessionId=started["sessionId"])
    await until(lambda: service.manager.login_status(started["sessionId"]).status != "pending")
    assert await service.get(path) == {"status": "authenticated", "keyPrefix": approved["keyPrefix"]}
    document = json.loads((service.directory / "eliza.json").read_text())
    assert document["cloud"]["enabled"] is True
    assert document["cloud"]["apiKey"].startswith(approved["keyPrefix"])
    assert service.environ["ELIZAOS_CLOUD_API_KEY"] == document["cloud"]["apiKey"]


async def test_an_unknown_session_is_expired_and_the_cloud_is_not_asked(service, cloud):
    await cloud.fault("/api/auth/*", "status", status=500)
    assert await service.get("/api/cloud/login/status?sessionId=11111111-2222-4333-8444-555555555555") == {
        "status": "expired",
        "error": "Session not found or expired",
    }
    assert await cloud.faults_met() == 0


async def test_login_status_without_a_session_id_is_400(service):
    for query in ("", "?sessionId=", "?sessionId=%20", "?sessionid=x"):
        answer = await service.call("GET", f"/api/cloud/login/status{query}")
        assert (answer.status, await answer.json()) == (
            400,
            {"ok": False, "error": "sessionId query parameter is required", "code": "invalid_request"},
        )


async def test_a_login_can_be_cancelled(service):
    _, started = await service.post("/api/cloud/login")
    session_id = started["sessionId"]
    expected = {"status": "expired", "error": "The login was cancelled."}
    assert await service.post("/api/cloud/login/cancel", {"sessionId": session_id}) == (200, expected)
    assert await service.get(f"/api/cloud/login/status?sessionId={session_id}") == expected
    assert await service.post("/api/cloud/login/cancel", {}) == (
        400,
        {"ok": False, "error": "sessionId is required", "code": "invalid_request"},
    )


async def test_status_without_a_key(service):
    body = await service.get("/api/cloud/status")
    since = body["connection"]["since"]
    assert body == {
        "connected": False,
        "enabled": False,
        "hasApiKey": False,
        "userId": None,
        "organizationId": None,
        "topUpUrl": TOP_UP,
        "connection": {
            "state": "disconnected",
            "agentId": None,
            "agentName": None,
            "since": since,
            "reason": None,
            "attempt": 0,
            "nextAttemptAt": None,
            "lastHeartbeatAt": None,
            "lastBackupAt": None,
        },
        "reason": "not_authenticated",
    }


async def test_status_of_an_accepted_key_names_its_owner_and_has_no_reason(service, cloud):
    await sign_in(service, cloud)
    await service.until_connected()
    (user,) = (await cloud.state())["users"]
    body = await service.get("/api/cloud/status")
    connection = body.pop("connection")
    assert body == {
        "connected": True,
        "enabled": True,
        "hasApiKey": True,
        "userId": user["id"],
        "organizationId": user["organization_id"],
        "topUpUrl": TOP_UP,
    }
    assert connection["state"] == "disconnected"


async def test_status_of_a_key_that_is_not_verified_yet(cloud, serve):
    await cloud.fault("/api/v1/user", "hang")
    service = await serve(cloud.url, key=await cloud.mint())
    body = await service.get("/api/cloud/status")
    assert (body["connected"], body["hasApiKey"], body["reason"]) == (
        False,
        True,
        "api_key_present_not_authenticated",
    )
    await cloud.heal()


async def test_status_tells_that_the_runtime_does_not_run(signed_in):
    await signed_in.manager.stop()
    body = await signed_in.get("/api/cloud/status")
    assert (body["connected"], body["reason"]) == (False, "api_key_present_runtime_not_started")


async def test_an_agent_is_created_listed_connected_and_shut_down(signed_in):
    status, created = await signed_in.post(
        "/api/cloud/agents",
        {"agentName": "my-cloud-agent", "agentConfig": {}, "environmentVars": {}},
    )
    agent_id = created["agent"]["id"]
    assert (status, set(created), created["ok"]) == (201, {"ok", "agent"}, True)
    assert created["agent"]["agentName"] == "my-cloud-agent"

    listed = await signed_in.get("/api/cloud/agents")
    assert (listed["ok"], set(listed)) == (True, {"ok", "agents"})
    assert [agent["id"] for agent in listed["agents"]] == [agent_id]
    assert "databaseStatus" in listed["agents"][0]  # the cloud's own object, untouched

    connected = {"ok": True, "agentId": agent_id, "agentName": "my-cloud-agent", "status": "connected"}
    assert await signed_in.post(f"/api/cloud/agents/{agent_id}/connect") == (200, connected)
    assert await signed_in.post(f"/api/cloud/agents/{agent_id.upper()}/provision") == (200, connected)
    connection = (await signed_in.get("/api/cloud/status"))["connection"]
    assert (connection["state"], connection["agentId"], connection["agentName"]) == (
        "connected",
        agent_id,
        "my-cloud-agent",
    )

    stopped = {"ok": True, "agentId": agent_id, "status": "stopped"}
    assert await signed_in.post(f"/api/cloud/agents/{agent_id}/shutdown") == (200, stopped)
    assert (await signed_in.get("/api/cloud/agents"))["agents"] == []
    assert (await signed_in.get("/api/cloud/status"))["connected"] is True


@pytest.mark.parametrize("name", ["x", "x" * 100, "  spaced  ", "名前", "🦊"])
async def test_names_within_the_rules_are_accepted_as_they_are(signed_in, name):
    status, body = await signed_in.post("/api/cloud/agents", {"agentName": name, "agentConfig": None})
    assert (status, body["agent"]["agentName"]) == (201, name)


async def test_an_agent_is_suspended_and_resumed(signed_in):
    agent_id = await signed_in.linked_agent()
    answer = await signed_in.post(f"/api/cloud/agents/{agent_id}/suspend")
    assert answer == (200, {"ok": True, "agentId": agent_id, "status": "suspended"})
    answer = await signed_in.post(f"/api/cloud/agents/{agent_id}/resume")
    assert answer == (200, {"ok": True, "agentId": agent_id, "status": "running"})


async def test_backups_are_taken_listed_and_restored(signed_in):
    agent_id = await signed_in.linked_agent()
    path = f"/api/cloud/agents/{agent_id}"
    status, taken = await signed_in.post(f"{path}/backups")
    backup = taken["backup"]
    assert (status, taken) == (
        200,
        {
            "ok": True,
            "agentId": agent_id,
            "backup": {
                "backupId": backup["backupId"],
                "sizeBytes": backup["sizeBytes"],
                "createdAt": backup["createdAt"],
            },
        },
    )
    assert backup["sizeBytes"] > 0
    listed = await signed_in.get(f"{path}/backups")
    assert (listed["ok"], listed["agentId"], listed["backups"][0]["id"]) == (
        True,
        agent_id,
        backup["backupId"],
    )
    assert listed["backups"][0]["snapshotType"] == "manual"
    restored = {
        "ok": True,
        "agentId": agent_id,
        "restoredFromBackupId": backup["backupId"],
        "createdAt": backup["createdAt"],
    }
    assert await signed_in.post(f"{path}/restore", {"backupId": backup["backupId"]}) == (200, restored)
    assert (await signed_in.post(f"{path}/restore"))[0] == 200


async def test_disconnect_signs_out(service, cloud):
    await sign_in(service, cloud)
    await service.until_connected()
    key = service.environ["ELIZAOS_CLOUD_API_KEY"]
    await service.linked_agent()
    status, body = await service.post("/api/cloud/disconnect")
    assert (status, body.pop("keyNote")[:27]) == (200, "The API key stays valid: th")
    assert body == {"ok": True, "status": "disconnected", "keyRevoked": False}
    body = await service.get("/api/cloud/status")
    assert (body["hasApiKey"], body["enabled"], body["reason"]) == (False, False, "not_authenticated")
    assert service.environ == {}
    for file in service.directory.iterdir():
        assert key.encode() not in file.read_bytes(), file
    again = {"ok": True, "status": "disconnected", "keyRevoked": False}
    assert await service.post("/api/cloud/disconnect") == (200, again)


async def test_no_answer_holds_the_key_or_the_token(service, cloud):
    started, state = await sign_in(service, cloud)
    key = service.environ["ELIZAOS_CLOUD_API_KEY"]
    await until(lambda: service.manager.status().connected)
    agent_id = await service.linked_agent()
    texts = [json.dumps([started, state])]
    for method, path in (
        ("GET", "/api/cloud/status"),
        ("GET", f"/api/cloud/login/status?sessionId={started['sessionId']}"),
        ("GET", "/api/cloud/agents"),
        ("GET", "/api/cloud/credits"),
        ("GET", f"/api/cloud/agents/{agent_id}/backups"),
        ("POST", f"/api/cloud/agents/{agent_id}/backups"),
        ("GET", "/api/nowhere"),
    ):
        answer = await service.call(method, path)
        texts += [await answer.text(), str(answer.headers)]
    assert [text for text in texts if key in text or TOKEN in text] == []
