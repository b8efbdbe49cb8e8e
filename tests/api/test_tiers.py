"""Shared and dedicated agents: create, upgrade, rename, logs, delete."""

import pytest

OTHER = "99999999-2222-4333-8444-555555555555"


async def shared_agent(service, name="ada"):
    status, body = await service.post("/api/cloud/agents", {"agentName": name})
    assert (status, body["agent"]["executionTier"]) == (201, "shared"), body
    return body["agent"]["id"]


async def agents(cloud):
    return (await cloud.state())["agents"]


async def tiers(cloud):
    return {agent["id"]: agent["executionTier"] for agent in await agents(cloud)}


async def test_an_agent_is_shared_unless_a_dedicated_one_is_asked_for(on_latest, latest):
    await shared_agent(on_latest)
    for word in ("dedicated", "alwaysOn"):
        new = {"agentName": word, word: True, "forceCreate": True, "autoProvision": False}
        status, body = await on_latest.post("/api/cloud/agents", new)
        assert (status, body["agent"]["executionTier"]) == (201, "dedicated-always")
    listed = await on_latest.get("/api/cloud/agents")
    assert sorted(agent["executionTier"] for agent in listed["agents"]) == [
        "dedicated-always",
        "dedicated-always",
        "shared",
    ]


async def test_what_the_cloud_refuses_of_a_create_comes_through_in_its_words(on_latest, latest):
    status, body = await on_latest.post("/api/cloud/agents", {"agentName": "a", "forceCreate": True})
    assert status == 400
    assert "forceCreate is only valid for dedicated agents" in body["error"]
    status, body = await on_latest.post("/api/cloud/agents", {"agentName": "a", "characterId": OTHER})
    assert (status, body["code"]) == (404, "not_found")
    new = {"agentName": "a", "dockerImage": "evil/image", "autoProvision": False}
    assert (await on_latest.post("/api/cloud/agents", new))[0] == 403
    assert await agents(latest) == []


@pytest.mark.parametrize("member", ["agentname", "dedicatd", "execution_tier"])
async def test_an_unknown_member_of_a_create_is_refused_by_name(on_latest, latest, member):
    assert await on_latest.post("/api/cloud/agents", {"agentName": "ada", member: True}) == (
        400,
        {"ok": False, "error": f"{member} is not a member that is known here.", "code": "invalid_request"},
    )
    assert await agents(latest) == []


async def test_a_shared_agent_becomes_dedicated_under_the_quote_that_was_seen(on_latest, latest):
    shared = await shared_agent(on_latest)
    path = f"/api/cloud/agents/{shared}/upgrade"
    body = await on_latest.get(path)
    quote = body["quote"]
    assert (body["agentId"], quote["hourlyRateUsd"], quote["minimumActivationChargeUsd"]) == (
        shared,
        0.01,
        0.02,
    )
    assert (quote["canActivate"], quote["minimumBalanceUsd"]) == (True, 0.72)
    status, body = await on_latest.post(path, {"quoteId": quote["quoteId"]})
    assert (status, body["sharedAgentId"], body["status"]) == (200, shared, "running")
    assert body["agentId"] != shared
    assert await tiers(latest) == {shared: "shared", body["agentId"]: "dedicated-always"}
    status, linked = await on_latest.post(f"/api/cloud/agents/{body['agentId']}/connect")
    assert (status, linked["agentId"]) == (200, body["agentId"])


async def test_an_upgrade_under_an_old_quote_upgrades_nothing(on_latest, latest):
    shared = await shared_agent(on_latest)
    path = f"/api/cloud/agents/{shared}/upgrade"
    old = (await on_latest.get(path))["quote"]["quoteId"]
    await latest.control("price", hourlyUsd=0.02)
    status, body = await on_latest.post(path, {"quoteId": old})
    assert (status, body["code"]) == (409, "quote_changed")
    assert await tiers(latest) == {shared: "shared"}


