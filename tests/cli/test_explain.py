"""`explain`: the service's sentences, what else is wrong, and why there is no service."""

import socket

import pytest

from tests.cli.conftest import status

ITEM = {"severity": "warning", "since": "2026-11-23T10:00:00.000Z", "remedy": "Do this.", "detail": None}
TOLD = {
    "state": "error",
    "cause": "agent_gone",
    "sentences": ["The link to ada has failed for 3 min.", "The agent was deleted.\x07"],
    "items": [
        {**ITEM, "code": "agent_gone", "title": "The agent was deleted at Eliza Cloud."},
        {**ITEM, "code": "settings_unknown", "title": "Some settings are not known."},
    ],
}


def test_the_sentences_come_first_and_then_what_is_wrong_besides(service, run):
    service.answers("GET", "/api/cloud/explain", TOLD)
    service.answers("GET", "/api/cloud/status", status(state="error"))
    ran = run("explain")
    first, second, blank, item, remedy = ran.out.splitlines()
    assert [first, second] == ["The link to ada has failed for 3 min.", r"The agent was deleted.\x07"]
    assert blank == ""
    assert item.startswith("! Some settings are not known. (warning, since ")
    assert remedy == "  Do this."


@pytest.mark.parametrize(
    ("view", "code"),
    [({}, 0), ({"state": "error"}, 5), ({"connected": False, "reason": "not_authenticated"}, 4)],
)
def test_it_exits_as_status_does(service, run, view, code):
    service.answers("GET", "/api/cloud/explain", TOLD)
    service.answers("GET", "/api/cloud/status", status(**view))
    assert run("explain").code == run("status").code == code
    ran = run("explain", "--json")
    assert (ran.code, ran.lines) == (code, [TOLD])


def test_where_none_runs_and_none_could_it_says_why(clean_environment, run, monkeypatch):
    monkeypatch.setenv("ELIZA_API_PORT", "9")
    (clean_environment / "eliza.json").write_text('{"cloud": {"bridge": {"heartbeatIntervalMs": "soon"}}}')
    ran = run("explain", "--json")
    assert ran.code == 3
    assert ran.lines[0]["code"] == "settings_invalid"
    assert "No eliza-cloud service is running at http://127.0.0.1:9. Starting one would fail: " in ran.err
    assert "heartbeatIntervalMs" in ran.err
    assert "config check" in ran.err


def test_where_one_could_run_it_says_how_to_start_it(clean_environment, run, monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("ELIZA_API_PORT", str(free.getsockname()[1]))
        monkeypatch.setenv("ELIZA_PORT", str(free.getsockname()[1]))
    ran = run("explain")
    assert ran.code == 3
    assert ran.err.splitlines()[1] == "Start one with `eliza-cloud serve`."


def test_of_a_service_elsewhere_it_says_no_more_than_that_none_answers(clean_environment, run):
    (clean_environment / "eliza.json").write_text("{")
    ran = run("explain", "--url", "http://127.0.0.1:9")
    assert (ran.code, ran.err.splitlines()[0]) == (
        3,
        "Error: No eliza-cloud service is running at http://127.0.0.1:9.",
    )
