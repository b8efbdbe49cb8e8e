"""Starts that cost: nothing is started without consent to the price, and with it exactly that."""

import pytest
from aiohttp import web

HEADER = "X-Eliza-Dedicated-Price"
NEW = {"agentName": "ada", "dedicated": True}


async def named_price(service, path, body=None):
    """The price that the cloud names for a start."""
    status, refused = await service.post(path, body)
    assert (status, refused["code"]) == (428, "price_confirmation_required"), refused
    return refused["pricing"]


async def statuses(cloud):
    return {agent["agentName"]: agent["status"] for agent in (await cloud.state())["agents"]}


async def stopped_agent(service):
    """A dedicated agent that was never started."""
    status, body = await service.post("/api/cloud/agents", {**NEW, "autoProvision": False})
    assert status == 201, body
    return body["agent"]["id"]


async def test_the_price_of_a_start_is_named_with_the_value_that_accepts_it(on_latest, latest):
    await latest.control("price", hourlyUsd=0.15, activationUsd=0.3)
    agent = await stopped_agent(on_latest)
    status, body = await on_latest.post(f"/api/cloud/agents/{agent}/connect")
    assert (status, body["code"], body["action"]) == (428, "price_confirmation_required", "accept_price")
    assert body["pricing"] == {
        "currency": "USD",
        "hourlyRateUsd": 0.15,
        "minimumActivationChargeUsd": 0.3,
        "acceptanceValue": "dedicated-compute-v1:USD:0.150000:0.300000",
    }
    assert "$0.15 an hour" in body["error"]
    assert (await statuses(latest))["ada"] == "pending"


@pytest.mark.parametrize("action", ["connect", "provision", "resume"])
@pytest.mark.parametrize("where", ["body", "header"])
async def test_consent_in_the_body_or_by_the_clouds_header_starts_the_agent(on_latest, latest, action, where):
    path = f"/api/cloud/agents/{await stopped_agent(on_latest)}/{action}"
    value = (await named_price(on_latest, path))["acceptanceValue"]
    if where == "body":
        status, body = await on_latest.post(path, {"acceptPrice": value})
    else:
        status, body = await on_latest.post(path, headers={HEADER: value})
    assert (status, body["ok"]) == (200, True), body
    assert (await statuses(latest))["ada"] == "running"


async def test_consent_to_another_price_starts_nothing_and_names_the_present_one(on_latest, latest):
    path = f"/api/cloud/agents/{await stopped_agent(on_latest)}/connect"
    value = (await named_price(on_latest, path))["acceptanceValue"]
    await latest.control("price", hourlyUsd=0.5)
    status, body = await on_latest.post(path, {"acceptPrice": value})
    assert (status, body["pricing"]["hourlyRateUsd"]) == (428, 0.5)
    assert (await statuses(latest))["ada"] == "pending"


@pytest.mark.parametrize("wrong", ["", "a b", "x" * 257, "ä", "x\n", 7])
async def test_a_value_that_no_price_has_is_refused_here(on_latest, latest, wrong):
    agent = await stopped_agent(on_latest)
    for path, body in (
        (f"/api/cloud/agents/{agent}/connect", {}),
        (f"/api/cloud/agents/{agent}/resume", {}),
        (f"/api/cloud/agents/{agent}/restart", {}),
        ("/api/cloud/agents", NEW),
    ):
        status, refused = await on_latest.post(path, {**body, "acceptPrice": wrong})
        assert (status, refused["code"]) == (400, "invalid_request")
        assert refused["error"].startswith("acceptPrice must be the acceptanceValue of a price")
    assert await statuses(latest) == {"ada": "pending"}


async def test_a_restart_without_link_needs_consent_of_its_own(on_latest, latest):
    agent = await stopped_agent(on_latest)
    at = f"/api/cloud/agents/{agent}"
    value = (await named_price(on_latest, f"{at}/resume"))["acceptanceValue"]
    assert (await on_latest.post(f"{at}/resume", {"acceptPrice": value}))[0] == 200
    assert await on_latest.post(f"{at}/restart", {"acceptPrice": value}) == (
        200,
        {"ok": True, "agentId": agent, "status": "running"},
    )
    assert (await statuses(latest))["ada"] == "running"


async def test_a_restart_that_was_refused_for_its_price_is_repeated_with_consent(on_latest, latest):
    agent = await stopped_agent(on_latest)
    at = f"/api/cloud/agents/{agent}"
    value = (await named_price(on_latest, f"{at}/resume"))["acceptanceValue"]
    assert (await on_latest.post(f"{at}/resume", {"acceptPrice": value}))[0] == 200
    refused = (await on_latest.post(f"{at}/restart"))[1]
    assert refused["pricing"]["acceptanceValue"] == value
    assert refused["error"].startswith("The agent is stopped now, and was not started again. The agent costs")
    status, body = await on_latest.post(f"{at}/restart", {"acceptPrice": value})
    assert (status, body["status"]) == (200, "running"), body


async def test_a_restart_of_the_linked_agent_goes_by_the_consent_given_with_the_connect(on_latest, latest):
    agent = await stopped_agent(on_latest)
    at = f"/api/cloud/agents/{agent}"
    value = (await named_price(on_latest, f"{at}/connect"))["acceptanceValue"]
    assert (await on_latest.post(f"{at}/connect", {"acceptPrice": value}))[0] == 200
    status, body = await on_latest.post(f"{at}/restart")
    assert (status, body) == (200, {"ok": True, "agentId": agent, "status": "running"})
    assert (await on_latest.get("/api/cloud/status"))["connection"]["state"] == "connected"


async def test_a_create_without_consent_makes_nothing_and_with_it_an_agent_that_shows_its_tier(
    on_latest, latest
):
    price = await named_price(on_latest, "/api/cloud/agents", NEW)
    assert await statuses(latest) == {}
    status, body = await on_latest.post("/api/cloud/agents", {**NEW, "acceptPrice": price["acceptanceValue"]})
    assert (status, body["agent"]["executionTier"]) == (201, "dedicated-always")
    assert list(await statuses(latest)) == ["ada"]


async def test_the_header_is_passed_on_to_the_compat_surface(scripted, serve):
    seen = []

    async def resume(request):
        seen.append(request.headers.get(HEADER))
        return web.json_response({"success": True})

    async def user(_):
        return web.json_response({"success": True, "data": {"id": "u", "organization_id": "o"}})

    url = await scripted({"POST /api/compat/agents/x/resume": resume, "GET /api/v1/user": user})
    service = await serve(url, key="eliza_" + "ab" * 32)
    path = "/api/cloud/compat/agents/x/resume"
    assert (await service.post(path, {}, headers={HEADER: "p:1"}))[0] == 200
    assert (await service.post(path, {}))[0] == 200
    status, body = await service.post(path, {}, headers={HEADER: "a b"})
    assert (status, body["code"]) == (400, "invalid_request")
    assert seen == ["p:1", None]
