"""What the running service was started with, and where the shell that asks differs from it."""

import json

import pytest

from tests.cli.conftest import TOKEN, Answer, ScriptedService

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
