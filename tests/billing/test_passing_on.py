"""What is passed on as it is, what is refused, and which words and keys go along."""

import asyncio
import io
import json

import pytest
import structlog
from aiohttp import web

from eliza_cloud.api.http.inputs import MAX_BODY
from eliza_cloud.redaction.secret import Secret
from tests.billing.conftest import KEY, SUMMARY, says
from tests.harness.service import NOWHERE

SERVICE_KEY = "sk-backend-5ec4e7b2a1"
CLOUD_SETTINGS = "/api/v1/billing/settings"
SETTINGS = "/api/cloud/billing/settings"


async def test_settings_are_read_and_changed(signed_in):
    body = await signed_in.get(SETTINGS)
    assert set(body["settings"]) == {"autoTopUp", "payAsYouGoFromEarnings", "limits"}
    answer = await signed_in.call("PUT", SETTINGS, json={"autoTopUp": {"amount": 20}})
    assert (await answer.json())["settings"]["autoTopUp"]["amount"] == 20
    answer = await signed_in.call("PUT", SETTINGS, json={"autoTopUp": {"amount": 0}})
    assert (answer.status, (await answer.json())["error"]) == (400, "Invalid request data")


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ("settings?a=1", "/api/v1/billing/settings"),
        ("credits/balance?fresh=true&x=1", "/api/v1/credits/balance?fresh=true"),
        ("credits/summary", "/api/v1/credits/summary"),
        ("credits/verify?session_id=a%26b", "/api/v1/credits/verify?session_id=a%26b"),
        ("crypto/status", "/api/crypto/status"),
        ("crypto/payments", "/api/crypto/payments"),
    ],
)
async def test_these_paths_are_passed_on_with_their_own_parameters(against, heard, path, there):
    handler = heard.and_says({"success": False, "error": "unpaid"})
    service = await against({f"GET {there.partition('?')[0]}": handler})
    answer = await service.call("GET", f"/api/cloud/billing/{path}")
    assert (answer.status, await answer.json()) == (200, {"success": False, "error": "unpaid"})
    assert heard.requests[0].raw_path == there


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/credits/transactions",
        "/credits/anything",
        "/crypto/webhook",
        "/x402",
        "/settings/",
        "/..%2fuser",
    ],
)
async def test_no_other_path_is_passed_on(against, path):
    service = await against({})
    answer = await service.call("GET", f"/api/cloud/billing{path}")
    assert (answer.status, (await answer.json())["code"]) == (404, "unknown_path")


@pytest.mark.parametrize("status", [400, 402, 403, 404, 409, 429, 500, 503])
async def test_a_refusal_keeps_its_status_and_its_body(against, status):
    body = {"success": False, "error": "No", "code": "because", "requiredBalance": 5, "details": [1]}
    service = await against({"GET /api/v1/credits/summary": says(body, status)})
    for path in ("summary", "payment-methods", "credits/summary"):
        answer = await service.call("GET", f"/api/cloud/billing/{path}")
        assert (answer.status, await answer.json()) == (status, body)


@pytest.mark.parametrize(
    ("body", "headers", "waits"),
    [
        ({"error": "Too many requests", "retryAfter": 42}, {}, "42"),
        ({"error": "Too many requests"}, {"Retry_After": "7"}, "7"),
        ({"error": "Too many requests", "retryAfter": 42}, {"Retry_After": "7"}, "7"),
        ({"error": "Too many requests"}, {}, None),
    ],
)
async def test_how_long_to_wait_is_passed_on(against, body, headers, waits):
    service = await against({f"GET {CLOUD_SETTINGS}": says(body, 429, **headers)})
    answer = await service.call("GET", SETTINGS)
    assert (answer.status, answer.headers.get("Retry-After")) == (429, waits)


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"error": {"message": "Out of luck"}}, "Out of luck"),
        ({"message": "Out of luck"}, "Out of luck"),
        ({"error": 7}, "Eliza Cloud answered HTTP 418 without saying why."),
        ("<html>teapot</html>", "Eliza Cloud answered HTTP 418 without saying why."),
    ],
)
async def test_a_refusal_always_has_a_string_for_an_error(against, said, error):
    service = await against({f"GET {CLOUD_SETTINGS}": says(said, 418)})
    answer = await service.call("GET", SETTINGS)
    assert (answer.status, (await answer.json())["error"]) == (418, error)


