"""The emulator, the service and the CLI as real processes, with a state directory of the test's own."""

import json
import os
import re
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from eliza_cloud.emulator import GENERATIONS
from tests.harness import processes
from tests.harness.processes import CLI, Process
from tests.harness.waiting import HANG

URL = re.compile(r"(?:answers at|Listening on) (http://\S+)")


@pytest.fixture
def environment(tmp_path) -> dict[str, str]:
    """The environment without any variable of ours, and with a home of the test's own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ELIZA_", "ELIZAOS_"))}
    (tmp_path / "home").mkdir()
    return {**kept, "HOME": str(tmp_path / "home"), "ELIZA_STATE_DIR": str(tmp_path / "state")}


@contextmanager
def running(arguments: list[str], environment: dict[str, str]) -> Iterator[tuple[Process, str]]:
    """A process of the CLI that says where it answers, and that address; it is stopped at the end."""
    quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with processes.start(*CLI, *arguments, env=environment, **quiet) as process:
        found = None
        while found is None:
            line = process.stdout.readline()
            assert line, f"{arguments[0]} ended before it answered"
            found = URL.search(line)
        yield process, found.group(1)
        process.terminate()
        assert process.wait(HANG) == 0


@dataclass
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class House:
    """A cloud, a service that is pointed at it, and the CLI."""

    cloud_url: str
    environment: dict[str, str]
    state_dir: Path

    def run(self, *arguments: str, **variables: str) -> Ran:
        ran = processes.run(*CLI, *arguments, env={**self.environment, **variables})
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    def start(self, *arguments: str) -> Process:
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return processes.start(*CLI, *arguments, env=self.environment, **pipes)

    def ask_cloud(self, path: str, body: dict[str, Any]) -> Any:
        request = urllib.request.Request(
            f"{self.cloud_url}{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=HANG) as answer:
            return json.load(answer)

    def login(self) -> Ran:
        """Sign in, approving at the emulator as a browser would."""
        with self.start("login", "--json", "--no-browser") as process:
            session = json.loads(process.stdout.readline())
            self.ask_cloud("/emulator/approve", {"sessionId": session["sessionId"]})
            out, err = process.communicate(timeout=HANG)
        return Ran(process.returncode, out, err)


SOON = ["--poll-interval-ms", "50", "--job-retry-seconds", "0.1", "0.1", "--no-rate-limits"]
SETTINGS = {"cloud": {"login": {"pollIntervalMs": 100}}}


@contextmanager
def house(generation: str, environment: dict[str, str], job_seconds: float = 0.1) -> Iterator[House]:
    state_dir = Path(environment["ELIZA_STATE_DIR"])
    state_dir.mkdir(mode=0o700)
    (state_dir / "eliza.json").write_text(json.dumps(SETTINGS))
    arguments = [
        "emulator",
        "--port",
        "0",
        "--generation",
        generation,
        "--job-seconds",
        str(job_seconds),
        *SOON,
    ]
    with running(arguments, environment) as (_, cloud_url):
        pointed = {**environment, "ELIZA_CLOUD_ALLOW_LOOPBACK": "1", "ELIZAOS_CLOUD_BASE_URL": cloud_url}
        with running(["serve", "--port", "0"], pointed) as (_, url):
            port = url.rpartition(":")[2]
            yield House(cloud_url, {**environment, "ELIZA_API_PORT": port}, state_dir)


@pytest.fixture(params=GENERATIONS)
def any_house(request, environment) -> Iterator[House]:
    with house(request.param, environment) as opened:
        yield opened


@pytest.fixture
def one_house(environment) -> Iterator[House]:
    with house(GENERATIONS[0], environment) as opened:
        yield opened


@pytest.fixture
def slow_house(environment) -> Iterator[House]:
    """A house whose cloud takes longer to start an agent than any test waits."""
    with house(GENERATIONS[0], environment, job_seconds=600) as opened:
        yield opened


def interrupt(process: Process) -> tuple[int, str, str]:
    """Press Ctrl-C and wait for the end."""
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=HANG)
    return process.returncode, out, err
