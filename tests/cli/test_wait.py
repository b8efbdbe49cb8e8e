"""`wait`: over, when it is so; and with the reason, when it is not in time."""

import time
from datetime import datetime

import pytest

from eliza_cloud.cli.client import event_stream as event_feed
from eliza_cloud.cli.commands.wait import AIMS
from tests.cli.conftest import TOKEN, Answer, status
from tests.cli.streaming import snapshot, stream

STREAM = "/api/cloud/events"
CRASHED = {**status(connected=False), "reason": "api_key_present_runtime_not_started"}
DOUBTED = {**status(connected=False), "reason": "api_key_present_not_authenticated"}
SIGNED_OUT = {
    **status(state="disconnected", connected=False, hasApiKey=False),
    "reason": "not_authenticated",
}
WAITING = "Waiting for the link to be connected. The link is"
NEXT = "2026-11-23T10:00:00.000Z"


@pytest.mark.parametrize(
    ("body", "so"),
    [
        (status(), {"service", "signed-in", "connected", "ready"}),
        (status(state="reconnecting"), {"service", "signed-in"}),
        (status(state="disconnected"), {"service", "signed-in", "disconnected"}),
        (SIGNED_OUT, {"service", "signed-out", "disconnected"}),
        (DOUBTED, {"service", "ready"}),
        (CRASHED, set()),
    ],
)
def test_each_aim_is_so_in_exactly_these_states(service, run, body, so):
    service.answers("GET", "/api/cloud/status", body)
    reached = {aim for aim in AIMS if run("wait", "--for", aim, "--timeout", "0").code == 0}
    assert reached == so


def test_it_ends_with_the_first_status_by_which_it_is_so(service, run):
    service.answers(
        "GET",
        STREAM,
        stream(snapshot(1, state="connecting"), snapshot(2, state="connected"), snapshot(3, state="error")),
    )
    ran = run("wait", "--for", "connected", "--json")
    assert ran.code == 0
    assert [line["connection"]["state"] for line in ran.lines] == ["connected"]
    assert ran.err == "Waiting for the link to be connected. The link is ◌ connecting (ada).\n"
    assert len(service.requests("GET")) == 1


def test_what_it_waits_for_comes_with_the_reason_the_next_try_and_what_to_do(service, run):
    link = {"attempt": 4, "nextAttemptAt": NEXT}
    service.answers(
        "GET",
        STREAM,
        stream(
            snapshot(1, state="reconnecting", reason="heartbeat_missed", link=link),
            snapshot(2, state="error", reason="key_rejected"),
            snapshot(3),
        ),
    )
    at = datetime.fromisoformat(NEXT).astimezone().isoformat(timespec="seconds")
    ran = run("wait", "--for", "connected")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.splitlines() == [
        f"{WAITING} ◐ reconnecting (ada), the agent stopped answering, try 4 is made at {at}.",
        f"{WAITING} ✗ error (ada), Eliza Cloud does not accept the API key. To do: eliza-cloud login",
    ]


def test_at_the_timeout_it_exits_7_with_the_reason(service, run, monkeypatch):
    monkeypatch.setattr(event_feed, "RETRY", 0.05)
    service.answers("GET", STREAM, stream(snapshot(1, state="error", reason="agent_gone")))
    begun = time.monotonic()
    ran = run("wait", "--for", "connected", "--timeout", "1")
    assert time.monotonic() - begun >= 1.0
    assert ran.code == 7
    assert "Timed out after 1 s waiting for the link to be connected." in ran.err


def test_a_look_says_why_it_is_not_so(service, run):
    service.answers("GET", "/api/cloud/status", status(state="error", reason="agent_gone"))
    ran = run("wait", "--for", "connected", "--timeout", "0", "--json")
    assert ran.code == 7
    why = "The link is ✗ error (ada), the agent was deleted at Eliza Cloud."
    sentence = f"Timed out waiting for the link to be connected. {why}"
    assert ran.lines == [{"ok": False, "error": sentence, "code": "wait_timeout"}]
    assert "To do: eliza-cloud agents list" in ran.err


def test_a_service_that_is_not_there_is_waited_for(clean_environment, run, monkeypatch):
    monkeypatch.setenv("ELIZA_API_PORT", "9")
    ran = run("wait", "--for", "ready", "--timeout", "1")
    assert ran.code == 7
    assert "No eliza-cloud service is running at http://127.0.0.1:9." in ran.err
    assert run("wait", "--for", "ready", "--timeout", "0").code == 7


def test_the_token_is_read_again_at_each_try(service, run, clean_environment):
    """A service that has never run yet writes its token when it starts."""
    token = clean_environment / "api-token"
    token.unlink()
    taken = []

    def connect_later(asked):
        taken.append(asked.headers.get("Authorization"))
        token.write_text(TOKEN)

    service.heard = connect_later
    service.answers(
        "GET",
        STREAM,
        Answer({"ok": False, "error": "The service is stopping.", "code": "stopping"}, 503),
        stream(snapshot(1)),
    )
    assert run("wait", "--for", "connected").code == 0
    assert taken == [None, f"Bearer {TOKEN}"]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer({"ok": False, "error": "Unauthorized", "code": "unauthorized"}, 401), 6),
        (Answer(b"hello", headers={"Content-Type": "text/html"}), 3),
        (Answer({"ok": False, "error": "Too many.", "code": "too_many_readers"}, 503), 7),
    ],
)
def test_what_waiting_cannot_mend_ends_it_at_once(service, run, answer, code):
    service.answers("GET", STREAM, answer)
    assert run("wait", "--for", "connected", "--timeout", "600").code == code


@pytest.mark.parametrize("wrong", [("--timeout", "-1"), ("--timeout", "nan"), ("--for", "christmas")])
def test_wrong_usage_is_2(service, run, wrong):
    assert run("wait", "--for", "connected", *wrong).code == 2
    assert run("wait").code == 2
