"""cloud-api §3, §4, §5, §8: prefixes, credentials, error bodies, the user."""

import re

import pytest

UNKNOWN_ID = "00000000-0000-0000-0000-000000000001"
UNEXPECTED = {"success": False, "error": "An unexpected error occurred", "code": "internal_error"}
WRONG_KEY = "eliza_" + "0" * 64


async def test_a_key_is_eliza_and_64_hex_and_is_shown_by_twelve_characters(api):
    minted = (await api.control("keys")).body
    assert re.fullmatch(r"eliza_[0-9a-f]{64}", minted["apiKey"])
    assert minted["keyPrefix"] == minted["apiKey"][:12]


@pytest.mark.parametrize(
    ("headers", "status", "error", "code"),
    [
        ({}, 401, "Unauthorized", "authentication_required"),
        ({"Authorization": "Bearer mk_123"}, 401, "Invalid authentication token", "authentication_required"),
        ({"Authorization": "Bearer a.b.c"}, 401, "Invalid or expired token", "authentication_required"),
        (
            {"Authorization": f"Bearer {WRONG_KEY}"},
            401,
            "Invalid or expired API key",
            "authentication_required",
        ),
        ({"X-API-Key": "anything"}, 401, "Invalid or expired API key", "authentication_required"),
    ],
)
async def test_bad_credentials_are_refused_with_their_code(api, headers, status, error, code):
    answer = await api.get(api.agents, headers=headers)
    assert answer.status == status
    assert answer.body == {"success": False, "error": error, "code": code}


async def test_bearer_works_like_the_header_and_the_header_wins(api):
    key = api.headers["X-Api-Key"]
    assert (await api.get(api.agents, headers={"Authorization": f"Bearer {key}"})).status == 200
    both = {"Authorization": f"Bearer {key}", "X-API-Key": WRONG_KEY}
    assert (await api.get(api.agents, headers=both)).status == 401


async def test_wallet_headers_fail_closed(api):
    wallet = {"X-Wallet-Address": "0x1", "X-Wallet-Signature": "0x2", "X-Timestamp": "3"}
    assert (await api.get(api.agents, headers={**api.headers, **wallet})).status == 401


async def test_a_revoked_key_and_an_inactive_one_are_unknown(api):
    other = await api.key()
    await api.control("keys/revoke", apiKey=other.headers["X-Api-Key"])
    assert (await other.get(api.agents)).status == 401
    third = await api.key()
    await api.control("keys/revoke", apiKey=third.headers["X-Api-Key"], inactive=True)
    answer = await third.get(api.agents)
    assert (answer.status, answer.body["error"]) == (401, "Invalid or expired API key")
    assert (await api.get(api.agents)).status == 200


async def test_an_inactive_organization_is_denied(api):
    await api.control("organization", active=False)
    answer = await api.get(api.agents)
    assert (answer.status, answer.body["error"]) == (403, "Organization is inactive")


async def test_session_only_paths_refuse_keys(api):
    for path in (
        "/api/auth/cli-session/x/complete",
        "/api/stripe/create-checkout-session",
        "/api/v1/api-keys",
    ):
        answer = await api.post(path)
        assert (answer.status, answer.body["code"]) == (401, "session_auth_required")


async def test_preflights_pass_with_open_cors(api):
    answer = await api.call("OPTIONS", api.agents, headers={})
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (204, "*")


async def test_other_generations_prefixes_are_html_404s_and_missing_agents_json_404s(api):
    prefixes = {"/api/v1/eliza/agents", "/api/v1/milady/agents", "/api/v1/milaidy/agents"}
    known = {prefix for prefix in prefixes if (await api.get(prefix)).status == 200}
    assert known == (
        {"/api/v1/eliza/agents"} if api.generation == "next" else prefixes - {"/api/v1/eliza/agents"}
    )
    for prefix in prefixes - known:
        answer = await api.get(prefix)
        assert (answer.status, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    missing = await api.get(f"{api.agents}/{UNKNOWN_ID}")
    assert (missing.status, missing.body) == (404, {"success": False, "error": "Agent not found"})
    assert missing.headers["Content-Type"] == "application/json"


async def test_an_id_that_is_no_uuid_breaks_the_query(api):
    answer = await api.get(f"{api.agents}/nope")
    assert (answer.status, answer.body) == (500, UNEXPECTED)


async def test_a_body_that_is_no_json_is_500_in_c_and_400_in_n(api):
    answer = await api.call("POST", api.agents, data="{")
    if api.generation == "next":
        assert (answer.status, answer.body["error"]) == (400, "Invalid JSON body")
    else:
        assert (answer.status, answer.body) == (500, UNEXPECTED)


async def test_the_user_has_exactly_the_contracts_keys(api):
    answer = await api.get("/api/v1/user")
    assert answer.status == 200
    assert set(answer.body) == {"success", "data"}
    assert set(answer.body["data"]) == {
        *(
            "id",
            "email",
            "name",
            "avatar",
            "nickname",
            "work_function",
            "preferences",
            "response_notifications",
        ),
        *("email_notifications", "role", "email_verified", "wallet_address", "wallet_chain_type"),
        *("wallet_verified", "is_active", "created_at", "updated_at", "organization"),
    }
    organization = answer.body["data"]["organization"]
    assert set(organization) == {"id", "name", "slug", "credit_balance"}
    assert organization["credit_balance"] == "25.00"


async def test_the_users_refusals_have_no_code(api):
    answer = await api.get("/api/v1/user", headers={"X-API-Key": WRONG_KEY})
    assert (answer.status, answer.body) == (401, {"success": False, "error": "Invalid or expired API key"})


async def test_standard_paths_are_limited_to_sixty_a_minute(api):
    first = await api.get("/api/v1/user")
    assert first.headers["X-RateLimit-Limit"] == "60"
    assert first.headers["X-RateLimit-Remaining"] == "59"
    assert first.headers["X-RateLimit-Reset"] == "2027-01-15T08:01:00.000Z"
    assert first.headers["X-RateLimit-Policy"] == "in-memory"
    for _ in range(59):
        assert (await api.get("/api/v1/user")).status == 200
    await api.clock.advance(20)
    refused = await api.get("/api/v1/user")
    assert (refused.status, refused.headers["Retry-After"]) == (429, "40")
    assert refused.body["code"] == "rate_limit_exceeded"
    assert refused.body["retryAfter"] == 40
    assert (await (await api.key()).get("/api/v1/user")).status == 200
    await api.clock.advance(40)
    assert (await api.get("/api/v1/user")).status == 200


async def test_without_rate_limits_nothing_is_counted(start):
    api = await start(rate_limits=False)
    for _ in range(61):
        answer = await api.get("/api/v1/user")
        assert answer.status == 200
    assert "X-RateLimit-Limit" not in answer.headers


async def test_keys_can_be_refused_for_a_while(api):
    await api.control("keys/outage", seconds=5)
    refused = await api.get(api.agents)
    assert (refused.status, refused.body["error"]) == (401, "Invalid or expired API key")
    await api.clock.advance(5)
    assert (await api.get(api.agents)).status == 200


async def test_in_c_one_kind_of_call_uses_up_the_limit_of_another(api):
    for _ in range(60):
        await api.post("/api/v1/embeddings", json={})
    assert (await api.get("/api/v1/user")).status == (429 if api.generation == "2026-04" else 200)


async def test_health_is_public(api):
    assert (await api.get("/api/health", headers={})).body == {"status": "ok", "timestamp": 1_800_000_000_000}
