"""What the running service was started with, and where the shell that asks differs from it."""

import json
import os
import subprocess
import sys

import pytest

from tests.cli.conftest import TOKEN, Answer, ScriptedService
from tests.harness import processes

PATH = "/api/cloud/installation"
THEIRS = "/var/lib/eliza-cloud"
STARTED = {
    "ok": True,
    "version": "0.1.0",
    "process": 4711,
    "stateDirectory": THEIRS,
    "configFile": f"{THEIRS}/eliza.json",
    "baseUrl": "https://other.example",
    "variables": {"ELIZA_STATE_DIR": THEIRS, "ELIZA_API_TOKEN": "[set]", "ELIZA_LOG_LEVEL": "debug"},
}


@pytest.fixture
def quick(monkeypatch):
    """No cloud is looked for."""
    monkeypatch.setenv("ELIZA_CLOUD_ALLOW_LOOPBACK", "1")
    monkeypatch.setenv("ELIZAOS_CLOUD_BASE_URL", "http://127.0.0.1:9")


@pytest.mark.parametrize("command", ["config show", "doctor"])
def test_it_is_shown_where_the_service_differs_from_this_shell(
    service, clean_environment, run, quick, command
):
    service.answers("GET", PATH, STARTED)
    ran = run(*command.split())
    shown = ran.out.split("The running service (process 4711) differs from this shell:\n")[1]
    rows = {line.split()[0]: line.split()[-2:] for line in shown.splitlines()[1:]}
    assert rows["state"] == [THEIRS, str(clean_environment)]
    assert rows["base"] == ["https://other.example", "http://127.0.0.1:9"]
    assert rows["ELIZA_LOG_LEVEL"] == ["debug", "-"]
    assert "ELIZA_API_TOKEN" not in rows
    [body] = run(*command.split(), "--json").lines
    assert {"name": "ELIZA_LOG_LEVEL", "service": "debug", "here": "-"} in body["differs"]


def test_explain_says_it_beside_the_explanation(service, run):
    explanation = {"sentences": ["All is well."], "items": [], "cause": None}
    service.answers("GET", "/api/cloud/explain", explanation)
    service.answers("GET", PATH, STARTED)
    ran = run("explain")
    assert ran.out == "All is well.\n"
    assert "The service has ELIZA_LOG_LEVEL debug; this shell has -." in ran.err.splitlines()
    assert run("explain", "--json").lines == [explanation]


