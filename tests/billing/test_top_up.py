"""Topping up: checkout, crypto, and the fresh balance afterwards."""

import aiohttp
import pytest

from tests.billing.conftest import KEY, says

CHECKOUT = "POST /api/v1/credits/checkout"
CRYPTO = "POST /api/crypto/payments"
TOP_UP = "https://elizacloud.ai/dashboard/settings?tab=billing"
PAYMENT = {
    "paymentId": "p1",
    "trackId": 77,
    "payLink": "https://pay.example/77",
    "expiresAt": "2027-01-15T08:30:00.000Z",
    "creditsToAdd": 25,
}


async def test_a_checkout_is_a_page_that_can_be_paid(signed_in, cloud):
    status, body = await signed_in.post("/api/cloud/billing/checkout", {"amountUsd": 10, "mode": "embedded"})
    assert (status, body["success"], body["provider"], body["mode"]) == (200, True, "stripe", "hosted")
    assert body["checkoutUrl"].startswith(cloud.url)
    verify = f"/api/cloud/billing/credits/verify?session_id={body['sessionId']}"
    assert (await signed_in.get(verify))["status"] == "unpaid"
    async with aiohttp.ClientSession() as browser:
        assert (await browser.post(body["checkoutUrl"])).status == 200
    assert (await signed_in.get(verify))["amount"] == 10
    assert (await signed_in.get("/api/cloud/credits"))["balance"] == 35


async def test_the_page_leads_back_to_the_clouds_own_site(against, heard):
    page = {"url": "https://pay.example/x", "sessionId": "cs_1"}
    service = await against({CHECKOUT: heard.and_says(page)})
    status, body = await service.post("/api/cloud/billing/checkout", {"amountUsd": "12.5"})
    assert (status, body["checkoutUrl"], body["sessionId"]) == (200, "https://pay.example/x", "cs_1")
    site = f"http://{heard.requests[0].host}/dashboard/settings?tab=billing"
    assert heard.last_body == {"credits": 12.5, "success_url": site, "cancel_url": site}


@pytest.mark.parametrize(("status", "ours"), [(500, 502), (503, 502), (400, 400), (409, 409)])
async def test_only_a_fault_of_the_cloud_is_ours_what_it_refuses_is_passed_on(against, status, ours):
    said = {"success": False, "error": "Stripe is down"}
    service = await against({CHECKOUT: says(said, status)})
    answered, body = await service.post("/api/cloud/billing/checkout", {"amountUsd": 10})
    assert answered == ours
    if status >= 500:
        assert (body["ok"], body["code"]) == (False, "cloud_server_error")
        assert "Stripe is down" in body["error"]
    else:
        assert body == said


@pytest.mark.parametrize("amount", [None, 0, 0.99, 1000.01, -5, "ten", True, [], "1e2"])
@pytest.mark.parametrize("path", ["checkout", "crypto/quote"])
async def test_a_bad_amount_is_400_before_the_cloud_is_asked(against, path, amount):
    if path == "crypto/quote" and amount == 1000.01:
        amount = 10000.01
    service = await against({})
    status, body = await service.post(f"/api/cloud/billing/{path}", {"amountUsd": amount})
    assert (status, body["error"]) == (400, "Invalid top-up amount")


@pytest.mark.parametrize(
    "url", [None, "", "javascript:alert(1)", "data:text/html,x", "/relative", "http://["]
)
async def test_a_page_that_no_browser_should_open_is_an_error(against, url):
    service = await against({CHECKOUT: says({"url": url, "sessionId": "cs_1"})})
    status, body = await service.post("/api/cloud/billing/checkout", {"amountUsd": 10})
    assert (status, body["code"]) == (502, "invalid_response")


@pytest.mark.parametrize(
    ("given", "network"),
    [
        ("BSC", "BEP20"),
        ("eth", "ERC20"),
        ("MATIC", "POLYGON"),
        ("SOLANA", "SOL"),
        ("ARBITRUM", "ARB"),
        ("OPTIMISM", "OP"),
        ("TRON", "TRC20"),
        ("BASE", "BASE"),
        ("dogenet", None),
        (None, None),
        (5, None),
    ],
)
async def test_networks_go_by_the_clouds_names(against, heard, given, network):
    service = await against({CRYPTO: heard.and_says(PAYMENT)})
    sent = {"amountUsd": 25, "network": given, "walletAddress": "0x1"}
    _, body = await service.post("/api/cloud/billing/crypto/quote", sent)
    assert heard.last_body.get("network") == network
    assert body["network"] == network


