"""cloud-api-latest L3, L8, L20, L21, L22: checkout, limits, sign-in, user, the key that revokes itself."""

from uuid import uuid4

import pytest

CHECKOUT = "/api/v1/credits/checkout"
CURRENT = "/api/v1/api-keys/current"
SESSION = "/api/auth/cli-session"


async def _checkout(api, key="order-00001", **change):
    body = {
        "amountUsd": 10,
        "success_url": "https://cloud.eliza.app/ok",
        "cancel_url": "http://localhost:3000/no",
        **change,
    }
    body = {name: value for name, value in body.items() if value is not None}
    headers = {**api.headers, **({} if key is None else {"Idempotency-Key": key})}
    return await api.post(CHECKOUT, json=body, headers=headers)


async def test_the_same_key_leads_to_the_same_page(api_l):
    first, again, other = [
        await _checkout(api_l, key) for key in ("order-00001", "order-00001", "order-00002")
    ]
    assert (first.status, set(first.body)) == (200, {"url", "sessionId"})
    assert first.body == again.body
    assert other.body["sessionId"] != first.body["sessionId"]
    assert (await _checkout(api_l, "order-00001", amountUsd=20)).status == 409


@pytest.mark.parametrize(
    ("key", "error"),
    [
        (None, "Idempotency-Key header is required"),
        ("short", "Idempotency-Key header is invalid"),
        ("-starts-with-a-dash", "Idempotency-Key header is invalid"),
        ("x" * 129, "Idempotency-Key header is invalid"),
    ],
)
async def test_the_key_is_checked(api_l, key, error):
    answer = await _checkout(api_l, key)
    assert (answer.status, answer.body) == (
        400,
        {"success": False, "error": error, "code": "validation_error"},
    )


async def test_the_amount_has_two_names_that_must_agree(api_l):
    assert (await _checkout(api_l, amountUsd=None, credits=10)).status == 200
    assert (await _checkout(api_l, "order-00002", credits=10)).status == 200
    assert (await _checkout(api_l, "order-00003", credits=11)).status == 400
    assert (await _checkout(api_l, "order-00004", amountUsd=None)).status == 400
    assert (await _checkout(api_l, "order-00005", amountUsd=1001)).status == 400


@pytest.mark.parametrize(
    ("page", "status"),
    [
        ("https://eliza.app/ok", 200),
        ("http://127.0.0.1:3001/ok", 200),
        ("https://api.eliza.app/ok", 400),
        ("https://www.elizacloud.ai/ok", 400),
        ("https://cloud.eliza.app.evil.example/ok", 400),
    ],
)
async def test_a_payment_leads_back_to_known_pages_only(api_l, page, status):
    answer = await _checkout(api_l, success_url=page)
    assert answer.status == status
    if status == 400:
        assert answer.body == {"error": "Invalid success_url"}


async def test_limits_show_what_is_used(api_l):
    await api_l.create()
    data = (await api_l.get("/api/v1/billing/limits")).body["data"]
    assert set(data) == {
        *("observedAt", "cloudCharacters", "containers", "apps", "agentSandboxes", "storage"),
        "inferenceRateLimits",
    }
    sandboxes = data["agentSandboxes"]
    assert (sandboxes["used"], sandboxes["eagerManagedCreate"]) == (1, {"state": "available", "limit": 100})
    await api_l.control("organization", maxAgents=1)
    data = (await api_l.get("/api/v1/billing/limits")).body["data"]
    assert data["agentSandboxes"]["state"] == "at-limit"


async def test_the_user_stands_there_twice(api_l):
    body = (await api_l.get("/api/v1/user")).body
    data = body.pop("data")
    assert body.pop("success") is True
    assert body == data
    assert set(data["organization"]) == {
        *("id", "name", "slug", "credit_balance", "billing_email", "is_active", "created_at", "updated_at"),
    }
    assert data["organization_id"] == data["organization"]["id"]


async def test_a_user_may_have_no_organization(api_l):
    lonely = await api_l.key(email="lonely@example.org")
    await api_l.control("users", email="lonely@example.org", organization=False)
    body = (await lonely.get("/api/v1/user")).body
    assert (body["organization"], body["data"]["organization_id"]) == (None, None)
    assert (await lonely.get(api_l.agents)).status == 403


@pytest.mark.parametrize("header", ["X-API-Key", "Authorization"])
async def test_a_key_revokes_itself_and_again_gives_the_same_receipt(api_l, header):
    key = (await api_l.key()).headers["X-Api-Key"]
    headers = {header: key if header == "X-API-Key" else f"Bearer {key}"}
    first = await api_l.call("DELETE", CURRENT, headers=headers)
    again = await api_l.call("DELETE", CURRENT, headers=headers)
    assert (first.status, first.body["success"], bool(first.body["credentialId"])) == (200, True, True)
    assert again.body == first.body
    assert (await api_l.get("/api/v1/user", headers=headers)).status == 401
    assert (await api_l.get("/api/v1/user")).status == 200


