"""How commands fail: one sentence, a remedy, an exit code for scripts, and JSON where it was asked for."""

import json
import os
import re
import threading

import pytest

from eliza_cloud.cli.client import http as client
from eliza_cloud.cli.exit_codes import MEANINGS, ExitCode
from tests.cli.conftest import AGENT, Answer
from tests.harness import processes
from tests.harness.processes import CLI


def refused(status, code, error="It cannot be done.", **details):
    return Answer({"ok": False, "error": error, "code": code, **details}, status)


@pytest.mark.parametrize(
    ("status", "code", "exit_code"),
    [
        (401, "not_authenticated", ExitCode.NOT_SIGNED_IN),
        (401, "key_rejected", ExitCode.NOT_SIGNED_IN),
        (401, "unauthorized", ExitCode.TOKEN_REFUSED),
        (402, "credits_exhausted", ExitCode.FAILED),
        (404, "not_found", ExitCode.FAILED),
        (409, "superseded", ExitCode.FAILED),
        (429, "rate_limited", ExitCode.TRY_LATER),
        (500, "internal_error", ExitCode.FAILED),
        (502, "cloud_server_error", ExitCode.FAILED),
        (503, "agent_not_running", ExitCode.NOT_LINKED),
        (503, "stopping", ExitCode.TRY_LATER),
        (504, "cloud_timeout", ExitCode.TRY_LATER),
    ],
)
def test_each_kind_of_refusal_has_its_exit_code(service, run, status, code, exit_code):
    service.answers("GET", "/api/cloud/agents", refused(status, code))
    ran = run("agents", "list")
    assert ran.code == exit_code
    assert ran.err.splitlines()[0] == "Error: It cannot be done."
    assert ran.out == ""


@pytest.mark.parametrize(("status", "shown"), [(404, False), (499, False), (500, True), (504, True)])
def test_the_request_id_that_was_sent_is_shown_when_the_fault_is_on_the_services_side(
    service, run, status, shown
):
    service.answers("GET", "/api/cloud/agents", refused(status, "x"))
    ran = run("agents", "list")
    (asked,) = service.asked
    assert re.fullmatch(r"[0-9a-f]{32}", asked.headers["X-Request-Id"])
    assert (f"Request id {asked.headers['X-Request-Id']}" in ran.err.splitlines()) is shown
    assert ("Request id" in ran.err) is shown


def test_each_command_has_a_request_id_of_its_own(service, run):
    service.answers("GET", "/api/cloud/agents", refused(404, "x"))
    run("agents", "list")
    run("agents", "list")
    first, second = (asked.headers["X-Request-Id"] for asked in service.asked)
    assert first != second


def test_a_refusal_in_json_is_the_services_own_body(service, run):
    service.answers("GET", "/api/cloud/agents", refused(402, "credits_exhausted", requiredBalance=5))
    ran = run("agents", "list", "--json")
    assert ran.lines == [
        {"ok": False, "error": "It cannot be done.", "code": "credits_exhausted", "requiredBalance": 5}
    ]
    assert ran.err.startswith("Error: It cannot be done.")


def test_a_wait_the_service_asks_for_is_passed_on(service, run):
    answer = refused(429, "rate_limited")
    answer.headers["Retry-After"] = "17"
    service.answers("GET", "/api/cloud/agents", answer)
    assert "Try again in 17 s." in run("agents", "list").err


def test_not_signed_in_says_how_to_sign_in(service, run):
    service.answers("GET", "/api/cloud/agents", refused(401, "not_authenticated"))
    assert "eliza-cloud login" in run("agents", "list").err


def test_no_service_is_one_sentence_and_how_to_start_one(run, clean_environment):
    ran = run("status", "--url", "http://127.0.0.1:1")
    assert ran.code == 3
    assert ran.err.splitlines() == [
        "Error: No eliza-cloud service is running at http://127.0.0.1:1.",
        "Start one with `eliza-cloud serve`.",
    ]


def test_no_service_in_json(run, clean_environment):
    ran = run("status", "--json", "--url", "http://127.0.0.1:1")
    assert ran.code == 3
    assert ran.lines[0]["code"] == "service_not_running"


@pytest.mark.parametrize("body", [b"<html>hello</html>", b"[1]", b"", b"\xff", b"[" * 100_000])
def test_something_else_on_the_port_is_no_service_of_ours(service, run, body):
    service.answers("GET", "/api/cloud/status", Answer(body))
    ran = run("status")
    assert ran.code == 3
    assert "is not an eliza-cloud service" in ran.err


def test_a_service_that_does_not_answer_is_given_up(service, run, monkeypatch):
    release = threading.Event()
    service.answers("GET", "/api/cloud/agents", Answer({}, after=release))
    monkeypatch.setattr(client, "TICK", 0.01)
    monkeypatch.setattr(client.Service.get, "__kwdefaults__", {"timeout": 0.05})
    ran = run("agents", "list")
    release.set()
    assert ran.code == ExitCode.TRY_LATER
    assert "did not answer within" in ran.err


def test_control_characters_of_others_reach_the_terminal_escaped(service, run):
    service.answers("GET", "/api/cloud/agents", refused(400, "x", error="red \x1b[31m and \x9b2J gone"))
    assert run("agents", "list").err == "Error: red \\x1b[31m and \\x9b2J gone\n"


def test_markup_in_names_is_text(service, run):
    agent = {"id": AGENT, "agentName": "[red]x[/red]", "status": "running"}
    service.answers("GET", "/api/cloud/agents", {"ok": True, "agents": [agent]})
    assert "[red]x[/red]" in run("agents", "list").out


def test_every_exit_code_is_in_the_help(run):
    shown = run("--help").out
    for code, meaning in MEANINGS.items():
        assert f"{int(code):>3}  {meaning}" in shown
    assert set(MEANINGS) == set(ExitCode)


def test_wrong_usage_is_two(run):
    assert run("nonsense").code == 2
    assert run("agents", "create").code == 2
    assert run("status", "--nonsense").code == 2


def test_the_token_is_in_no_output(service, run, clean_environment):
    token = (clean_environment / "api-token").read_text().strip()
    service.answers("GET", "/api/cloud/agents", refused(401, "unauthorized"))
    for arguments in (["agents", "list"], ["agents", "list", "--json"], ["status"], ["status", "--json"]):
        ran = run(*arguments)
        assert token not in ran.out + ran.err


def test_there_is_no_way_to_give_the_token_as_an_argument(run):
    for command in (["status"], ["login"], ["agents", "list"], ["chat"]):
        assert "--token " not in run(*command, "--help").out


def test_json_is_one_line_of_json(service, run):
    out = run("status", "--json").out
    assert out.count("\n") == 1
    assert json.loads(out)["connected"] is True


def test_a_reader_that_goes_away_is_no_traceback(clean_environment):
    reader, writer = os.pipe()
    os.close(reader)
    ran = processes.run(*CLI, "diagram", stdout=writer)
    os.close(writer)
    assert (ran.returncode, ran.stderr) == (1, "")


@pytest.mark.parametrize("body", [{}, {"agents": 5}, {"agents": [{}]}, {"agents": ["x"]}])
def test_an_answer_without_what_the_api_promises_is_one_sentence(service, run, body):
    service.answers("GET", "/api/cloud/agents", body)
    ran = run("agents", "list")
    assert ran.code == 1
    assert "is not what this command expects" in ran.err
