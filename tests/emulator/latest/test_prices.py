"""cloud-api-latest L2, L3, L14: which starts ask for the price, in which order, and what is charged."""

import pytest

from tests.emulator.conftest import PRICE

HEADER = "X-Eliza-Dedicated-Price"
PRICING = {
    "currency": "USD",
    "hourlyRateUsd": 0.01,
    "minimumActivationChargeUsd": 0.02,
    "acceptanceHeader": HEADER,
    "acceptanceValue": PRICE,
}


async def _create(api, accepted=PRICE, **body):
    headers = {**api.headers, **({HEADER: accepted} if accepted is not None else {})}
    return await api.post(api.agents, json={"agentName": "ada", "alwaysOn": True, **body}, headers=headers)


async def _balance(api):
    return (await api.get("/api/v1/credits/balance")).body["balance"]


async def test_a_dedicated_create_tells_its_price_and_makes_nothing(api_l):
    answer = await _create(api_l, None)
    assert answer.status == 428
    assert set(answer.body) == {"success", "code", "error", "pricing"}
    assert (answer.body["success"], answer.body["code"]) == (False, "DEDICATED_PRICE_CONFIRMATION_REQUIRED")
    assert answer.body["pricing"] == PRICING
    assert (await api_l.get(api_l.agents)).body["data"] == []


@pytest.mark.parametrize("wrong", ["", PRICE.upper(), f"{PRICE}0", "dedicated-compute-v1:USD:0.01:0.02"])
async def test_the_price_is_accepted_byte_for_byte(api_l, wrong):
    assert (await _create(api_l, wrong)).status == 428
    assert (await _create(api_l)).status == 202


async def test_a_price_that_moved_must_be_accepted_again(api_l):
    moved = (await api_l.control("price", hourlyUsd=0.15)).body["data"]["acceptanceValue"]
    assert moved == "dedicated-compute-v1:USD:0.150000:0.300000"
    answer = await _create(api_l)
    assert (answer.status, answer.body["pricing"]["acceptanceValue"]) == (428, moved)
    assert answer.body["pricing"]["minimumActivationChargeUsd"] == 0.3
    assert (await _create(api_l, moved)).status == 202


async def test_the_price_comes_before_the_credit_gate_and_before_reuse(api_l):
    await api_l.control("organization", balance=0)
    assert (await _create(api_l, None)).status == 428
    assert (await _create(api_l)).status == 402
    await api_l.control("organization", balance=5)
    assert (await api_l.post(api_l.agents, json={"agentName": "shared"})).status == 201
    assert (await _create(api_l, None)).status == 428
    reused = await _create(api_l)
    assert (reused.status, reused.body["created"], reused.body["data"]["executionTier"]) == (
        200,
        False,
        "shared",
    )


async def test_shared_and_idle_agents_have_no_price(api_l):
    assert (await _create(api_l, None, autoProvision=False)).status == 201
    shared = await api_l.post(api_l.agents, json={"agentName": "b"})
    assert shared.status in (200, 201)


@pytest.mark.parametrize("call", ["provision", "resume"])
async def test_a_start_asks_unless_the_agent_runs(api_l, call):
    agent_id = await api_l.dedicated()
    path = f"{api_l.agents}/{agent_id}/{call}"
    assert (await api_l.post(path)).status == 200
    await api_l.control(f"agents/{agent_id}/suspend")
    await api_l.control("organization", balance=0)
    asked = await api_l.post(path)
    assert (asked.status, asked.body["pricing"]) == (428, PRICING)
    assert (await api_l.post(path, headers=api_l.paying)).status == 402
    await api_l.control("organization", balance=0.1)
    assert (await api_l.post(path, headers=api_l.paying)).status == 202
    await api_l.clock.advance(3)
    assert await api_l.status(agent_id) == "running"


async def test_a_wake_asks_only_where_it_is_set_so(api_l):
    agent_id = await api_l.dedicated()
    await api_l.control(f"agents/{agent_id}/suspend", status="sleeping")
    path = f"{api_l.agents}/{agent_id}/wake"
    await api_l.control("price", onWake=True)
    assert (await api_l.post(path)).status == 428
    await api_l.control("price", onWake=False)
    wrong = await api_l.post(path, headers={**api_l.headers, HEADER: "x"})
    assert wrong.status == 428
    assert (await api_l.post(path)).status == 202


