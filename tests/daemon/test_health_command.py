"""`health` in words, in JSON, and as an exit code; `health --probe` as a supervisor runs it."""

import pytest

from tests.cli.conftest import Answer

ITEM = {
    "code": "credits_low",
    "severity": "warning",
    "title": "The balance is below $2.00.",
    "since": "2026-11-23T10:00:00.000Z",
    "remedy": "Top up; `eliza-cloud credits` shows where.",
    "detail": "The balance is $1.20.",
}
ALIVE = {"ok": True}


@pytest.fixture
def alive(service):
    service.answers("GET", "/healthz", ALIVE)
    return service


def test_nothing_wrong_is_one_calm_sentence(alive, run):
    alive.answers("GET", "/api/cloud/health", {"items": []})
    ran = run("health")
    assert (ran.code, ran.out, ran.err) == (0, "Everything is in order.\n", "")


def test_what_is_wrong_is_listed_with_since_and_remedy_and_is_no_failure(alive, run):
    bad = {**ITEM, "severity": "error", "title": "Bad\x1b[2J.", "detail": None, "remedy": "Mend it."}
    alive.answers("GET", "/api/cloud/health", {"items": [bad, ITEM]})
    ran = run("health")
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert [line.split(" (")[0] for line in lines] == [
        "✗ Bad\\x1b[2J.",
        "  Mend it.",
        "! The balance is below $2.00.",
        "  The balance is $1.20.",
        "  Top up; `eliza-cloud credits` shows where.",
    ]
    assert "(error, since " in lines[0]


def test_json_is_both_answers_of_the_service(alive, run):
    alive.answers("GET", "/api/cloud/health", {"items": [ITEM]})
    ran = run("health", "--json")
    assert (ran.code, ran.lines, ran.err) == (0, [ALIVE, {"items": [ITEM]}], "")


def test_a_probe_sends_no_token_and_prints_the_verdict_alone(alive, run):
    ran = run("health", "--probe")
    assert (ran.code, ran.out, ran.err) == (0, "alive\n", "")
    assert run("health", "--probe", "--json").lines == [ALIVE]
    assert [(asked.path, "Authorization" in asked.headers) for asked in alive.asked] == [
        ("/healthz", False)
    ] * 2


def test_a_probe_needs_no_token_that_can_be_read(alive, run, tmp_path):
    missing = str(tmp_path / "missing")
    assert run("health", "--probe", "--token-file", missing).code == 0
    assert run("health", "--token-file", missing).code == 6


@pytest.mark.parametrize("arguments", [[], ["--probe"]], ids=["items", "probe"])
def test_a_service_whose_link_does_not_answer_is_seven(service, run, arguments):
    service.answers("GET", "/healthz", Answer({"ok": False}, 503))
    ran = run("health", *arguments)
    assert (ran.code, ran.out) == (7, "")
    assert ran.err == (
        "Error: The service answers, but its link runtime is unresponsive.\n"
        "Restart the service; its log says what stopped the link.\n"
    )


@pytest.mark.parametrize("arguments", [[], ["--probe"]], ids=["items", "probe"])
def test_no_service_is_three(run, arguments):
    ran = run("health", "--url", "http://127.0.0.1:1", *arguments)
    assert (ran.code, ran.out) == (3, "")
    assert "No eliza-cloud service is running" in ran.err


def test_a_refusal_of_another_kind_stays_what_it_is(service, run):
    refused = {"ok": False, "error": "Host not allowed", "code": "host_not_allowed"}
    service.answers("GET", "/healthz", Answer(refused, 403))
    ran = run("health", "--probe", "--json")
    assert (ran.code, ran.lines) == (1, [refused])


def test_the_running_service_says_what_is_wrong(start):
    service = start()
    service.settings('{"cloud": {"bridge": {"maxFailures": 0}}}')
    service.process.send_signal(1)
    service.until_logged("settings.refused")
    ran = service.run("health")
    assert ran.returncode == 0
    assert "✗ The settings in eliza.json are wrong. (error, since " in ran.stdout
    assert "cloud.bridge.maxFailures" in ran.stdout
    service.settings("{}")
    service.process.send_signal(1)
    service.until_logged("settings.read")
    assert "settings" not in service.run("health").stdout
