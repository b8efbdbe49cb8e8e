"""One link through the newest cloud: a host that redirects, prices, refusals, from sign-in to end."""

import json

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from eliza_cloud.emulator import create_legacy_host
from tests.harness.waiting import until

PROMPT = {
    "heartbeat_interval": 0.05,
    "reconnect_interval": 0.02,
    "max_reconnect_delay": 0.05,
    "max_reconnect_attempts": 8,
}
NEW = {"agentName": "ada", "dedicated": True}
AT_FIRST = "dedicated-compute-v1:USD:0.010000:0.020000"
RAISED = "dedicated-compute-v1:USD:0.500000:1.000000"


@pytest.fixture
async def former(latest):
    """The host the cloud has left; `asked` lists what it was asked."""
    app, asked = create_legacy_host(latest.url), []

    @web.middleware
    async def note(request, handler):
        asked.append(f"{request.method} {request.path}")
        return await handler(request)

    app.middlewares.append(note)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/"), asked


async def link(service):
    """How the link stands: state and reason."""
    found = (await service.get("/api/cloud/status"))["connection"]
    return found["state"], found.get("reason")


async def until_link(service, *wanted):
    async def stands():
        return await link(service) == wanted

    await until(stands, lambda: service.manager.status().connection)


async def asks(service, path, body=None):
    """Status and code of an answer, with the whole of it."""
    status, said = await service.post(path, body)
    return status, said.get("code"), said


def key_of(service):
    return json.loads((service.directory / "eliza.json").read_text())["cloud"]["apiKey"]


async def jobs(cloud, kind):
    return [job["status"] for job in (await cloud.state())["jobs"] if job["type"] == kind]


async def test_a_link_is_walked_from_a_former_host_through_prices_and_refusals_to_its_end(
    latest, serve, former
):
    old, asked_there = former
    service = await serve(old, settings=PROMPT)

    # Signed in at the old host, whose place the present one takes
    _, login = await service.post("/api/cloud/login")
    assert login["browserUrl"].startswith(f"{latest.url}/auth/cli-login?session=")
    await latest.control("approve", sessionId=login["sessionId"])
    await service.until_connected()
    origins = service.manager.origins
    assert (str(origins.api), str(origins.pages)) == (latest.url, latest.url)

    # Refused: the price, the balance, a hold, a quota
    status, code, said = await asks(service, "/api/cloud/agents", NEW)
    assert (status, code) == (428, "price_confirmation_required")
    assert said["pricing"]["acceptanceValue"] == AT_FIRST
    accepted = {**NEW, "acceptPrice": AT_FIRST, "autoProvision": False}
    await latest.control("organization", balance=0.05)
    status, code, said = await asks(service, "/api/cloud/agents", {**NEW, "acceptPrice": AT_FIRST})
    assert (status, code) == (402, "credits_exhausted")
    assert (said["requiredBalance"], said["currentBalance"]) == (0.1, 0.05)
    await latest.control("organization", balance=10, hold=3.5)
    status, code, said = await asks(service, "/api/cloud/agents", {**NEW, "acceptPrice": AT_FIRST})
    assert (status, code, said["outstandingUsd"]) == (402, "billing_hold_active", "3.500000")
    await latest.control("organization", hold=0, maxAgents=0)
    status, code, _ = await asks(service, "/api/cloud/agents", accepted)
    assert (status, code) == (429, "agent_quota_exceeded")
    assert (await latest.state())["agents"] == []

    # Connected at the price that was shown
    await latest.control("organization", maxAgents=5)
    status, _, made = await asks(service, "/api/cloud/agents", accepted)
    assert status == 201, made
    agent = made["agent"]["id"]
    here = f"/api/cloud/agents/{agent}"
    status, code, _ = await asks(service, f"{here}/connect")
    assert (status, code) == (428, "price_confirmation_required")
    status, _, said = await asks(service, f"{here}/connect", {"acceptPrice": AT_FIRST})
    assert (status, await link(service)) == (200, ("connected", None)), said
    status, said = await service.post("/api/chat", {"text": "Hello"})
    assert (status, said["agentName"]) == (200, "ada")
    assert said["text"]

    # Refused while a job of its owner is under way, which then puts the agent to sleep: that is respected
    await latest.control("worker", state="stalled")
    headers = {"X-API-Key": key_of(service)}
    sleep = f"{latest.url}/api/v1/eliza/agents/{agent}/sleep"
    async with latest.session.post(sleep, headers=headers) as answer:
        assert answer.status == 202
    status, code, _ = await asks(service, f"{here}/suspend")
    assert (status, code) == (409, "session_not_ready")
    await until_link(service, "connected", None)
    await latest.control("worker", state="up")
    await until_link(service, "disconnected", "agent_suspended")
    status, code, _ = await asks(service, f"{here}/resume")
    assert (status, code) == (428, "price_confirmation_required")
    status, _, said = await asks(service, f"{here}/connect", {"acceptPrice": AT_FIRST})
    assert (status, await link(service)) == (200, ("connected", None)), said

    # Repaired without anybody, within the consent
    await latest.control(f"agents/{agent}/sandbox", state="dead")

    async def is_restarted():
        return await jobs(latest, "agent_suspend") == ["completed"]

    await until(is_restarted)
    await until_link(service, "connected", None)
    status, said = await service.post("/api/chat", {"text": "Hello again"})
    assert (status, said["agentName"]) == (200, "ada")

    # Beyond the consent it waits for its user, who accepts
    await latest.control("price", hourlyUsd=0.5)
    await latest.control(f"agents/{agent}/sandbox", state="dead")
    await until_link(service, "error", "price_confirmation_required")
    status, code, said = await asks(service, f"{here}/connect")
    assert (status, code, said["pricing"]["acceptanceValue"]) == (428, "price_confirmation_required", RAISED)
    status, _, said = await asks(service, f"{here}/connect", {"acceptPrice": RAISED})
    assert (status, await link(service)) == (200, ("connected", None)), said

    # The end
    assert (await service.post("/api/cloud/disconnect"))[0] == 200
    status = await service.get("/api/cloud/status")
    assert (status["connected"], status["hasApiKey"]) == (False, False)
    assert asked_there == ["POST /api/auth/cli-session"]