def test_a_service_like_the_one_that_would_be_started_here_is_not_mentioned(
    service, clean_environment, run, quick
):
    ours = {"ELIZA_STATE_DIR": str(clean_environment), "ELIZA_API_PORT": str(service.port)}
    ours |= {"ELIZA_CLOUD_ALLOW_LOOPBACK": "1", "ELIZAOS_CLOUD_BASE_URL": "http://127.0.0.1:9"}
    paths = {"stateDirectory": str(clean_environment), "configFile": str(clean_environment / "eliza.json")}
    service.answers("GET", PATH, {**STARTED, **paths, "baseUrl": "http://127.0.0.1:9", "variables": ours})
    assert "differs" not in run("config", "show").out
    [body] = run("config", "show", "--json").lines
    assert body["differs"] == []


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("command", ["config show", "doctor", "bundle"])
def test_another_service_is_asked_with_the_token_of_the_file(
    clean_environment, run, tmp_path, monkeypatch, command
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ELIZA_API_PORT", "9")
    (clean_environment / "api-token").unlink()
    (tmp_path / "token").write_text(TOKEN)
    elsewhere = ScriptedService()
    try:
        elsewhere.answers("GET", PATH, STARTED)
        ran = run(*command.split(), "--url", elsewhere.url, "--token-file", str(tmp_path / "token"), "--json")
        [asked] = [one for one in elsewhere.asked if one.path == PATH]
    finally:
        elsewhere.close()
    assert asked.headers["Authorization"] == f"Bearer {TOKEN}"
    assert TOKEN not in ran.out + ran.err
    assert json.loads(ran.out)


def test_without_a_service_the_settings_of_this_shell_are_shown_without_a_word(
    clean_environment, run, monkeypatch
):
    monkeypatch.setenv("ELIZA_API_PORT", "9")
    ran = run("config", "show")
    assert (ran.code, ran.err) == (0, "")
    assert run("config", "show", "--url", "http://127.0.0.1:9").code == 3


def test_a_service_that_refuses_to_tell_is_named(service, run):
    service.answers("GET", PATH, Answer({"ok": False, "error": "Unauthorized", "code": "unauthorized"}, 401))
    ran = run("config", "show")
    assert ran.code == 0
    assert "The running service was not asked what it was started with: Unauthorized" in ran.err


@pytest.fixture
def unit(tmp_path, clean_environment, monkeypatch):
    """A machine whose systemd runs the service, from a shell that knows nothing of it."""
    monkeypatch.delenv("ELIZA_STATE_DIR")
    monkeypatch.setenv("ELIZA_API_PORT", "9")
    (tmp_path / "systemctl").write_text(
        '#!/bin/sh\ncase "$*" in *--user*) exit 1 ;; esac\n'
        "printf 'LoadState=loaded\\nMainPID=%s\\nEnvironment=%s\\nEnvironmentFiles=%s\\n'"
        ' "${TEST_PID:-0}" "$TEST_ENVIRONMENT" "$TEST_FILES"\n'
    )
    (tmp_path / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return clean_environment


def in_force(run) -> dict[str, str]:
    ran = run("config", "show", "--json")
    assert "This goes by the environment of systemd's eliza-cloud.service" in ran.err
    [body] = ran.lines
    return {"file": body["file"], **{one["name"]: one["value"] for one in body["variables"]}}


def test_the_environment_of_the_unit_that_runs_is_gone_by(unit, run, monkeypatch):
    theirs = {"ELIZA_STATE_DIR": str(unit), "ELIZA_LOG_LEVEL": "debug", "ELIZA_API_TOKEN": TOKEN}
    program = [sys.executable, "-c", "input()"]
    with processes.start(*program, env=theirs, stdin=subprocess.PIPE) as child:
        monkeypatch.setenv("TEST_PID", str(child.pid))
        shown = in_force(run)
        child.communicate("\n")
    assert shown["file"] == str(unit / "eliza.json")
    assert (shown["ELIZA_LOG_LEVEL"], shown["ELIZA_API_TOKEN"]) == ("debug", "[set]")
    assert shown["ELIZA_API_PORT"] != "9"


def test_a_unit_that_does_not_run_is_read_from_its_files(unit, run, monkeypatch, tmp_path):
    (tmp_path / "env").write_text('# a comment\nELIZA_LOG_LEVEL="warning"\n')
    monkeypatch.setenv("TEST_ENVIRONMENT", f"ELIZA_STATE_DIR={unit}")
    monkeypatch.setenv("TEST_FILES", f"{tmp_path}/env (ignore_errors=yes)")
    shown = in_force(run)
    assert (shown["file"], shown["ELIZA_LOG_LEVEL"]) == (str(unit / "eliza.json"), "warning")


def test_a_state_directory_that_is_named_here_is_the_one_that_is_meant(unit, run, monkeypatch, tmp_path):
    monkeypatch.setenv("TEST_ENVIRONMENT", f"ELIZA_STATE_DIR={unit}")
    monkeypatch.setenv("ELIZA_STATE_DIR", str(tmp_path / "own"))
    ran = run("config", "show", "--json")
    assert (ran.err, ran.lines[0]["file"]) == ("", str(tmp_path / "own" / "eliza.json"))


@pytest.mark.usefixtures("clean_environment", "quick")
def test_the_doctor_names_a_proxy_that_is_set_and_not_used(run, monkeypatch):
    monkeypatch.setenv("ELIZA_API_PORT", "9")
    monkeypatch.setenv("HTTPS_PROXY", "http://user:hunter22@proxy.example:3128")
    ran = run("doctor")
    assert "HTTPS_PROXY is set here and not used" in ran.out
    assert "hunter22" not in ran.out + ran.err
    assert "HTTPS_PROXY" in run("doctor", "--json").lines[0]["proxiesNotUsed"]
