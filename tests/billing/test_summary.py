"""What the account holds: the summary, payment methods, the ledger, and which way one can pay."""

import pytest

from tests.billing.conftest import SUMMARY, says

TOP_UP = "https://elizacloud.ai/dashboard/settings?tab=billing"
CLOUD_SUMMARY = "GET /api/v1/credits/summary"
CRYPTO = "GET /api/crypto/status"


async def test_the_summary_of_a_fresh_account(signed_in):
    assert await signed_in.get("/api/cloud/billing/summary") == {
        "success": True,
        "balance": 25.0,
        "currency": "USD",
        "topUpUrl": TOP_UP,
        "embeddedCheckoutEnabled": False,
        "hostedCheckoutEnabled": True,
        "cryptoEnabled": False,
        "low": False,
        "critical": False,
        "hasPaymentMethod": False,
        "autoTopUpEnabled": False,
        "autoTopUpAmount": None,
        "autoTopUpThreshold": None,
        "minimumTopUp": 5.0,
    }


async def test_top_ups_and_thresholds_are_told(against):
    service = await against({CLOUD_SUMMARY: says(SUMMARY), CRYPTO: says({"enabled": True})})
    body = await service.get("/api/cloud/billing/summary")
    told = ("hasPaymentMethod", "autoTopUpEnabled", "autoTopUpAmount", "autoTopUpThreshold", "cryptoEnabled")
    assert [body[name] for name in told] == [True, True, 20.0, 5.0, True]


@pytest.mark.parametrize(
    ("balance", "low", "critical"), [("1.99", True, False), (0.4, True, True), (2, False, False)]
)
async def test_a_low_balance_is_a_number_that_says_so(against, balance, low, critical):
    organization = {**SUMMARY["organization"], "creditBalance": balance}
    service = await against({CLOUD_SUMMARY: says({**SUMMARY, "organization": organization})})
    body = await service.get("/api/cloud/billing/summary")
    assert (body["balance"], body["low"], body["critical"]) == (float(balance), low, critical)
    assert isinstance(body["balance"], float)


@pytest.mark.parametrize("organization", [{}, {"creditBalance": None}, {"creditBalance": "much"}, None])
async def test_a_missing_balance_is_an_error_and_never_zero(against, organization):
    service = await against({CLOUD_SUMMARY: says({"success": True, "organization": organization})})
    answer = await service.call("GET", "/api/cloud/billing/summary")
    body = await answer.json()
    assert (answer.status, body["ok"], body["code"]) == (502, False, "invalid_response")
    assert "no balance" in body["error"]
    assert "balance" not in body


@pytest.mark.parametrize(
    "status",
    [
        says({"error": "no"}, 500),
        says("<html>", 404),
        says({"enabled": "yes"}),
        says([]),
        says({"supportedTokens": []}),
    ],
)
async def test_a_crypto_status_that_cannot_be_read_is_a_no(against, status):
    service = await against({CLOUD_SUMMARY: says(SUMMARY), CRYPTO: status})
    answer = await service.call("GET", "/api/cloud/billing/summary")
    assert (answer.status, (await answer.json())["cryptoEnabled"]) == (200, False)


async def test_the_crypto_status_is_asked_for_once_a_minute_and_anew_for_another_key(against, heard):
    service = await against({CLOUD_SUMMARY: says(SUMMARY), CRYPTO: heard.and_says({"enabled": True})})
    for _ in range(3):
        assert (await service.get("/api/cloud/billing/summary"))["cryptoEnabled"] is True
    assert len(heard.requests) == 1


async def test_a_payment_method_is_shown_as_one_card(signed_in, against):
    assert await signed_in.get("/api/cloud/billing/payment-methods") == {"success": True, "data": []}
    service = await against({CLOUD_SUMMARY: says(SUMMARY)})
    [card] = (await service.get("/api/cloud/billing/payment-methods"))["data"]
    assert (card["id"], card["type"], card["isDefault"]) == ("stripe-default", "card", True)
    assert set(card) == {"id", "type", "label", "brand", "isDefault"}


async def test_the_history_tells_what_came_in_and_what_was_spent(signed_in, cloud):
    await cloud.control("organization", balance=20)
    body = await signed_in.get("/api/cloud/billing/history")
    spent, opening = body["data"]
    assert (opening["kind"], opening["status"], opening["amount"]) == ("credit", "credited", 25.0)
    assert (spent["kind"], spent["status"], spent["amount"]) == ("debit", "usage", -5.0)
    assert set(spent) == {
        *("id", "kind", "provider", "status", "amount", "currency", "description", "createdAt"),
    }
    assert (spent["currency"], spent["provider"]) == ("USD", None)
    assert (body["total"], set(body["period"])) == (2, {"start", "end"})
    assert len((await signed_in.get("/api/cloud/billing/history?limit=1&hours=5"))["data"]) == 1


async def test_card_payments_are_stripes(against):
    line = {"id": 7, "amount": "10.5", "type": "credit", "stripe_payment_intent_id": "pi_1"}
    service = await against({"GET /api/credits/transactions": says({"transactions": [line]})})
    body = await service.get("/api/cloud/billing/history")
    [entry] = body["data"]
    assert (entry["id"], entry["amount"], entry["provider"], body["total"]) == ("7", 10.5, "stripe", 1)


@pytest.mark.parametrize("query", ["limit=0", "limit=-1", "hours=x", "limit=100000", "hours=1.5", "limit=٣"])
async def test_the_historys_numbers_are_checked(signed_in, query):
    answer = await signed_in.call("GET", f"/api/cloud/billing/history?{query}")
    assert (answer.status, (await answer.json())["code"]) == (400, "invalid_request")


@pytest.mark.parametrize("document", [{}, {"transactions": None}, {"transactions": [{"id": "x"}]}])
async def test_a_history_that_cannot_be_read_is_an_error_and_never_empty(against, document):
    service = await against({"GET /api/credits/transactions": says(document)})
    assert (await service.call("GET", "/api/cloud/billing/history")).status == 502
