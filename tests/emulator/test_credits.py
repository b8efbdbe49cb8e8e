"""cloud-api §15, §16: balance, ledger, hourly billing, checkout, settings, models."""

import pytest

HOUR = 3600


async def _balance(api):
    return (await api.get("/api/v1/credits/balance")).body["balance"]


async def test_the_balance_is_a_bare_number_that_is_never_stored(api):
    for path in ("/api/v1/credits/balance", "/api/v1/credits/balance?fresh=true", "/api/credits/balance"):
        answer = await api.get(path)
        assert (answer.status, answer.body) == (200, {"balance": 25})
        assert "no-store" in answer.headers["Cache-Control"]


async def test_a_running_agent_costs_a_cent_an_hour(api):
    agent_id = await api.running()
    await api.clock.advance(2 * HOUR)
    assert await _balance(api) == 24.98
    assert (await api.get("/api/v1/user")).body["data"]["organization"]["credit_balance"] == "24.98"
    lines = (await api.get("/api/v1/credits/summary")).body["recentTransactions"]
    assert [line["amount"] for line in lines] == [-0.01, -0.01, 25]
    assert lines[0]["type"] == "debit"
    full = (await api.get("/api/credits/transactions")).body["transactions"]
    assert full[0]["metadata"] == {"agentId": agent_id}


async def test_a_stopped_agent_with_backups_costs_a_quarter(api_c):
    agent_id = await api_c.running()
    await api_c.post(f"{api_c.agents}/{agent_id}/suspend")
    await api_c.clock.advance(2 * HOUR)
    assert await _balance(api_c) == 24.995
    assert (await api_c.get("/api/v1/user")).body["data"]["organization"]["credit_balance"] == "24.995"


async def test_pending_and_lost_agents_cost_nothing(api_c):
    await api_c.create()
    agent_id = await api_c.running()
    await api_c.control(f"agents/{agent_id}/sandbox", state="stopped")
    await api_c.clock.advance(5 * HOUR)
    assert await _balance(api_c) == 25


async def test_an_overdrawn_agent_is_stopped_after_two_days_with_a_snapshot(api_c):
    agent_id = await api_c.running()
    await api_c.control("organization", balance=0.005)
    await api_c.clock.advance(48 * HOUR)
    assert await api_c.status(agent_id) == "running"
    state = (await api_c.get("/emulator/state")).body
    assert state["agents"][0]["billingStatus"] == "shutdown_pending"
    await api_c.clock.advance(2 * HOUR)
    assert await api_c.status(agent_id) == "stopped"
    backups = (await api_c.get(f"{api_c.agents}/{agent_id}/backups")).body["data"]
    assert [backup["snapshotType"] for backup in backups] == ["pre-shutdown"]


async def test_topping_up_in_time_keeps_it_running(api_c):
    agent_id = await api_c.running()
    await api_c.control("organization", balance=0)
    await api_c.clock.advance(24 * HOUR)
    await api_c.control("organization", balance=10)
    await api_c.clock.advance(48 * HOUR)
    assert await api_c.status(agent_id) == "running"
    assert (await api_c.get("/emulator/state")).body["agents"][0]["billingStatus"] == "active"


async def test_the_summary_has_the_contracts_keys(api):
    body = (await api.get("/api/v1/credits/summary")).body
    assert set(body) == {
        *(
            "success",
            "organization",
            "agents",
            "agentsSummary",
            "apps",
            "earnings",
            "recentTransactions",
            "pricing",
        )
    }
    assert set(body["organization"]) == {
        *("id", "name", "creditBalance", "autoTopUpEnabled", "autoTopUpThreshold", "autoTopUpAmount"),
        "hasPaymentMethod",
    }
    assert body["pricing"] == {"creditsPerDollar": 100, "minimumTopUp": 5, "x402Enabled": False}


async def test_transactions_can_be_limited_in_number_and_time(api):
    await api.running()
    await api.clock.advance(3 * HOUR)
    body = (await api.get("/api/credits/transactions?limit=2")).body
    assert (body["total"], len(body["transactions"])) == (2, 2)
    body = (await api.get("/api/credits/transactions?hours=2")).body
    assert body["total"] == 2
    assert body["period"] == {"start": "2027-01-15T09:00:03.000Z", "end": "2027-01-15T11:00:03.000Z"}
    refused = await api.get("/api/credits/transactions", headers={"X-API-Key": "nope"})
    assert (refused.status, refused.body) == (500, {"error": "Invalid or expired API key"})


