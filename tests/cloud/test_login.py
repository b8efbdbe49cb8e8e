"""Signing in (cloud-api §7)."""

import uuid

import msgspec
import pytest
from aiohttp import web

from eliza_cloud.cloud.errors import (
    CloudServerError,
    InvalidRequest,
    InvalidResponse,
    KeyRefused,
    KeyUnavailable,
    NotFound,
    RateLimited,
    TimedOut,
)
from eliza_cloud.cloud.types.models import LoginPoll
from eliza_cloud.redaction.secret import Secret

from .conftest import KEY

SESSIONS = "/api/auth/cli-session"
SESSION = "5a0b6d9e-1111-4222-8333-444455556666"
POLL = f"{SESSIONS}/{SESSION}"


async def test_a_sign_in_is_begun_with_a_random_uuid_and_without_credentials(client, cloud):
    cloud.on("POST", SESSIONS, (201, {"status": "pending", "expiresAt": "2026-11-23T10:10:00.000Z"}))
    session = await client.create_login_session()
    sent = msgspec.json.decode(cloud.asked[0].body)
    assert list(sent) == ["sessionId"]
    assert uuid.UUID(sent["sessionId"]).version == 4
    assert session.session_id == sent["sessionId"]
    assert session.browser_url == f"{cloud.base_url}/auth/cli-login?session={session.session_id}"
    assert session.expires_at == "2026-11-23T10:10:00.000Z"
    assert not session.revocable
    assert not {"X-API-Key", "Authorization"} & set(cloud.asked[0].headers)
    assert (await client.create_login_session()).session_id != session.session_id


async def test_the_first_generation_keeps_our_id_and_cannot_revoke(client, cloud):
    async def echo(request):
        return web.json_response({**await request.json(), "status": "pending"}, status=201)

    cloud.on("POST", SESSIONS, echo)
    session = await client.create_login_session()
    assert session.session_id == msgspec.json.decode(cloud.asked[0].body)["sessionId"]
    assert not session.revocable


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((400, {"error": "Session ID is required"}), InvalidRequest),
        ((429, {"error": "Too many requests"}, {"Retry-After": "60"}), RateLimited),
        ((500, {"error": "Failed to create authentication session"}), CloudServerError),
        ((404, b"<html>"), NotFound),
        ((200, b"<html>"), InvalidResponse),
    ],
)
async def test_a_sign_in_that_cannot_begin_says_why(client, cloud, answer, error):
    cloud.on("POST", SESSIONS, answer)
    with pytest.raises(error) as caught:
        await client.create_login_session()
    assert caught.value.retry_after == (60.0 if error is RateLimited else None)


async def test_sign_in_calls_have_their_own_time(client, cloud):
    cloud.on("POST", SESSIONS, cloud.hang)
    cloud.on("GET", POLL, cloud.hang)
    with pytest.raises(TimedOut):
        await client.create_login_session(timeout=0.05)
    with pytest.raises(TimedOut):
        await client.poll_login(SESSION, timeout=0.05)


@pytest.mark.parametrize(
    ("answer", "poll"),
    [
        ((200, {"status": "pending"}), LoginPoll("pending")),
        ((200, {"status": "expired"}), LoginPoll("expired")),
        ((200, {"status": "slightly_odd"}), LoginPoll("slightly_odd")),
        (
            (200, {"status": "authenticated", "apiKey": KEY, "keyPrefix": KEY[:12], "expiresAt": None}),
            LoginPoll("authenticated", Secret(KEY), KEY[:12], None),
        ),
        (
            (200, {"status": "authenticated", "message": "API key already retrieved"}),
            LoginPoll("authenticated"),
        ),
        ((200, {"status": "authenticated", "apiKey": ""}), LoginPoll("authenticated")),
        ((404, {"error": "Session not found or expired"}), LoginPoll("expired")),
        ((410, {"error": "gone"}), LoginPoll("expired")),
    ],
)
async def test_a_poll_reports_where_the_sign_in_stands(client, cloud, answer, poll):
    cloud.on("GET", POLL, answer)
    assert await client.poll_login(SESSION) == poll
    assert not {"X-API-Key", "Authorization"} & set(cloud.asked[0].headers)
    assert KEY not in repr(poll)


async def test_a_new_key_that_equals_the_present_one_is_still_a_key(make_client, cloud):
    cloud.on("GET", POLL, (200, {"status": "authenticated", "apiKey": KEY}))
    assert (await make_client(key=KEY).poll_login(SESSION)).key == Secret(KEY)


@pytest.mark.parametrize("status", [404, 410])
async def test_a_key_that_cannot_be_handed_out_ends_the_sign_in(client, cloud, status):
    cloud.on("GET", POLL, (status, {"error": "API key unavailable: revoked"}))
    with pytest.raises(KeyUnavailable, match="API key unavailable: revoked") as caught:
        await client.poll_login(SESSION)
    assert not caught.value.retryable
    assert caught.value.cloud_status == status


@pytest.mark.parametrize(
    ("answer", "error", "retryable"),
    [
        ((400, {"error": "Invalid session ID format"}), InvalidRequest, False),
        ((404, b"<html>deploying</html>"), NotFound, True),
        ((500, {"error": "Failed to get session status"}), CloudServerError, True),
        ((200, {"something": "else"}), InvalidResponse, True),
    ],
)
async def test_a_poll_that_fails_is_no_expiry(client, cloud, answer, error, retryable):
    cloud.on("GET", POLL, answer)
    with pytest.raises(error) as caught:
        await client.poll_login(SESSION)
    assert caught.value.retryable is retryable


async def test_a_collected_key_is_revoked_with_itself(make_client, cloud):
    new_key = "eliza_" + "f" * 64
    cloud.on("DELETE", POLL, (204, b""))
    await make_client(key=KEY).revoke_login_key(SESSION, Secret(new_key))
    assert cloud.asked[0].headers["Authorization"] == f"Bearer {new_key}"
    assert KEY not in str(cloud.asked[0].headers)


@pytest.mark.parametrize(
    ("answer", "error"),
    [((401, {"error": KEY}), KeyRefused), ((405, b""), InvalidResponse), ((404, b"<html>"), NotFound)],
)
async def test_a_revocation_that_fails_says_so_without_the_key(make_client, cloud, answer, error):
    cloud.on("DELETE", POLL, answer)
    with pytest.raises(error) as caught:
        await make_client(key=None).revoke_login_key(SESSION, Secret(KEY))
    assert KEY not in str(caught.value)
