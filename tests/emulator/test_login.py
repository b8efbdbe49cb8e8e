"""cloud-api §7: CLI login sessions."""

import asyncio
from uuid import uuid4

import pytest

from tests.emulator.conftest import C, N

PATH = "/api/auth/cli-session"


async def _create(api):
    answer = await api.post(PATH, json={"sessionId": str(uuid4())}, headers={})
    assert answer.status == 201
    return answer.body["sessionId"]


async def test_c_takes_the_clients_id_and_n_makes_its_own(api):
    mine = str(uuid4())
    answer = await api.post(PATH, json={"sessionId": mine}, headers={})
    assert answer.status == 201
    assert set(answer.body) == {"sessionId", "status", "expiresAt"}
    assert answer.body["status"] == "pending"
    assert answer.body["expiresAt"] == "2027-01-15T08:10:00.000Z"
    assert (answer.body["sessionId"] == mine) is (api.generation == C)


@pytest.mark.parametrize("body", ["{}", '{"sessionId": 5}', '{"sessionId": ""}', "[]"])
async def test_c_needs_an_id(api_c, body):
    answer = await api_c.call("POST", PATH, data=body)
    assert (answer.status, answer.body) == (400, {"error": "Session ID is required"})


async def test_c_answers_500_to_a_duplicate_and_to_no_json(api_c):
    session_id = await _create(api_c)
    for data in (f'{{"sessionId": "{session_id}"}}', "", "null"):
        answer = await api_c.call("POST", PATH, data=data)
        assert (answer.status, answer.body) == (500, {"error": "Failed to create authentication session"})


async def test_n_ignores_the_body_and_limits_by_address(api_n):
    for _ in range(10):
        assert (await api_n.call("POST", PATH, data="no json", headers={})).status == 201
    refused = await api_n.post(PATH, headers={})
    assert (refused.status, refused.headers["Retry-After"]) == (429, "60")


async def test_the_key_is_handed_out_once_and_works(api):
    session_id = await _create(api)
    assert (await api.get(f"{PATH}/{session_id}", headers={})).body == {"status": "pending"}
    approved = (await api.control("approve", sessionId=session_id)).body
    first = await api.get(f"{PATH}/{session_id}", headers={})
    assert set(first.body) == {"status", "apiKey", "keyPrefix", "expiresAt"}
    assert first.body["keyPrefix"] == first.body["apiKey"][:12] == approved["keyPrefix"]
    assert first.body["expiresAt"] is None
    second = await api.get(f"{PATH}/{session_id}", headers={})
    assert (second.status, second.body) == (
        200,
        {"status": "authenticated", "message": "API key already retrieved"},
    )
    assert (await api.get("/api/v1/user", headers={"X-API-Key": first.body["apiKey"]})).status == 200


async def test_of_twenty_concurrent_polls_exactly_one_gets_the_key(api):
    session_id = await _create(api)
    await api.control("approve", sessionId=session_id)
    answers = await asyncio.gather(*(api.get(f"{PATH}/{session_id}", headers={}) for _ in range(20)))
    assert sum("apiKey" in answer.body for answer in answers) == 1


async def test_a_session_lives_ten_minutes_signed_in_or_not(api):
    pending, ready = await _create(api), await _create(api)
    await api.clock.advance(599)
    await api.control("approve", sessionId=ready)
    assert (await api.get(f"{PATH}/{pending}", headers={})).body == {"status": "pending"}
    await api.clock.advance(1)
    for session_id in (pending, ready):
        answer = await api.get(f"{PATH}/{session_id}", headers={})
        assert (answer.status, answer.body) == (404, {"error": "Session not found or expired"})
    late = await api.post("/emulator/approve", json={"sessionId": pending})
    assert late.status == 409


async def test_an_id_that_is_no_uuid_breaks_c_and_is_malformed_in_n(api):
    answer = await api.get(f"{PATH}/nope", headers={})
    if api.generation == N:
        assert (answer.status, answer.body) == (400, {"error": "Invalid session ID format"})
    else:
        assert (answer.status, answer.body) == (500, {"error": "Failed to get session status"})


async def test_n_says_when_the_key_was_revoked_before_it_was_collected(api_n):
    session_id = await _create(api_n)
    prefix = (await api_n.control("approve", sessionId=session_id)).body["keyPrefix"]
    await api_n.control("keys/revoke", keyPrefix=prefix)
    answer = await api_n.get(f"{PATH}/{session_id}", headers={})
    assert (answer.status, answer.body) == (404, {"error": "API key unavailable: not-found"})


async def test_n_takes_a_collected_key_back(api_n):
    session_id = await _create(api_n)
    await api_n.control("approve", sessionId=session_id)
    key = (await api_n.get(f"{PATH}/{session_id}", headers={})).body["apiKey"]
    path = f"{PATH}/{session_id}"
    assert (await api_n.call("DELETE", path, headers={})).status == 401
    stranger = {"Authorization": f"Bearer {api_n.headers['X-Api-Key']}"}
    assert (await api_n.call("DELETE", path, headers=stranger)).status == 403
    assert (await api_n.call("DELETE", path, headers={"Authorization": f"Bearer {key}"})).status == 204
    assert (await api_n.get("/api/v1/user", headers={"X-API-Key": key})).status == 401
    assert (await api_n.call("DELETE", path, headers={"Authorization": f"Bearer {key}"})).status == 403


async def test_c_has_no_revocation(api_c):
    session_id = await _create(api_c)
    answer = await api_c.call("DELETE", f"{PATH}/{session_id}")
    assert answer.status == 405
