"""Existing front ends: the status they ask for, and the compat surface."""

import asyncio
import io

import aiohttp
import pytest
from aiohttp import web

from eliza_cloud.api.http.inputs import MAX_BODY
from eliza_cloud.api.routes import ROUTES
from tests.api.conftest import raw, request
from tests.billing.conftest import KEY, says
from tests.harness.service import TOKEN

AGENT = "0b5f0f7e-1111-4222-8333-444455556666"


async def test_the_status_before_anything_is_linked(service):
    assert await service.get("/api/status") == {
        "state": "not_started",
        "agentName": "",
        "runMode": "local",
        "cloud": {"connectionStatus": "disconnected", "activeAgentId": None},
    }


async def test_a_linked_agent_is_what_runs(signed_in):
    agent_id = await signed_in.linked_agent()
    assert await signed_in.get("/api/status") == {
        "state": "running",
        "agentName": "my-cloud-agent",
        "runMode": "cloud",
        "cloud": {"connectionStatus": "connected", "activeAgentId": agent_id},
    }


async def test_a_connect_that_failed_is_an_error(signed_in):
    await signed_in.post(f"/api/cloud/agents/{AGENT}/connect")
    body = await signed_in.get("/api/status")
    assert (body["state"], body["cloud"]["connectionStatus"]) == ("error", "error")


async def test_the_status_needs_the_token(service):
    assert (await service.session.get(f"{service.url}/api/status")).status == 401


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_method_path_query_body_and_status_are_passed_through(against, heard, method):
    there = "/api/compat/agents/a%20b/restart"
    said = {"success": True, "data": {"agent_id": "1"}}
    handler = heard.and_says(said, 201, X_RateLimit_Limit="9", Set_Cookie="a=b", X_Powered_By="y")
    service = await against({f"{method} /api/compat/agents/{{agent}}/restart": handler})
    content = {} if method == "GET" else {"data": b'{"a": 1.50}'}
    answer = await service.call(method, "/api/cloud/compat/agents/a%20b/restart?x=1&x=a%26b", **content)
    assert (answer.status, await answer.json()) == (201, said)
    assert heard.requests[0].raw_path == f"{there}?x=1&x=a%26b"
    assert heard.bodies[0] == content.get("data", b"")
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.headers["X-RateLimit-Limit"] == "9"
    assert not {"Set-Cookie", "X-Powered-By"} & set(answer.headers)


async def test_the_callers_own_headers_stay_here(against, heard):
    service = await against({"POST /api/compat/agents": heard.and_says({"success": True})})
    headers = {"Cookie": "a=b", "X-Forwarded-For": "10.0.0.1", "X-Service-Key": "mine"}
    await service.call("POST", "/api/cloud/compat/agents", headers=headers)
    sent = heard.requests[0].headers
    assert sent["X-API-Key"] == KEY
    assert TOKEN not in str(sent)
    assert not set(headers) & set(sent)


@pytest.mark.parametrize(
    ("status", "said", "error"),
    [
        (404, {"success": False, "error": "Agent not found"}, "Agent not found"),
        (429, {"error": "Slow down", "retryAfter": 5}, "Slow down"),
        (500, "<html>broken</html>", "Eliza Cloud answered HTTP 500 without saying why."),
    ],
)
async def test_a_refusal_is_passed_through_with_a_string_for_an_error(against, status, said, error):
    service = await against({"GET /api/compat/agents": says(said, status)})
    answer = await service.call("GET", "/api/cloud/compat/agents")
    assert (answer.status, (await answer.json())["error"]) == (status, error)
    assert answer.headers.get("Retry-After") == ("5" if status == 429 else None)


async def test_a_redirect_is_not_followed(against, heard):
    async def away(_):
        raise web.HTTPTemporaryRedirect("/api/compat/elsewhere")

    service = await against(
        {"GET /api/compat/agents": away, "GET /api/compat/elsewhere": heard.and_says({"success": True})}
    )
    answer = await service.call("GET", "/api/cloud/compat/agents")
    assert (answer.status, (await answer.json())["code"]) == (502, "redirected")
    assert heard.requests == []


