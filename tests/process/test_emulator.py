"""The emulator as a process."""

import json
import urllib.error
import urllib.request

import pytest

from eliza_cloud.emulator import GENERATIONS
from tests.harness.processes import CLI, run, serving
from tests.harness.waiting import HANG


def state_at(url):
    with urllib.request.urlopen(f"{url}/emulator/state", timeout=HANG) as answer:
        return json.load(answer)


@pytest.mark.parametrize("generation", GENERATIONS)
def test_it_says_where_it_answers_and_how_to_use_it(environment, generation):
    with serving(["emulator", "--port", "0", "--generation", generation], environment) as (process, url):
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
        with serving(arguments, environment) as (_, url):
            users.append(state_at(url)["users"])
    assert users[0] == users[1] != []


def test_a_port_that_is_taken_is_one_sentence(environment):
    with serving(["emulator", "--port", "0"], environment) as (_, url):
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


def _ask(url, method="GET", body=None, headers=None):
    """Ask without following redirects; status, body and where it leads."""
    request = urllib.request.Request(
        url,
        None if body is None else json.dumps(body).encode(),
        {"Content-Type": "application/json", **(headers or {})},
        method=method,
    )
    opener = urllib.request.build_opener(NoRedirects)
    try:
        with opener.open(request, timeout=10) as answer:
            return answer.status, json.load(answer), None
    except urllib.error.HTTPError as error:
        with error:
            return error.code, None, error.headers.get("Location")


class NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def test_it_signs_everyone_in_by_itself(environment):
    with serving(["emulator", "--port", "0", "--approve"], environment) as (_, url):
        status, session, _ = _ask(f"{url}/api/auth/cli-session", "POST", {})
        assert status == 201
        _, polled, _ = _ask(f"{url}/api/auth/cli-session/{session['sessionId']}")
        assert polled["status"] == "authenticated"
        status, _, _ = _ask(f"{url}/api/v1/user", headers={"X-API-Key": polled["apiKey"]})
        assert status == 200


def test_a_host_that_it_has_left_redirects(environment):
    arguments = ["emulator", "--port", "0", "--legacy-port", "0"]
    with serving(arguments, environment) as (process, url):
        while not (line := process.stdout.readline()).startswith("A host that redirects"):
            assert line
        legacy = line.split()[-1]
        for method in ("GET", "POST"):
            status, _, location = _ask(f"{legacy}/api/v1/user?a=b", method, None)
            assert (status, location) == (308, f"{url}/api/v1/user?a=b")