async def test_a_checkout_is_paid_on_its_page_and_verified(api):
    body = {
        "credits": 10,
        "success_url": "http://localhost:3000/ok",
        "cancel_url": "http://127.0.0.1:3001/no",
    }
    answer = await api.post("/api/v1/credits/checkout", json=body)
    assert (answer.status, set(answer.body)) == (200, {"url", "sessionId"})
    verify = f"/api/v1/credits/verify?session_id={answer.body['sessionId']}"
    unpaid = await api.get(verify)
    assert unpaid.body == {"success": False, "error": "Payment not completed", "status": "unpaid"}
    page = answer.body["url"].split("/", 3)[-1]
    assert "Add $10.00" in (await api.get(f"/{page}")).body
    for _ in range(2):
        assert (await api.post(f"/{page}")).status == 303
    assert (await api.get(verify)).body["amount"] == 10
    assert await _balance(api) == 35
    other = await api.key(email="other@example.org")
    assert (await other.get(verify)).status == 403
    assert (await api.get("/api/v1/credits/verify?session_id=cs_none")).status == 404


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"credits": 0}, "Invalid request"),
        ({"credits": 1001}, "Invalid request"),
        ({"success_url": "https://evil.example/"}, "Invalid success_url"),
        ({"cancel_url": "nope"}, "Invalid request"),
    ],
)
async def test_checkouts_are_checked(api, change, error):
    body = {
        "credits": 10,
        "success_url": "http://localhost:3000/ok",
        "cancel_url": "http://localhost:3000/no",
    }
    answer = await api.post("/api/v1/credits/checkout", json={**body, **change})
    assert (answer.status, answer.body["error"]) == (400, error)


async def test_billing_settings_can_be_read_and_changed(api):
    settings = (await api.get("/api/v1/billing/settings")).body["settings"]
    assert set(settings) == {"autoTopUp", "payAsYouGoFromEarnings", "limits"}
    assert settings["limits"] == {"minAmount": 1, "maxAmount": 1000, "minThreshold": 0, "maxThreshold": 1000}
    changed = await api.call(
        "PUT", "/api/v1/billing/settings", json={"autoTopUp": {"amount": 20, "threshold": 5}}
    )
    top_up = {"enabled": False, "amount": 20, "threshold": 5, "hasPaymentMethod": False}
    assert changed.body["settings"]["autoTopUp"] == top_up
    assert (
        await api.call("PUT", "/api/v1/billing/settings", json={"autoTopUp": {"amount": 0}})
    ).status == 400
    assert (
        await api.call("PUT", "/api/v1/billing/settings", json={"autoTopUp": {"enabled": True}})
    ).status == 400
    assert (await api.get("/api/v1/billing/history")).headers["Content-Type"].startswith("text/html")


async def test_crypto_payments_break_with_a_key(api):
    answer = await api.post("/api/crypto/payments", json={"amount": 5})
    assert (answer.status, answer.body) == (500, {"error": "Failed to process payment request"})
    assert (await api.get("/api/crypto/payments")).body == {"payments": []}
    assert set((await api.get("/api/crypto/status")).body) == {
        "enabled",
        "supportedTokens",
        "networks",
        "isTestnet",
    }
    assert (await api.get("/api/crypto/status", headers={})).status == 401
    assert (await api.get("/api/invoices/list")).body == {"invoices": [], "count": 0}


async def test_models_are_public(api):
    answer = await api.get("/api/v1/models", headers={})
    assert answer.body["object"] == "list"
    assert {"id", "object", "created", "owned_by"} == set(answer.body["data"][0])


async def test_wrong_fields_of_money_come_as_a_tree(api):
    body = {"credits": 0, "success_url": "nope", "cancel_url": "http://localhost:3000/no"}
    details = (await api.post("/api/v1/credits/checkout", json=body)).body["details"]
    assert details == {
        "_errors": [],
        "credits": {"_errors": ["Too small: expected number to be >=1"]},
        "success_url": {"_errors": ["Invalid URL"]},
    }
    path = "/api/v1/billing/settings"
    answer = await api.call("PUT", path, json={"autoTopUp": {"amount": "much"}, "payAsYouGoFromEarnings": 1})
    assert answer.body["details"] == {
        "_errors": [],
        "autoTopUp": {
            "_errors": [],
            "amount": {"_errors": ["Invalid input: expected number, received string"]},
        },
        "payAsYouGoFromEarnings": {"_errors": ["Invalid input: expected boolean, received number"]},
    }


async def test_paying_from_earnings_can_be_switched(api):
    path = "/api/v1/billing/settings"
    assert (await api.get(path)).body["settings"]["payAsYouGoFromEarnings"] is True
    changed = await api.call("PUT", path, json={"payAsYouGoFromEarnings": False})
    assert changed.body["settings"]["payAsYouGoFromEarnings"] is False
    assert (await api.get(path)).body["settings"]["payAsYouGoFromEarnings"] is False