async def test_a_quote_tells_where_to_pay(against, heard):
    service = await against({CRYPTO: heard.and_says(PAYMENT)})
    status, body = await service.post("/api/cloud/billing/crypto/quote", {"amountUsd": 25})
    assert heard.last_body == {"amount": 25, "currency": "USD", "payCurrency": "USDC"}
    assert (status, body) == (
        200,
        {
            "success": True,
            "provider": "oxapay",
            "invoiceId": "p1",
            "trackId": "77",
            "network": None,
            "currency": "USDC",
            "amount": 25,
            "amountUsd": 25,
            "paymentLinkUrl": "https://pay.example/77",
            "expiresAt": "2027-01-15T08:30:00.000Z",
        },
    )


async def test_a_cloud_that_refuses_the_key_for_crypto_wants_a_browser(signed_in):
    status, body = await signed_in.post("/api/cloud/billing/crypto/quote", {"amountUsd": 25})
    assert (status, body["code"], body["topUpUrl"]) == (403, "browser_required", TOP_UP)
    assert "browser" in body["error"]
    assert TOP_UP in body["error"]


async def test_a_session_path_wants_a_browser_too_and_the_key_stays_good(against):
    refusal = {"success": False, "error": "Session required", "code": "session_auth_required"}
    service = await against({CRYPTO: says(refusal, 401)})
    status, body = await service.post("/api/cloud/billing/crypto/quote", {"amountUsd": 25})
    assert (status, body["code"]) == (403, "browser_required")
    assert service.manager.status().connected


@pytest.mark.parametrize(
    ("status", "error"), [(503, "Crypto payments not available"), (500, "database on fire"), (400, "No")]
)
async def test_any_other_refusal_of_a_quote_is_passed_on(against, status, error):
    service = await against({CRYPTO: says({"error": error}, status)})
    assert await service.post("/api/cloud/billing/crypto/quote", {"amountUsd": 25}) == (
        status,
        {"error": error},
    )


async def balance_asked_with(service, heard) -> str:
    await service.get("/api/cloud/credits")
    return heard.requests[-1].query_string


@pytest.mark.parametrize(
    ("path", "begun"),
    [
        ("checkout", {CHECKOUT: says({"url": "https://pay.example/x"})}),
        ("crypto/quote", {CRYPTO: says(PAYMENT)}),
    ],
)
async def test_after_a_top_up_was_begun_the_balance_is_asked_for_fresh(against, heard, path, begun):
    service = await against({**begun, "GET /api/v1/credits/balance": heard.and_says({"balance": 9})})
    assert await balance_asked_with(service, heard) == ""
    await service.post(f"/api/cloud/billing/{path}", {"amountUsd": 10})
    assert await balance_asked_with(service, heard) == "fresh=true"


async def test_a_top_up_that_could_not_begin_is_not_waited_for(against, heard):
    service = await against(
        {
            CHECKOUT: says({"error": "Stripe is down"}, 502),
            "GET /api/v1/credits/balance": heard.and_says({"balance": 9}),
        }
    )
    await service.post("/api/cloud/billing/checkout", {"amountUsd": 10})
    assert await balance_asked_with(service, heard) == ""


async def test_after_an_hour_the_top_up_is_not_waited_for_any_more(scripted, serve, heard):
    now = [0.0]
    url = await scripted(
        {
            "GET /api/v1/user": says({"success": True, "data": {"id": "u"}}),
            "GET /api/v1/credits/balance": heard.and_says({"balance": 9}),
            CHECKOUT: says({"url": "https://pay.example/x"}),
        }
    )
    service = await serve(url, key=KEY, monotonic=lambda: now[0])
    await service.post("/api/cloud/billing/checkout", {"amountUsd": 10})
    now[0] = 3599.0
    assert await balance_asked_with(service, heard) == "fresh=true"
    now[0] = 3600.0
    assert await balance_asked_with(service, heard) == ""
