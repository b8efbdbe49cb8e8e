# ruff: noqa: PLR0917 - a table of cases has as many columns as it has
"""From the cloud's answers to the error tree (cloud-api §5, §6)."""

import time
from email.utils import formatdate

import pytest

from eliza_cloud.cloud import errors
from eliza_cloud.cloud.http.error_body import body_retry_after, retry_after
from eliza_cloud.cloud.http.error_mapping import error_for
from eliza_cloud.cloud.http.request import CloudResponse
from eliza_cloud.redaction.secret import CloudTextRedactor, Secret

from .conftest import AGENT, KEY


def fail(status, document=None, retry_after=None):
    return error_for(CloudResponse(status, document, retry_after), CloudTextRedactor(None))


@pytest.mark.parametrize(
    ("status", "body", "kind", "code", "ours", "retryable"),
    [
        (400, {"error": "Invalid request data"}, errors.InvalidRequest, "invalid_request", 400, False),
        (401, {"error": "Invalid or expired API key"}, errors.KeyRefused, "key_rejected", 401, False),
        (401, None, errors.KeyRefused, "key_rejected", 401, False),
        (402, {"error": "Insufficient credits"}, errors.InsufficientCredits, "credits_exhausted", 402, False),
        (403, {"error": "inactive", "code": "access_denied"}, errors.KeyRefused, "key_rejected", 403, False),
        (
            403,
            {"error": "x", "code": "agent_image_not_allowed"},
            errors.AccessDenied,
            "access_denied",
            403,
            False,
        ),
        (403, None, errors.AccessDenied, "access_denied", 403, False),
        (404, {"error": "Agent not found"}, errors.NotFound, "not_found", 404, False),
        (404, None, errors.NotFound, "unknown_path", 502, True),
        (409, {"error": "Sandbox is not running"}, errors.Conflict, "conflict", 409, False),
        (409, {"error": "Agent state changed while starting"}, errors.Conflict, "conflict", 409, True),
        (409, {"error": "Agent provisioning is in progress"}, errors.Conflict, "conflict", 409, True),
        (
            409,
            {"error": "x", "code": "client_message_conflict", "retryable": False},
            errors.Conflict,
            "conflict",
            409,
            False,
        ),
        (
            409,
            {"error": "x", "code": "provision_enqueue_rejected", "retryable": True},
            errors.Conflict,
            "conflict",
            409,
            True,
        ),
        (429, {"error": "Too many requests"}, errors.RateLimited, "rate_limited", 429, True),
        (
            429,
            {"error": "x", "code": "agent_quota_exceeded"},
            errors.QuotaExceeded,
            "agent_quota_exceeded",
            429,
            False,
        ),
        (
            500,
            {"error": "An unexpected error occurred"},
            errors.CloudServerError,
            "cloud_server_error",
            502,
            True,
        ),
        (500, None, errors.CloudServerError, "cloud_server_error", 502, True),
        (
            503,
            {"error": "x", "code": "service_unavailable"},
            errors.CloudServerError,
            "cloud_server_error",
            502,
            True,
        ),
        (504, None, errors.CloudServerError, "cloud_server_error", 502, True),
        (599, None, errors.CloudServerError, "cloud_server_error", 502, True),
        (418, {"error": "teapot"}, errors.InvalidResponse, "invalid_response", 502, False),
        (200, {"success": False, "error": "no"}, errors.CloudServerError, "cloud_server_error", 502, False),
    ],
)
def test_each_status_has_its_error(status, body, kind, code, ours, retryable):
    error = fail(status, None if body is None else {"success": False, **body})
    assert type(error) is kind
    assert (error.code, error.status, error.cloud_status) == (code, ours, status)
    assert error.retryable is retryable
    assert str(error).endswith(".")
    if body is not None and len(body["error"]) > 2:
        assert body["error"] in str(error)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"error": "plain text"}, "plain text"),
        ({"error": {"message": "nested text", "type": "x"}}, "nested text"),
        ({"message": "only a message"}, "only a message"),
        ({"error": "  ", "message": "fallback"}, "fallback"),
        ({"error": 7}, "Bad Request (HTTP 400)"),
        ({}, "Bad Request (HTTP 400)"),
        ({"error": "line one\n  at Object.<anonymous> (/srv/x.js:1:1)"}, "line one."),
        ({"error": "bell\x07 and \x1b[31mred"}, "bell and [31mred"),
    ],
)
def test_the_clouds_own_text_is_found_in_the_order_of_the_contract(document, said):
    message = str(fail(400, document))
    assert said in message
    assert "\n" not in message
    assert message.isprintable()


def test_the_clouds_text_is_bounded():
    assert len(str(fail(400, {"error": "x" * 10_000}))) < 500


def test_the_clouds_details_keep_their_names():
    error = fail(
        402,
        {
            "success": False,
            "error": "Insufficient credits",
            "code": "insufficient_credits",
            "requiredBalance": 5,
            "currentBalance": "3.20",
            "unknown": "left out",
        },
    )
    assert error.details == {
        "requiredBalance": 5,
        "currentBalance": "3.20",
        "cloudCode": "insufficient_credits",
    }
    assert "balance $3.20, needed $5.00" in str(error)


