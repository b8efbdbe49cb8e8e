"""The emulator as a process."""

import json
import urllib.request

import pytest

from eliza_cloud.emulator import GENERATIONS
from tests.harness.processes import CLI, run
from tests.harness.waiting import HANG
from tests.process.conftest import running


def state_at(url):
    with urllib.request.urlopen(f"{url}/emulator/state", timeout=HANG) as answer:
        return json.load(answer)


@pytest.mark.parametrize("generation", GENERATIONS)
def test_it_says_where_it_answers_and_how_to_use_it(environment, generation):
    with running(["emulator", "--port", "0", "--generation", generation], environment) as (process, url):
        assert state_at(url)["generation"] == generation
        shown = [process.stdout.readline() for _ in range(3)]
        assert (
            shown[-1].strip()
            == f"ELIZA_CLOUD_ALLOW_LOOPBACK=1 ELIZAOS_CLOUD_BASE_URL={url} eliza-cloud serve"
        )


def test_a_state_file_survives_a_restart(environment, tmp_path):
    arguments = ["emulator", "--port", "0", "--state", str(tmp_path / "cloud.sqlite3")]
    users = []
    for _ in range(2):
        with running(arguments, environment) as (_, url):
            users.append(state_at(url)["users"])
    assert users[0] == users[1] != []


def test_a_port_that_is_taken_is_one_sentence(environment):
    with running(["emulator", "--port", "0"], environment) as (_, url):
        port = url.rpartition(":")[2]
        ran = run(*CLI, "emulator", "--port", port, env=environment)
    assert ran.returncode == 2
    assert ran.stderr.startswith(f"Error: The emulator cannot listen on 127.0.0.1 port {port}: ")
    assert "Traceback" not in ran.stderr


def test_a_state_file_that_is_none_is_one_sentence(environment, tmp_path):
    (tmp_path / "cloud.sqlite3").write_text("this is no database at all, " * 50)
    state = tmp_path / "cloud.sqlite3"
    ran = run(*CLI, "emulator", "--port", "0", "--state", state, env=environment)
    assert ran.returncode == 1
    assert ran.stderr.startswith("Error: The emulator cannot start: ")
    assert "Traceback" not in ran.stderr