async def test_it_takes_exactly_one_header_and_a_key_that_was_issued(api_l):
    key = api_l.headers["X-Api-Key"]
    both = {"X-API-Key": key, "Authorization": f"Bearer {key}"}
    assert (await api_l.call("DELETE", CURRENT, headers=both)).status == 401
    unknown = await api_l.call("DELETE", CURRENT, headers={"X-API-Key": f"eliza_{'0' * 64}"})
    assert (unknown.status, unknown.body["error"]) == (401, "API key identity could not be proven")
    assert (await api_l.get("/api/v1/user")).status == 200


async def test_other_generations_take_no_key_there(api_c, api_n):
    for api in (api_c, api_n):
        answer = await api.call("DELETE", CURRENT)
        assert (answer.status, answer.body["code"]) == (401, "session_auth_required")


async def test_a_session_has_no_delete_and_checks_its_id(api_l):
    session_id = (await api_l.post(SESSION, json={})).body["sessionId"]
    assert (await api_l.call("DELETE", f"{SESSION}/{session_id}", headers=api_l.headers)).status == 405
    wrong = await api_l.get(f"{SESSION}/nope", headers={})
    assert (wrong.status, wrong.body) == (400, {"error": "Invalid session ID format"})


async def test_a_key_completes_a_session_and_again_says_so(api_l):
    session_id = (await api_l.post(SESSION, json={})).body["sessionId"]
    first = await api_l.post(f"{SESSION}/{session_id}/complete")
    assert set(first.body) == {"success", "keyPrefix", "expiresAt", "alreadyAuthenticated"}
    assert (first.status, first.body["alreadyAuthenticated"]) == (200, False)
    assert (await api_l.post(f"{SESSION}/{session_id}/complete")).body["alreadyAuthenticated"] is True
    foreign = {**api_l.headers, "Origin": "https://evil.example"}
    refused = await api_l.post(f"{SESSION}/{session_id}/complete", headers=foreign)
    assert (refused.status, refused.body["code"]) == (403, "forbidden_origin")


async def test_a_key_that_nobody_collects_is_revoked_when_its_session_expires(api_l):
    session_id = (await api_l.post(SESSION, json={})).body["sessionId"]
    await api_l.control("approve", sessionId=session_id)
    count = len((await api_l.get("/emulator/state")).body["keys"])
    await api_l.clock.advance(600)
    assert (await api_l.get(f"{SESSION}/{session_id}", headers={})).status == 404
    assert len((await api_l.get("/emulator/state")).body["keys"]) == count - 1


async def test_with_approve_the_first_poll_brings_the_key(start):
    for generation in ("2026-04", "latest"):
        api = await start(generation, signed_in=False, approve=True)
        session_id = (await api.post(SESSION, json={"sessionId": str(uuid4())})).body["sessionId"]
        polled = (await api.get(f"{SESSION}/{session_id}")).body
        assert polled["status"] == "authenticated"
        assert (await api.get("/api/v1/user", headers={"X-API-Key": polled["apiKey"]})).status == 200


async def test_one_address_may_ask_six_hundred_times_a_minute(start):
    api = await start("latest")
    for _ in range(600):
        await api.get("/api/v1/jobs/x", headers={})
    refused = await api.get("/api/v1/jobs/x", headers={})
    assert (refused.status, refused.headers["Retry-After"]) == (429, "60")


async def test_logs_are_a_job(api_l):
    agent_id = await api_l.dedicated()
    await api_l.say(agent_id, "hello")
    answer = await api_l.get(f"/api/compat/agents/{agent_id}/logs?tail=1")
    data = answer.body["data"]
    assert (answer.status, data["tail"], data["agentStatus"]) == (202, 1, "running")
    assert (data["polling"]["intervalMs"], data["polling"]["expectedDurationMs"]) == (2000, 15000)
    await api_l.clock.advance(1)
    job = await api_l.job(data["jobId"])
    assert (job["type"], job["maxAttempts"]) == ("agent_logs", 2)
    assert job["result"]["logs"] == "1800000003000 message from assistant"


async def test_a_streamed_completion_may_end_with_its_usage(api_l, api_n):
    body = {
        "model": "openai/gpt-oss-120b",
        "messages": [{"role": "user", "content": "hello"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    for api, has_usage in ((api_l, True), (api_n, False)):
        text = (await api.post("/api/v1/chat/completions", json=body)).body
        assert ('"usage":{"prompt_tokens":2' in text) is has_usage
        assert text.rstrip().endswith("data: [DONE]")