@pytest.mark.parametrize("nested", [True, False])
def test_an_agent_quota_carries_its_numbers_and_no_time_to_wait(nested):
    numbers = {"currentAgents": 3, "maxAgents": 3}
    body = {"success": False, "error": "Quota", "code": "agent_quota_exceeded", "retryable": True}
    error = fail(429, {**body, **({"details": numbers} if nested else numbers)}, retry_after=60.0)
    assert {name: error.details[name] for name in numbers} == numbers
    assert not error.retryable
    assert error.retry_after is None


def test_other_members_of_the_contract_are_kept_when_they_are_small():
    issues = [{"path": ["agentName"], "message": "Required"}]
    polling = {"intervalMs": 5000}
    body = {
        "error": "x",
        "details": issues,
        "failureId": "f1",
        "polling": polling,
        "retryAfter": 9,
        "required": 2,
    }
    assert fail(400, body).details == {
        "details": issues,
        "failureId": "f1",
        "polling": polling,
        "retryAfter": 9,
        "required": 2,
    }
    assert fail(400, {"error": "x", "data": "y" * 5000}).details == {}
    deep = []
    for _ in range(900):
        deep = [deep]
    assert fail(400, {"error": "x", "data": deep}).details in ({}, {"data": deep})


def test_seconds_to_wait_come_from_the_header_and_else_from_the_body():
    assert fail(503, {"error": "warming", "retryAfter": 7}, retry_after=1.0).retry_after == 1.0
    assert fail(503, {"error": "warming", "retryAfter": 7}).retry_after == 7.0
    assert fail(429, {"error": "x", "retryAfter": "60"}).retry_after == 60.0
    assert "Try again in 60 s." in str(fail(429, {"error": "x", "retryAfter": "60"}))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("1", 1.0),
        (" 120 ", 120.0),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("1e3", None),
        ("soon", None),
        ("inf", None),
        ("NaN", None),
        ("9" * 400, None),
        ("Wed, 99 Foo 2026 00:00:00 GMT", None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
    ],
)
def test_retry_after_is_seconds_and_nonsense_is_ignored(text, seconds):
    assert retry_after({"Retry-After": text}) == seconds


def test_retry_after_may_be_a_date_measured_by_the_clouds_own_clock():
    later = {"Retry-After": "Mon, 23 Nov 2026 10:01:30 GMT", "Date": "Mon, 23 Nov 2026 10:00:00 GMT"}
    assert retry_after(later) == 90.0
    assert retry_after({"Retry-After": formatdate(time.time() + 30, usegmt=True)}) == pytest.approx(30, abs=2)
    assert retry_after({}) is None


@pytest.mark.parametrize("value", [True, -1, float("nan"), float("inf"), "soon", None, [], 10**400])
def test_nonsense_in_a_bodys_retry_after_is_ignored(value):
    assert body_retry_after(value) is None


def test_the_key_is_never_shown_in_text_or_details():
    key = 'opaque"key/with+signs'
    body = {
        "error": f"bad key {key} (Bearer {key})",
        "code": f"x {key}",
        "data": {"deep": [{key: f"echo {key}"}]},
        "details": [key],
    }
    error = error_for(CloudResponse(400, body, None), CloudTextRedactor(Secret(key)))
    assert key not in str(error) + repr(error) + repr(error.details)
    assert error.details["data"] == {"deep": [{"<secret>": "echo <secret>"}]}
    assert "bad key <secret> (Bearer <secret>)" in str(error)


def test_a_key_at_the_bound_of_the_text_leaves_no_part_of_itself():
    error = error_for(CloudResponse(400, {"error": "x" * 270 + KEY}, None), CloudTextRedactor(Secret(KEY)))
    assert "eliza_" not in str(error)


def test_keys_of_the_clouds_shape_are_hidden_even_when_they_are_not_ours():
    assert KEY not in str(fail(400, {"error": f"key {KEY} is known"}))


async def test_a_server_that_echoes_the_key_gets_it_into_no_error(client, cloud):
    agent = cloud.agents()
    echo = {"success": False, "error": f"key {KEY}", "data": {"apiKey": KEY}}
    cloud.on("POST", f"{agent}/provision", (402, echo))
    cloud.on("POST", f"{agent}/bridge", (200, {"error": {"code": -32000, "message": f"dead {KEY}"}}))
    cloud.on("POST", f"{agent}/stream", (200, f'event: error\ndata: {{"message": "{KEY}"}}\n\n'.encode()))
    cloud.on("GET", "/api/v1/user", (302, b"", {"Location": f"https://{KEY}.example.com/{KEY}"}))
    cloud.on(
        "GET", "/api/v1/jobs/j1", (200, {"data": {"id": "j1", "status": "failed", "error": f"no {KEY}"}})
    )
    caught = []
    for call in (
        client.provision(AGENT),
        client.heartbeat(AGENT),
        client.send_message(AGENT, "hi"),
        anext(client.stream_message(AGENT, "hi")),
        client.get_user(),
    ):
        with pytest.raises(errors.CloudError) as info:
            await call
        caught.append(info.value)
    for error in caught:
        chain = [error, error.__cause__, error.__context__]
        assert not any(KEY in f"{link!s} {link!r} {vars(link) if link else ''}" for link in chain)
    assert KEY not in str((await client.get_job("j1")).error)
