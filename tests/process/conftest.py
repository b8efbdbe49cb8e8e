"""The emulator, the service and the CLI as real processes, with a state directory of the test's own."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from eliza_cloud.emulator import GENERATIONS
from tests.harness import processes
from tests.harness.calls import EmulatorCalls
from tests.harness.processes import CLI, Process, emulator_process, serving
from tests.harness.waiting import HANG


@pytest.fixture
def environment(tmp_path) -> dict[str, str]:
    """The environment without any variable of ours, and with a home of the test's own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ELIZA_", "ELIZAOS_"))}
    (tmp_path / "home").mkdir()
    return {**kept, "HOME": str(tmp_path / "home"), "ELIZA_STATE_DIR": str(tmp_path / "state")}


@dataclass
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Deployment:
    """A cloud, a service that is pointed at it, and the CLI."""

    cloud: EmulatorCalls
    environment: dict[str, str]
    state_dir: Path

    def run(self, *arguments: str, **variables: str) -> Ran:
        ran = processes.run(*CLI, *arguments, env={**self.environment, **variables})
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    def start(self, *arguments: str) -> Process:
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return processes.start(*CLI, *arguments, env=self.environment, **pipes)

    def login(self) -> Ran:
        """Sign in, approving at the emulator as a browser would."""
        with self.start("login", "--json", "--no-browser") as process:
            session = json.loads(process.stdout.readline())
            self.cloud.approve(session["sessionId"])
            out, err = process.communicate(timeout=HANG)
        return Ran(process.returncode, out, err)


SETTINGS = {"cloud": {"login": {"pollIntervalMs": 100}}}


@contextmanager
def deployed(generation: str, environment: dict[str, str], job_seconds: float = 0.1) -> Iterator[Deployment]:
    """Run an emulator and a service that is pointed at it."""
    state_dir = Path(environment["ELIZA_STATE_DIR"])
    state_dir.mkdir(mode=0o700)
    (state_dir / "eliza.json").write_text(json.dumps(SETTINGS))
    with emulator_process(environment, generation, job_seconds=job_seconds) as cloud:
        pointed = {**environment, "ELIZA_CLOUD_ALLOW_LOOPBACK": "1", "ELIZAOS_CLOUD_BASE_URL": cloud.url}
        with serving(["serve", "--port", "0"], pointed) as (_, url):
            port = url.rpartition(":")[2]
            yield Deployment(cloud, {**environment, "ELIZA_API_PORT": port}, state_dir)


@pytest.fixture(params=GENERATIONS)
def any_deployment(request, environment) -> Iterator[Deployment]:
    with deployed(request.param, environment) as made:
        yield made


@pytest.fixture
def deployment(environment) -> Iterator[Deployment]:
    with deployed(GENERATIONS[0], environment) as made:
        yield made


@pytest.fixture
def slow_deployment(environment) -> Iterator[Deployment]:
    """A deployment whose cloud takes longer to start an agent than any test waits."""
    with deployed(GENERATIONS[0], environment, job_seconds=600) as made:
        yield made


def interrupt(process: Process) -> tuple[int, str, str]:
    """Press Ctrl-C and wait for the end."""
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=HANG)
    return process.returncode, out, err
