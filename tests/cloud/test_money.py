"""Balances, holds and payments as the newest generation tells them (cloud-api-latest L3, L20)."""

import uuid

import msgspec
import pytest

from eliza_cloud.cloud.errors import BillingHold, CloudServerError, InsufficientCredits, InvalidRequest
from eliza_cloud.cloud.http.address import CloudAddress, parse_pages_url
from eliza_cloud.cloud.types.billing import CheckoutPage, Verbatim

from .conftest import AGENT

CHECKOUT = "/api/v1/credits/checkout"
PAGE = (200, {"url": "https://pay.example/x", "sessionId": "cs_1"})


@pytest.fixture(autouse=True)
async def agent(cloud):
    return cloud.agents("eliza")


async def test_the_balance_that_is_needed_is_the_one_the_cloud_names(client, cloud, agent):
    body = {
        "success": False,
        "code": "insufficient_credits",
        "error": "x",
        "requiredBalance": "0.30",
        "currentBalance": 0.1,
    }
    cloud.on("POST", f"{agent}/provision", (402, body), (402, {"success": False, "error": "x"}))
    with pytest.raises(InsufficientCredits) as caught:
        await client.provision(AGENT)
    assert caught.value.required_balance == 0.3
    assert caught.value.code == "credits_exhausted"
    with pytest.raises(InsufficientCredits) as caught:
        await client.provision(AGENT)
    assert caught.value.required_balance is None


async def test_a_hold_is_a_problem_of_its_own(client, cloud, agent):
    body = {
        "success": False,
        "code": "billing_hold_active",
        "error": "Billing hold",
        "outstandingUsd": "12.500000",
    }
    cloud.on("POST", f"{agent}/resume", (402, body), (402, {**body, "outstandingUsd": None}))
    with pytest.raises(BillingHold) as caught:
        await client.resume(AGENT)
    error = caught.value
    assert (error.code, error.status, error.retryable) == ("billing_hold_active", 402, False)
    assert error.outstanding == 12.5
    assert error.details["outstandingUsd"] == "12.500000"
    assert "12.50" in str(error)
    with pytest.raises(BillingHold) as caught:
        await client.resume(AGENT)
    assert caught.value.outstanding is None


async def test_each_checkout_has_a_fresh_idempotency_key_and_pages_of_the_clouds(client, cloud):
    cloud.on("POST", CHECKOUT, PAGE)
    for _ in range(2):
        assert await client.billing().checkout(10.0) == CheckoutPage("https://pay.example/x", "cs_1")
    keys = [asked.headers["Idempotency-Key"] for asked in cloud.asked]
    assert len(set(keys)) == 2
    assert all(uuid.UUID(key) for key in keys)
    page = f"{cloud.base_url}/dashboard/settings?tab=billing"
    assert msgspec.json.decode(cloud.asked[0].body) == {
        "credits": 10.0,
        "success_url": page,
        "cancel_url": page,
    }


async def test_pages_lead_back_to_the_origin_of_the_pages(cloud, make_client):
    cloud.on("POST", CHECKOUT, PAGE)
    for pages, page in (
        ("https://cloud.eliza.app", "https://cloud.eliza.app/cloud/billing"),
        ("https://pages.example.com", "https://pages.example.com/dashboard/settings?tab=billing"),
    ):
        address = CloudAddress(cloud.base_url, parse_pages_url(pages, allow_loopback=False))
        await make_client(base_url=address).billing().checkout(10.0)
        sent = msgspec.json.decode(cloud.asked[-1].body)
        assert (sent["success_url"], sent["cancel_url"]) == (page, page)


async def test_the_callers_idempotency_key_travels(client, cloud):
    cloud.on("POST", CHECKOUT, PAGE)
    await client.billing().checkout(10.0, idempotency_key="order:42-a")
    assert cloud.asked[0].headers["Idempotency-Key"] == "order:42-a"


@pytest.mark.parametrize(
    "key", ["", "short", "-starts-wrong", "has space in it", "ümlaut-key", "x" * 129, "a\r\nb-xxxxxx"]
)
async def test_an_idempotency_key_the_cloud_would_refuse_is_not_sent(client, cloud, key):
    with pytest.raises(InvalidRequest, match="Idempotency-Key"):
        await client.billing().checkout(10.0, idempotency_key=key)
    assert cloud.asked == []


async def test_our_own_repetition_uses_the_same_key(client, cloud, waits):
    cloud.on("POST", CHECKOUT, (503, {"success": False, "error": "x", "retryable": True}), PAGE)
    await client.billing().checkout(10.0)
    first, second = (asked.headers["Idempotency-Key"] for asked in cloud.asked)
    assert first == second
    assert waits == [1.0]


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_server_error_of_a_checkout_is_the_clouds(client, cloud, status):
    cloud.on("POST", CHECKOUT, (status, {"success": False, "error": "Stripe is down"}))
    with pytest.raises(CloudServerError, match="Stripe is down") as caught:
        await client.billing().checkout(10.0)
    assert caught.value.status == 502


@pytest.mark.parametrize("status", [400, 402, 409, 429])
async def test_what_the_cloud_refuses_of_a_checkout_is_passed_on_as_it_is(client, cloud, status):
    body = {"success": False, "error": "Invalid success_url", "details": {"tree": []}}
    cloud.on("POST", CHECKOUT, (status, body))
    assert await client.billing().checkout(10.0) == Verbatim(status, body, None)


@pytest.mark.parametrize(
    ("data", "rates"),
    [
        ({"schemaVersion": 1}, {}),
        (
            {
                "v2": {
                    "activeCompute": {
                        "resources": [{"agentId": "a", "ratePerHour": {"value": "0.01", "unit": "usd"}}]
                    }
                }
            },
            {"a": 0.01},
        ),
        (
            {
                "v2": {
                    "activeCompute": {
                        "status": "available",
                        "value": {"resources": [{"id": "a", "ratePerHour": 0.02}]},
                    }
                }
            },
            {"a": 0.02},
        ),
        (
            {
                "v2": {
                    "activeCompute": {
                        "resources": [
                            {
                                "resourceId": "a",
                                "ratePerHour": {"status": "available", "value": {"value": "0.15"}},
                            },
                            {"id": "b"},
                            7,
                        ]
                    }
                }
            },
            {"a": 0.15},
        ),
        ({"v2": {"activeCompute": {"status": "unavailable", "error": {"code": "x"}}}}, {}),
        ({"v2": {"activeCompute": {"resources": "none"}}}, {}),
    ],
)
async def test_what_running_agents_cost_is_read_where_the_cloud_tells(client, cloud, data, rates):
    cloud.on("GET", "/api/v1/billing/limits", (200, {"success": True, "data": data}))
    assert await client.billing().hourly_rates() == rates


async def test_a_cloud_without_limits_tells_no_rates(client, cloud):
    answer = await client.billing().hourly_rates()
    assert isinstance(answer, Verbatim)
    assert answer.status == 404