async def test_a_price_that_moves_before_the_worker_comes_fails_the_job_at_once(api_l):
    answer = await _create(api_l)
    await api_l.control("price", hourlyUsd=0.02)
    await api_l.clock.advance(3)
    job = await api_l.job(answer.body["data"]["jobId"])
    assert (job["status"], job["attempts"]) == ("failed", 1)
    assert job["error"].startswith("Dedicated start price is missing or changed.")
    assert await api_l.status(answer.body["data"]["id"]) == "error"
    assert await _balance(api_l) == 25


async def test_a_reused_job_keeps_its_price(api_l):
    await api_l.control("worker", state="stalled")
    agent_id = (await _create(api_l)).body["data"]["id"]
    moved = (await api_l.control("price", hourlyUsd=0.02)).body["data"]["acceptanceValue"]
    path = f"{api_l.agents}/{agent_id}/provision"
    joined = await api_l.post(path, headers={**api_l.headers, HEADER: moved})
    assert (joined.status, joined.body["alreadyInProgress"]) == (409, True)
    await api_l.control("worker", state="up")
    await api_l.clock.advance(3)
    assert (await api_l.job(joined.body["data"]["jobId"]))["status"] == "failed"


async def test_each_start_that_succeeds_costs_the_minimum_which_pays_the_first_hours(api_l):
    agent_id = await api_l.dedicated()
    assert await _balance(api_l) == 24.98
    await api_l.clock.advance(3600)
    assert await _balance(api_l) == 24.98
    await api_l.clock.advance(3600)
    assert await _balance(api_l) == 24.97
    await api_l.control(f"agents/{agent_id}/suspend")
    await api_l.post(f"{api_l.agents}/{agent_id}/resume", headers=api_l.paying)
    await api_l.clock.advance(3)
    assert await _balance(api_l) == 24.95


async def test_the_gate_is_ten_cents_or_what_is_set(api_l):
    await api_l.control("organization", balance=0.0999)
    refused = await _create(api_l)
    assert (refused.status, refused.body["code"]) == (402, "insufficient_credits")
    assert (refused.body["requiredBalance"], refused.body["currentBalance"]) == (0.1, 0.0999)
    await api_l.control("price", minimumBalanceUsd=0.3)
    await api_l.control("organization", balance=0.2)
    assert (await _create(api_l)).body["requiredBalance"] == 0.3
    await api_l.control("organization", balance=0.3)
    assert (await _create(api_l)).status == 202


async def test_a_hold_stops_paid_starts_whatever_the_balance(api_l):
    await api_l.control("organization", hold=12.5)
    refused = await _create(api_l)
    assert refused.status == 402
    assert set(refused.body) == {"success", "error", "code", "outstandingUsd"}
    assert (refused.body["code"], refused.body["outstandingUsd"]) == ("billing_hold_active", "12.500000")
    held = (await api_l.get("/api/v1/billing/hold")).body["data"]
    assert (held["status"], held["outstandingUsd"]) == ("held", "12.500000")
    assert held["payAction"] == {"kind": "add_funds", "amountUsd": 12.5, "minimumTopUpUsd": 5}
    assert (await api_l.post(api_l.agents, json={"agentName": "shared"})).status == 201
    await api_l.control("organization", hold=0)
    assert (await api_l.get("/api/v1/billing/hold")).body["data"] == {"status": "clear"}
    assert (await _create(api_l)).status == 200


async def test_without_money_an_agent_is_stopped_at_once_and_started_when_it_is_funded(api_l):
    agent_id = await api_l.dedicated()
    await api_l.control("organization", balance=0.005)
    await api_l.clock.advance(3 * 3600)
    assert await api_l.status(agent_id) == "stopped"
    await api_l.control("organization", balance=0.05)
    await api_l.clock.advance(10)
    assert await api_l.status(agent_id) == "stopped"
    await api_l.control("organization", balance=1, hold=3)
    await api_l.clock.advance(10)
    assert await api_l.status(agent_id) == "stopped"
    await api_l.control("organization", hold=0)
    await api_l.clock.advance(10)
    assert await api_l.status(agent_id) == "running"


async def test_what_its_owner_stopped_stays_stopped(api_l):
    agent_id = await api_l.dedicated()
    await api_l.control(f"agents/{agent_id}/suspend")
    await api_l.control("organization", balance=50)
    await api_l.clock.advance(10)
    assert await api_l.status(agent_id) == "stopped"


async def test_other_generations_never_ask(api_c, api_n):
    for api in (api_c, api_n):
        agent_id = await api.running()
        await api.control(f"agents/{agent_id}/suspend")
        assert (await api.post(f"{api.agents}/{agent_id}/provision")).status == 202
