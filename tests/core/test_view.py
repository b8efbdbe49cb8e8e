"""What everyone is shown (local-api §5), as JSON on the wire."""

import msgspec
import pytest

from eliza_cloud.core.link.events import (
    Connect,
    Disconnect,
    HeartbeatMissed,
    KeyRejected,
    ReconnectFailed,
    Stop,
)
from eliza_cloud.core.link.state import Facts
from eliza_cloud.core.states import KeyState, LinkState, Reason
from eliza_cloud.core.timefmt import timestamp
from eliza_cloud.core.views.status import connection_view, shown_state, status_view
from tests.core.link_driver import ANNA, BAD_KEY, BERT, TIMEOUT, LinkDriver, in_state

DISCONNECTED, CONNECTING, CONNECTED, RECONNECTING, ERROR, CLOSING = LinkState
TOP_UP = "https://elizacloud.ai/dashboard/settings?tab=billing"
CONNECTION_KEYS = [
    "state",
    "agentId",
    "agentName",
    "since",
    "reason",
    "attempt",
    "nextAttemptAt",
    "lastHeartbeatAt",
    "lastBackupAt",
]


def _json(facts: Facts, *, running: bool = True) -> dict:
    return msgspec.json.decode(msgspec.json.encode(status_view(facts, running=running)))


def test_a_signed_in_account_is_shown_as_documented():
    body = _json(in_state(CONNECTED, since=1_700_000_000.25, last_heartbeat_at=1_700_000_030.0))
    connection = body.pop("connection")
    assert body == {
        "connected": True,
        "enabled": True,
        "hasApiKey": True,
        "userId": "user-123",
        "organizationId": "org-456",
        "topUpUrl": TOP_UP,
    }
    assert connection == {
        "state": "connected",
        "agentId": ANNA,
        "agentName": "Anna",
        "since": "2023-11-14T22:13:20.250Z",
        "reason": None,
        "attempt": 0,
        "nextAttemptAt": None,
        "lastHeartbeatAt": "2023-11-14T22:13:50.000Z",
        "lastBackupAt": None,
    }
    assert list(connection) == CONNECTION_KEYS


def test_nobody_signed_in_shows_every_field_and_the_reason():
    body = _json(Facts())
    assert list(body) == [
        "connected",
        "enabled",
        "hasApiKey",
        "userId",
        "organizationId",
        "topUpUrl",
        "connection",
        "reason",
    ]
    assert (body["connected"], body["enabled"], body["hasApiKey"], body["userId"]) == (
        False,
        False,
        False,
        None,
    )
    assert body["reason"] == "not_authenticated"
    assert body["connection"]["state"] == "disconnected"
    assert list(body["connection"]) == CONNECTION_KEYS


@pytest.mark.parametrize(
    ("key", "running", "reason"),
    [
        (KeyState.ABSENT, True, "not_authenticated"),
        (KeyState.ABSENT, False, "runtime_not_started"),
        (KeyState.UNVERIFIED, True, "api_key_present_not_authenticated"),
        (KeyState.UNVERIFIED, False, "api_key_present_runtime_not_started"),
        (KeyState.REJECTED, True, "api_key_present_not_authenticated"),
        (KeyState.REJECTED, False, "api_key_present_runtime_not_started"),
        (KeyState.ACCEPTED, False, "api_key_present_runtime_not_started"),
        (KeyState.ACCEPTED, True, None),
    ],
)
def test_the_reason_is_one_of_four_and_only_there_while_not_connected(key, running, reason):
    body = _json(Facts(key=key), running=running)
    assert body["connected"] == (reason is None)
    assert body["hasApiKey"] == (key is not KeyState.ABSENT)
    assert body.get("reason") == reason
    assert ("reason" in body) == (reason is not None)


@pytest.mark.parametrize("state", LinkState)
def test_connected_is_the_accounts_whatever_the_link_does(state):
    assert _json(in_state(state))["connected"] is True
    assert _json(in_state(state, key=KeyState.REJECTED))["connected"] is False


@pytest.mark.parametrize("previous_state", [CONNECTING, CONNECTED, RECONNECTING])
def test_closing_is_shown_as_the_state_it_came_from_with_a_reason(previous_state):
    link = LinkDriver(in_state(previous_state))
    link.send(Connect(BERT))
    assert link.state is CLOSING
    view = connection_view(link.facts)
    assert (view.state, view.reason, view.attempt, view.next_attempt_at) == (
        previous_state.value,
        "closing",
        0,
        None,
    )
    assert shown_state(link.facts) is previous_state


def test_only_five_states_are_ever_shown():
    shown = {shown_state(in_state(state)) for state in LinkState}
    assert {state.value for state in shown} == {
        "disconnected",
        "connecting",
        "connected",
        "reconnecting",
        "error",
    }


def test_the_ladder_shows_its_attempt_and_when_the_next_one_is():
    link = LinkDriver(at=1_700_000_000.0, jitter=1.0)
    link.connects()
    link.loses_the_connection()
    view = connection_view(link.facts)
    assert (view.state, view.reason, view.attempt) == ("reconnecting", "heartbeat_missed", 1)
    assert view.next_attempt_at == "2023-11-14T22:13:23.000Z"


@pytest.mark.parametrize(
    ("before", "event", "reason"),
    [
        ({"state": CONNECTED, "missed_heartbeats": 2}, HeartbeatMissed(7, TIMEOUT), "heartbeat_missed"),
        ({"state": RECONNECTING, "attempt": 10}, ReconnectFailed(7, TIMEOUT), "retries_exhausted"),
        ({"state": CONNECTED}, KeyRejected(3, BAD_KEY), "key_rejected"),
        ({"state": CONNECTED}, Stop(), "closing"),
        ({"state": CONNECTED}, Disconnect(), "closing"),
        ({"state": ERROR}, Disconnect(), None),
    ],
)
def test_the_links_reason_is_shown(before, event, reason):
    link = LinkDriver(in_state(**before))
    link.send(event)
    assert msgspec.json.decode(msgspec.json.encode(connection_view(link.facts)))["reason"] == reason


def test_the_reasons_are_the_documented_words():
    assert {reason.value for reason in Reason} == {
        "connect_failed",
        "heartbeat_missed",
        "retries_exhausted",
        "key_rejected",
        "agent_gone",
        "credits_exhausted",
        "price_confirmation_required",
        "agent_suspended",
        "closing",
    }


def test_a_link_that_was_disconnected_shows_no_agent():
    link = LinkDriver(in_state(CONNECTING))
    link.send(Disconnect())
    body = _json(link.facts)
    assert body["connection"]["agentId"] is None
    assert (body["connected"], body["enabled"], body["hasApiKey"]) == (False, False, False)
    assert (body["userId"], body["organizationId"]) == (None, None)


def test_times_are_iso_8601_in_utc_with_milliseconds():
    assert timestamp(0.0) == "1970-01-01T00:00:00.000Z"
    assert timestamp(1_700_000_000.9996) == "2023-11-14T22:13:20.999Z"
