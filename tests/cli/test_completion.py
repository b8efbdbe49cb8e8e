"""Completion in a real bash, with a service that answers, is slow, or is not there."""

import os
import shutil
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.cli.conftest import AGENT, Answer
from tests.harness import processes

AGENTS = {
    "agents": [
        {"id": AGENT, "agentName": "ada", "status": "running"},
        {"id": AGENT.replace("1", "2"), "agentName": "two words", "status": "running"},
        {"id": AGENT.replace("1", "3"), "agentName": "twin", "status": "running"},
        {"id": AGENT.replace("1", "4"), "agentName": "twin", "status": "running"},
    ]
}
ASK = """
source <(eliza-cloud completion bash)
COMP_WORDS=({words}) COMP_CWORD={last} COMP_TYPE=9
_eliza_cloud_completion eliza-cloud
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def complete(*words: str) -> list[str]:
    """What bash offers for the last word; nothing may be written on stderr."""
    quoted = " ".join(f"'{word}'" for word in ("eliza-cloud", *words))
    ran = processes.run(
        *("bash", "-c", ASK.format(words=quoted, last=len(words))),
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout.split()


@pytest.mark.usefixtures("clean_environment")
def test_commands_and_options_are_completed():
    assert complete("dis") == ["disconnect"]
    assert complete("agents", "s") == ["suspend", "shutdown"]
    assert complete("serve", "--p") == ["--port"]
    assert complete("diagram", "--machine", "l") == ["link", "login"]
    assert complete("--v") == ["--version"]


def test_agents_are_completed_by_name_or_else_by_id(service):
    service.answers("GET", "/api/cloud/agents", AGENTS)
    assert complete("agents", "connect", "a") == ["ada"]
    assert complete("backups", "list", "") == ["ada", *(one["id"] for one in AGENTS["agents"][1:])]
    assert complete("chat", "--agent", "33") == [AGENT.replace("1", "3")]
    assert service.asked[0].headers["Authorization"].startswith("Bearer t")


@pytest.mark.usefixtures("clean_environment")
def test_without_a_service_nothing_is_offered_and_nothing_is_said(monkeypatch):
    monkeypatch.setenv("ELIZA_API_PORT", "1")
    assert complete("agents", "connect", "") == []


@pytest.mark.parametrize(
    "answer",
    [Answer({"ok": False, "error": "No.", "code": "unauthorized"}, 401), Answer(b"<html>"), Answer({})],
)
def test_an_answer_that_is_none_offers_nothing(service, answer):
    service.answers("GET", "/api/cloud/agents", answer)
    assert complete("agents", "connect", "") == []


def test_a_service_that_does_not_answer_is_waited_for_less_than_a_second(service):
    hanging = threading.Event()
    service.answers("GET", "/api/cloud/agents", Answer(AGENTS, after=hanging))
    began = time.monotonic()
    complete("status", "--j")
    without = time.monotonic() - began
    began = time.monotonic()
    assert complete("agents", "connect", "") == []
    assert time.monotonic() - began < 3 * without + 1.0
    hanging.set()


def test_another_machine_is_not_asked(service, monkeypatch):
    service.answers("GET", "/api/cloud/agents", AGENTS)
    monkeypatch.setenv("ELIZA_API_BIND", "192.0.2.1")
    assert complete("agents", "connect", "") == []
    assert service.asked == []


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_other_scripts_are_accepted_by_their_shells(run, shell, tmp_path):
    script = tmp_path / "script"
    script.write_text(run("completion", shell).out)
    assert "_ELIZA_CLOUD_COMPLETE" in script.read_text()
    if program := shutil.which(shell):
        assert processes.run(program, "-n", script).returncode == 0


def test_the_script_says_how_it_is_kept(run):
    assert run("completion", "bash").out.endswith(
        "# To keep it: eliza-cloud completion bash > ~/.local/share/bash-completion/completions/eliza-cloud\n"
    )
    assert run("completion", "tcsh").code == 2
