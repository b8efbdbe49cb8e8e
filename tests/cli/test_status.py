"""`status` in words, in JSON, and as an exit code."""

from datetime import UTC, datetime, timedelta

import pytest

from eliza_cloud.cli.client import event_stream
from eliza_cloud.cli.output.link import ACCOUNT, GLYPHS, REMEDIES, WHY
from eliza_cloud.core.states import LinkState, Reason
from tests.cli.conftest import AGENT, STATUS, Answer, in_a_terminal, status
from tests.cli.streaming import change, link_entry, snapshot, stream


def test_json_is_the_services_body(service, run):
    ran = run("status", "--json")
    assert ran.lines == [STATUS]
    assert ran.err == ""


def test_the_hosts_in_use_are_shown_where_they_are_asked_for(service, run):
    hosts = {"baseUrl": "https://a.example", "apiUrl": "https://b.example", "pagesUrl": "https://c.example"}
    service.answers("GET", "/api/cloud/hosts", hosts)
    out = run("status", "--verbose").out
    assert "https://b.example (to which https://a.example leads)" in out
    assert "https://c.example" in out
    assert run("status", "--verbose", "--json").lines == [{**STATUS, "hosts": hosts}]
    assert "example" not in run("status").out


def test_hosts_that_are_not_known_are_left_out(service, run):
    service.answers("GET", "/api/cloud/hosts", dict.fromkeys(("baseUrl", "apiUrl", "pagesUrl")))
    assert "None" not in run("status", "--verbose").out


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (status(), 0),
        (status(state="disconnected"), 5),
        (status(state="connecting"), 5),
        (status(state="reconnecting"), 5),
        (status(state="error"), 5),
        (status(state="disconnected", connected=False, hasApiKey=False, reason="not_authenticated"), 4),
        (status(state="error", connected=False), 4),
    ],
)
def test_the_exit_code_tells_the_state(service, run, body, code):
    service.answers("GET", "/api/cloud/status", body)
    assert run("status").code == code
    assert run("status", "--json").code == code


def test_a_connected_link_in_words(service, run):
    out = run("status").out
    assert "● signed in as user-123 of org-456" in out
    assert "● connected (ada)" in out
    assert AGENT in out
    assert "to do" not in out
    assert all(line == line.rstrip() for line in out.splitlines())


def test_a_reconnecting_link_says_why_and_when_it_tries_again(service, run):
    soon = (datetime.now(UTC) + timedelta(seconds=40.9)).isoformat()
    link = {"attempt": 4, "nextAttemptAt": soon}
    service.answers(
        "GET", "/api/cloud/status", status(state="reconnecting", reason="heartbeat_missed", link=link)
    )
    out = run("status").out
    assert "◐ reconnecting (ada)" in out
    assert "the agent stopped answering" in out
    assert "try 4 in 40 s" in out


def test_a_try_whose_time_has_come_is_under_way(service, run):
    link = {"attempt": 2, "nextAttemptAt": "2026-11-23T10:00:00.000Z"}
    service.answers(
        "GET", "/api/cloud/status", status(state="reconnecting", reason="heartbeat_missed", link=link)
    )
    assert "try 2 is under way" in run("status").out


@pytest.mark.parametrize(
    ("reason", "words", "to_do"),
    [
        ("credits_exhausted", "the balance is too low", "top up at https://example.com/top-up"),
        ("key_rejected", "does not accept the API key", "eliza-cloud login"),
        ("agent_gone", "was deleted at Eliza Cloud", "eliza-cloud agents list"),
        (
            "retries_exhausted",
            "no attempt to restore the link succeeded",
            f"eliza-cloud agents connect {AGENT}",
        ),
    ],
)
def test_what_waiting_cannot_mend_comes_with_what_to_do(service, run, reason, words, to_do):
    service.answers("GET", "/api/cloud/status", status(state="error", reason=reason))
    out = run("status").out
    assert words in out
    assert f"to do      {to_do}" in out


def test_signed_out_says_how_to_sign_in(service, run):
    link = {"agentId": None, "agentName": None}
    body = status(state="disconnected", connected=False, userId=None, link=link)
    service.answers("GET", "/api/cloud/status", {**body, "reason": "not_authenticated"})
    out = run("status").out
    assert "○ not signed in" in out
    assert "to do    eliza-cloud login" in out
    assert "heartbeat" not in out


def test_every_state_has_a_glyph_and_every_reason_words():
    assert set(GLYPHS) == {state.value for state in LinkState} - {LinkState.CLOSING.value}
    assert set(WHY) == {reason.value for reason in Reason}
    assert set(REMEDIES) <= set(WHY) | set(ACCOUNT)


def test_a_reason_of_a_later_version_is_shown_as_it_is(service, run):
    service.answers("GET", "/api/cloud/status", status(state="error", reason="struck_by_lightning"))
    assert "struck_by_lightning" in run("status").out


STREAM = "/api/cloud/events"
OVER = Answer({"ok": False, "error": "Unauthorized", "code": "unauthorized"}, 401)
"""What ends watching in these tests: no restart explains it."""


@pytest.fixture
def changing(service, monkeypatch):
    """A service whose link is connected, beats, breaks, restarts, and reconnects."""
    monkeypatch.setattr(event_stream, "RETRY", 0.0)
    beat = change(link_entry(2), link={"lastHeartbeatAt": "2026-11-23T10:00:30.000Z"})
    broken = change(link_entry(3), state="reconnecting", reason="heartbeat_missed")
    service.answers("GET", STREAM, stream(snapshot(1), beat, broken), stream(snapshot(9)), OVER)
    return service


def test_watching_prints_each_change_once_and_survives_a_restart(changing, run):
    ran = run("status", "--watch")
    links = [line.split()[2] for line in ran.out.splitlines() if line.startswith("link")]
    assert links == ["connected", "reconnecting", "connected"]
    assert "The service ended the stream. Waiting until it answers again." in ran.err


def test_watching_in_json_prints_the_statuses_one_a_line(changing, run):
    ran = run("status", "--watch", "--json")
    assert ran.lines[0] == STATUS
    assert [line["connection"]["state"] for line in ran.lines[:3]] == [
        "connected",
        "reconnecting",
        "connected",
    ]


def test_a_terminal_shows_it_in_place(changing):
    shown = in_a_terminal("status", "--watch")
    assert "reconnecting" in shown
    assert "\x1b[1A" in shown


def test_times_are_iso_8601_with_their_offset(service, run):
    service.answers(
        "GET", "/api/cloud/agents", {"agents": [{"id": AGENT, "createdAt": "2026-11-23T10:00:00Z"}]}
    )
    at = datetime(2026, 11, 23, 10, tzinfo=UTC).astimezone().isoformat()
    shown = run("status").out
    assert f"since      {at} (" in shown
    assert f"heartbeat  {at} (" in shown
    assert at in run("agents", "list").out