async def test_a_page_where_json_was_expected_is_502(against):
    service = await against({f"GET {CLOUD_SETTINGS}": says("<html>welcome</html>")})
    answer = await service.call("GET", SETTINGS)
    assert (answer.status, (await answer.json())["code"]) == (502, "invalid_response")


async def test_a_redirect_is_502_and_not_followed(against):
    async def away(_):
        raise web.HTTPFound("https://attacker.example/")

    service = await against({f"GET {CLOUD_SETTINGS}": away})
    answer = await service.call("GET", SETTINGS)
    assert (answer.status, (await answer.json())["code"]) == (502, "redirected")


EVERY = [
    ("GET", f"/api/cloud/billing/{path}") for path in ("summary", "payment-methods", "history", "settings")
]
EVERY += [("POST", f"/api/cloud/billing/{path}") for path in ("checkout", "crypto/quote")]
EVERY += [("GET", "/api/cloud/compat/agents")]


@pytest.mark.parametrize(("method", "path"), EVERY)
async def test_without_a_key_they_say_where_to_log_in(service, method, path):
    content = {"json": {"amountUsd": 10}} if method == "POST" else {}
    answer = await service.call(method, path, **content)
    body = await answer.json()
    assert (answer.status, body["error"]) == (401, "Not connected to Eliza Cloud. Please log in first.")
    assert body["code"] == "not_authenticated"


@pytest.mark.parametrize(("method", "path"), EVERY)
async def test_a_cloud_that_cannot_be_asked_is_502(serve, method, path):
    content = {"json": {"amountUsd": 10}} if method == "POST" else {}
    for base_url, code in ((NOWHERE, "cloud_unreachable"), ("http://192.168.1.1", "base_url_refused")):
        service = await serve(base_url, key=KEY)
        answer = await service.call(method, path, **content)
        assert (answer.status, (await answer.json())["code"]) == (502, code)


async def test_a_slow_cloud_is_504_in_the_contracts_words(against, monkeypatch):
    monkeypatch.setattr("eliza_cloud.cloud.billing.TIMEOUT", 0.05)
    over = asyncio.Event()

    async def slow(request):
        await request.content.read()
        await over.wait()

    service = await against({f"GET {CLOUD_SETTINGS}": slow})
    answer = await service.call("GET", SETTINGS)
    assert (answer.status, (await answer.json())["error"]) == (504, "Eliza Cloud billing request timed out")
    over.set()


async def test_a_body_over_a_mebibyte_is_413(signed_in):
    answer = await signed_in.call("PUT", SETTINGS, data=io.BytesIO(b" " * (MAX_BODY + 1)))
    assert (answer.status, (await answer.json())["code"]) == (413, "body_too_large")


async def test_a_refused_key_is_looked_into(against):
    refusal = says({"success": False, "error": "Invalid API key"}, 401)
    service = await against({f"GET {CLOUD_SETTINGS}": refusal})
    doubted = []
    service.manager.reverify_key = lambda: doubted.append(True)
    answer = await service.call("GET", SETTINGS)
    assert (answer.status, (await answer.json())["error"]) == (401, "Invalid API key")
    assert doubted == [True]


async def test_the_service_key_goes_along_and_nowhere_else(against, heard):
    with structlog.testing.capture_logs() as log:
        service = await against(
            {
                "GET /api/v1/credits/summary": heard.and_says(SUMMARY),
                f"GET {CLOUD_SETTINGS}": heard.and_says(
                    {"error": f"{SERVICE_KEY} is unknown", SERVICE_KEY: 1}, 403
                ),
                "GET /api/v1/credits/balance": heard.and_says({"balance": 9}),
            },
            service_key=Secret(SERVICE_KEY),
        )
        texts = []
        for path in ("/api/cloud/billing/summary", SETTINGS, "/api/cloud/credits", "/api/cloud/status"):
            answer = await service.call("GET", path)
            texts += [await answer.text(), str(answer.headers)]
    keys = [request.headers.get("X-Service-Key") for request in heard.requests]
    assert keys == [SERVICE_KEY, SERVICE_KEY, None]
    assert {request.headers["Authorization"] for request in heard.requests} == {f"Bearer {KEY}"}
    assert [text for text in texts if SERVICE_KEY in text] == []
    assert SERVICE_KEY not in json.dumps(log, default=str)


async def test_without_a_service_key_none_is_sent(against, heard):
    service = await against({f"GET {CLOUD_SETTINGS}": heard.and_says({"success": True})})
    await service.get(SETTINGS)
    assert "X-Service-Key" not in heard.requests[0].headers
