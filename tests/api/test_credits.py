"""The balance: always 200, and never a number that the cloud did not say."""

import pytest
from aiohttp import web

TOP_UP = "https://elizacloud.ai/dashboard/settings?tab=billing"


@pytest.mark.parametrize(
    ("balance", "low", "critical"),
    [
        (15.5, False, False),
        (2.0, False, False),
        (1.99, True, False),
        (0.5, True, False),
        (0.49, True, True),
        (0, True, True),
    ],
)
async def test_thresholds_are_strict(signed_in, cloud, balance, low, critical):
    await cloud.control("organization", balance=balance)
    assert await signed_in.get("/api/cloud/credits") == {
        "connected": True,
        "balance": balance,
        "low": low,
        "critical": critical,
        "topUpUrl": TOP_UP,
        "outlook": {
            "canProvision": balance >= 5,
            "minimumDeposit": 5.0,
            "hoursLeft": None,
            "spendingPerHour": None,
        },
    }


async def test_without_a_key_there_is_no_balance(service):
    assert await service.get("/api/cloud/credits") == {"balance": None, "connected": False}


async def answered(serve, scripted, handler):
    async def user(_):
        return web.json_response({"success": True, "data": {"id": "u", "organization_id": "o"}})

    url = await scripted({"GET /api/v1/credits/balance": handler, "GET /api/v1/user": user})
    service = await serve(url, key="eliza_" + "ab" * 32)
    answer = await service.call("GET", "/api/cloud/credits")
    assert answer.status == 200
    return await answer.json()


@pytest.mark.parametrize("body", [{}, {"balance": None}, {"balance": "much"}, {"balance": True}, []])
async def test_an_answer_without_a_number_is_unexpected(scripted, serve, body):
    async def handler(_):
        return web.json_response(body)

    assert await answered(serve, scripted, handler) == {
        "balance": None,
        "connected": True,
        "error": "unexpected response",
    }


async def test_a_decimal_string_is_a_balance(scripted, serve):
    async def handler(_):
        return web.json_response({"data": {"balance": "12.50"}})

    assert (await answered(serve, scripted, handler))["balance"] == 12.5


async def test_a_redirect_is_not_followed(scripted, serve):
    async def handler(_):
        raise web.HTTPFound("https://attacker.example/")

    assert await answered(serve, scripted, handler) == {
        "balance": None,
        "connected": True,
        "error": "Cloud credits request was redirected; redirects are not allowed",
    }


async def test_a_rejected_key_says_so(scripted, serve):
    async def handler(_):
        return web.json_response({"success": False, "error": "Invalid API key"}, status=401)

    body = await answered(serve, scripted, handler)
    assert "Invalid API key" in body.pop("error")
    assert body == {"balance": None, "connected": True, "authRejected": True, "topUpUrl": TOP_UP}


async def test_a_cloud_fault_is_told_in_its_words(scripted, serve):
    async def handler(_):
        return web.json_response({"error": "database on fire"}, status=500)

    body = await answered(serve, scripted, handler)
    assert "database on fire" in body.pop("error")
    assert body == {"balance": None, "connected": True}


async def test_a_refused_base_url_is_the_reason(serve):
    service = await serve("http://192.168.1.1", key="eliza_" + "ab" * 32)
    body = await service.get("/api/cloud/credits")
    assert (body["balance"], body["connected"]) == (None, True)
    assert "192.168.1.1" in body["error"] or "https" in body["error"].lower()
