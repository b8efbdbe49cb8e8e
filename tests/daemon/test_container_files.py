"""The container: what can be held true of it without an engine that builds it."""

import fnmatch
import json
import re
from pathlib import Path

import pytest

from eliza_cloud.cli.main import eliza_cloud, main
from eliza_cloud.store.config.env import API_TOKEN, STATE_DIR

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "config"


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"\\\n\s*", "", (CONFIG / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [tuple(line.split(maxsplit=1)) for line in lines]


def last_stage() -> dict[str, str]:
    """What the image is in the end; of a repeated instruction the last one."""
    found = instructions()
    begin = max(number for number, (name, _) in enumerate(found) if name == "FROM")
    return dict(found[begin:])


def test_it_begins_where_it_says_and_in_two_stages():
    images = [argument for name, argument in instructions() if name == "FROM"]
    assert len(images) == 2
    assert images[0].endswith(" AS build")
    assert {image.split()[0] for image in images} == {"python:3.11-slim-bookworm"}


def test_it_installs_the_versions_that_were_tested():
    (run,) = [argument for name, argument in instructions() if name == "RUN"]
    assert "pip install --no-cache-dir --constraint requirements.lock ." in run
    assert all(name != "RUN" for name in last_stage())


def test_what_it_copies_is_there_and_reaches_the_engine():
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert rules[0] == "*", "everything is left out"
    let_in = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    copied = set()
    for name, argument in instructions():
        if name == "COPY" and "--from=" not in argument:
            copied |= set(argument.split()[:-1])
    assert copied == let_in
    assert all((ROOT / path).exists() for path in copied)
    needed = re.findall(r'(?:readme = |license-files = \[)"([^"]+)"', (ROOT / "pyproject.toml").read_text())
    assert set(needed) <= copied
    assert not any(fnmatch.fnmatch("config/eliza-cloud.env", rule) for rule in let_in)


def test_it_runs_as_nobody_in_particular_with_its_state_in_a_volume():
    stage = last_stage()
    user, group = stage["USER"].split(":")
    assert int(user) >= 1000
    assert int(group) >= 1000
    assert json.loads(stage["VOLUME"]) == ["/state"]
    assert f"{STATE_DIR}=/state" in stage["ENV"]
    assert "ELIZA_API_BIND=0.0.0.0" in stage["ENV"]
    assert f"--chown={user}:{group} --chmod=0700 /empty /state" in stage["COPY"]
    assert API_TOKEN not in "".join(argument for _, argument in instructions())


def test_it_is_started_stopped_and_probed_without_a_shell(capsys):
    stage = last_stage()
    assert stage["STOPSIGNAL"] == "SIGTERM"
    started = [*json.loads(stage["ENTRYPOINT"]), *json.loads(stage["CMD"])]
    assert started == ["/opt/eliza-cloud/bin/eliza-cloud", "serve"]
    options, _, command = stage["HEALTHCHECK"].partition("CMD ")
    probe = json.loads(command)
    assert probe[0] == started[0]
    assert float(re.search(r"--timeout=(\d+)s", options).group(1)) > 10
    for command in (started[1], probe[1]):
        assert command in eliza_cloud.list_commands(None)
    assert main([*probe[1:], "--url", "http://127.0.0.1:9"]) == 3, "the command is right, but nobody answers"
    assert "No eliza-cloud service is running" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        "dockerfile: config/Dockerfile",
        "context: ..",
        "- eliza-cloud.env",
        '- "127.0.0.1:31337:31337"',
        "- state:/state",
        "stop_grace_period: 20s",
        "read_only: true",
        "- no-new-privileges:true",
    ],
)
def test_the_example_for_compose_uses_it(words):
    lines = [line.strip() for line in (CONFIG / "compose.example.yaml").read_text().splitlines()]
    assert lines.count(words) == 1


def test_the_file_with_the_token_is_never_committed():
    assert "/config/*.env" in (ROOT / ".gitignore").read_text().splitlines()