async def test_a_cloud_that_asks_for_the_price_of_an_upgrade_gets_the_consent_of_the_caller(
    on_latest, latest
):
    await latest.control("price", onUpgrade=True)
    shared = await shared_agent(on_latest)
    path = f"/api/cloud/agents/{shared}/upgrade"
    consent = {"quoteId": (await on_latest.get(path))["quote"]["quoteId"]}
    status, body = await on_latest.post(path, consent)
    assert (status, body["code"]) == (428, "price_confirmation_required")
    assert await tiers(latest) == {shared: "shared"}
    consent["acceptPrice"] = body["pricing"]["acceptanceValue"]
    assert (await on_latest.post(path, consent))[0] == 200


async def test_only_a_shared_agent_has_a_quote(on_latest, latest):
    new = {"agentName": "own", "dedicated": True, "autoProvision": False}
    _, body = await on_latest.post("/api/cloud/agents", new)
    answer = await on_latest.call("GET", f"/api/cloud/agents/{body['agent']['id']}/upgrade")
    assert (answer.status, (await answer.json())["code"]) == (409, "conflict")


async def test_an_agent_is_renamed(on_latest, latest):
    agent = await shared_agent(on_latest)
    answer = await on_latest.call("PATCH", f"/api/cloud/agents/{agent}", json={"agentName": "lovelace"})
    assert (answer.status, await answer.json()) == (
        200,
        {"ok": True, "agentId": agent, "agentName": "lovelace"},
    )
    assert [one["agentName"] for one in await agents(latest)] == ["lovelace"]
    answer = await on_latest.call("PATCH", f"/api/cloud/agents/{agent}", json={"agentName": " "})
    assert (answer.status, (await answer.json())["error"]) == (400, "agentName is required")


async def test_the_lines_of_an_agents_log_are_fetched(on_latest, latest):
    agent = await shared_agent(on_latest)
    body = await on_latest.get(f"/api/cloud/agents/{agent}/logs?tail=5")
    assert (body["ok"], body["agentId"], type(body["logs"])) == (True, agent, str)
    answer = await on_latest.call("GET", f"/api/cloud/agents/{agent}/logs?tail=0")
    assert answer.status == 400


async def test_an_agent_that_cannot_be_saved_stays_unless_the_loss_is_accepted(on_latest, latest):
    new = {"agentName": "own", "dedicated": True}
    _, refused = await on_latest.post("/api/cloud/agents", new)
    new["acceptPrice"] = refused["pricing"]["acceptanceValue"]
    _, body = await on_latest.post("/api/cloud/agents", new)
    agent = body["agent"]["id"]
    at = f"/api/cloud/agents/{agent}"
    assert (await on_latest.post(f"{at}/connect", {"acceptPrice": new["acceptPrice"]}))[0] == 200
    await latest.control(f"agents/{agent}/capture", mode="failing")
    status, body = await on_latest.post(f"{at}/shutdown")
    assert (status, body["code"]) == (409, "delete_needs_backup")
    assert "stays and keeps costing" in body["error"]
    assert [one["status"] for one in await agents(latest)] == ["deletion_failed"]
    status, body = await on_latest.post(f"{at}/shutdown", {"acceptStateLoss": True})
    assert (status, body) == (200, {"ok": True, "agentId": agent, "status": "stopped"})
    assert await agents(latest) == []


async def test_a_checkout_carries_the_callers_key_or_one_of_its_own(on_latest, latest):
    async def page(amount, **headers):
        status, body = await on_latest.post(
            "/api/cloud/billing/checkout", {"amountUsd": amount}, headers=headers
        )
        assert status == 200, body
        return body["sessionId"]

    mine = await page(25, **{"Idempotency-Key": "top-up-2026-1"})
    assert await page(25, **{"Idempotency-Key": "top-up-2026-1"}) == mine
    assert len({mine, await page(25), await page(25)}) == 3
    status, body = await on_latest.post(
        "/api/cloud/billing/checkout", {"amountUsd": 25}, headers={"Idempotency-Key": "short"}
    )
    assert (status, body["code"]) == (400, "invalid_request")
    assert "Idempotency-Key must be" in body["error"]