@pytest.mark.parametrize(
    "path",
    [
        "..%2f..%2fv1%2fuser",
        "%2e%2e/%2e%2e/v1/user",
        "agents//x",
        "agents/%2e%2E/x",
        "a%5cb",
        "agents/",
        "%2f",
    ],
)
async def test_no_path_leaves_the_compat_surface(against, heard, path):
    service = await against({"GET /{path:.*}": heard.and_says({"success": True})})
    asked = len(heard.requests)
    head = request(f"GET /api/cloud/compat/{path}", f"X-Api-Key: {TOKEN}")
    status, _, _ = await raw(service, head)
    assert status == 400
    assert len(heard.requests) == asked


async def test_a_long_answer_comes_down_as_it_comes(against):
    go_on = asyncio.Event()

    async def slowly(asked):
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(asked)
        await response.write(b'{"begun": true,')
        await go_on.wait()
        await response.write(b' "ended": true}')
        return response

    service = await against({"GET /api/compat/agents": slowly})
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with service.session.get(f"{service.url}/api/cloud/compat/agents", headers=headers) as answer:
        assert await answer.content.readany() == b'{"begun": true,'
        go_on.set()
        assert await answer.content.read() == b' "ended": true}'


async def test_a_slow_cloud_is_504(against, monkeypatch):
    monkeypatch.setattr("eliza_cloud.cloud.compat._TIMEOUT", aiohttp.ClientTimeout(sock_read=0.05))
    over = asyncio.Event()

    async def slow(_):
        await over.wait()

    service = await against({"GET /api/compat/agents": slow})
    answer = await service.call("GET", "/api/cloud/compat/agents")
    assert (answer.status, (await answer.json())["error"]) == (504, "Eliza Cloud compat request timed out")
    over.set()


async def test_an_answer_that_breaks_off_is_cut_here_too(against):
    async def broken(asked):
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(asked)
        await response.write(b'{"begun": true,')
        asked.transport.close()
        return response

    service = await against({"GET /api/compat/agents": broken})
    with pytest.raises(aiohttp.ClientPayloadError):
        await service.call("GET", "/api/cloud/compat/agents")


async def test_a_body_over_a_mebibyte_is_413(against):
    service = await against({"POST /api/compat/agents": says({"success": True})})
    answer = await service.call("POST", "/api/cloud/compat/agents", data=io.BytesIO(b" " * (MAX_BODY + 1)))
    assert answer.status == 413


async def test_the_clouds_compat_surface_is_passed_on(signed_in):
    agent_id = await signed_in.agent()
    answer = await signed_in.call("GET", "/api/cloud/compat/agents")
    assert (answer.status, [each["agent_id"] for each in (await answer.json())["data"]]) == (200, [agent_id])


async def test_a_compat_path_that_the_cloud_does_not_have_is_said_so(signed_in):
    answer = await signed_in.call("GET", "/api/cloud/compat/nothing")
    assert (answer.status, (await answer.json())["error"]) == (
        404,
        "Eliza Cloud answered HTTP 404 without saying why.",
    )


OPTIONAL = ("/connect", "/provision", "/suspend", "/resume", "/shutdown", "/backups", "/restore")


@pytest.mark.parametrize("data", [None, b""])
async def test_an_empty_body_under_a_json_content_type_is_no_body(signed_in, data):
    agent_id = await signed_in.agent()
    json_type = {"Content-Type": "application/json"}
    paths = [f"/api/cloud/agents/{agent_id}{verb}" for verb in OPTIONAL]
    paths = [path for path in paths if not path.endswith("/shutdown")]
    for path in [
        "/api/cloud/login",
        *paths,
        f"/api/cloud/agents/{agent_id}/shutdown",
        "/api/cloud/disconnect",
    ]:
        answer = await signed_in.call("POST", path, headers=json_type, data=data)
        body = await answer.json()
        assert answer.status in {200, 409}, (path, body)
        assert body.get("code") != "invalid_json", path


# Under /v1 and /rpc the clients read other envelopes.
OURS = [route for route in ROUTES if route.path.startswith("/api/")]


@pytest.mark.parametrize("route", OURS, ids=lambda route: f"{route.method} {route.path}")
async def test_every_refusal_under_api_has_a_string_for_an_error(service, route):
    path = route.path.replace("{agent_id}", AGENT).replace("{path:.+}", "agents")
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        answer = await service.session.request(route.method, f"{service.url}{path}", headers=headers)
        if answer.status >= 400:
            assert isinstance((await answer.json())["error"], str)
    if path == "/api/cloud/events":
        return  # let in, it has no end
    answer = await service.call(route.method, path)
    if answer.status >= 400:
        assert isinstance((await answer.json())["error"], str)
