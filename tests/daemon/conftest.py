"""The service as a process under a supervisor: a datagram socket that hears what systemd would."""

import json
import os
import secrets
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import cloud, serve, signed_in  # noqa: F401 - fixtures
from tests.cli.conftest import clean_environment, run, service  # noqa: F401 - fixtures
from tests.harness import processes
from tests.harness.calls import TOKEN, EmulatorCalls, ServiceCalls
from tests.harness.processes import CLI, URL, Process, emulator_process
from tests.harness.waiting import HANG


class Supervisor:
    """What stands in NOTIFY_SOCKET; `said` is all that was heard, as one dict a message."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.said: list[dict[str, str]] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        self._socket.settimeout(HANG)

    def next(self) -> dict[str, str]:
        """Wait for one message."""
        lines = self._socket.recv(4096).decode().split("\n")
        self.said.append(dict(line.split("=", 1) for line in lines))
        return self.said[-1]

    def until(self, name: str, value: str | None = None) -> dict[str, str]:
        """Wait for a message that sets `name` (to `value`)."""
        while True:
            message = self.next()
            if name in message and value in {None, message[name]}:
                return message

    def rest(self) -> list[dict[str, str]]:
        """Return what has come and was not yet listened to."""
        heard = []
        self._socket.setblocking(False)
        try:
            while True:
                heard.append(self.next())
        except BlockingIOError:
            return heard
        finally:
            self._socket.settimeout(HANG)

    def statuses(self) -> list[str]:
        return [message["STATUS"] for message in self.said if "STATUS" in message]

    def close(self) -> None:
        self._socket.close()


@dataclass
class Unit(ServiceCalls):
    """One service that was started as a unit is."""

    process: Process
    url: str
    state: Path
    environ: dict[str, str]
    log: list[dict[str, Any]] = field(default_factory=list)
    logged: threading.Condition = field(default_factory=threading.Condition)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return processes.run(*CLI, *arguments, env=self.environ)

    def settings(self, text: str) -> None:
        (self.state / "eliza.json").write_text(text)

    def until_logged(self, event: str) -> dict[str, Any]:
        """Wait for the first line of this event that was not waited for yet."""
        with self.logged:
            assert self.logged.wait_for(lambda: any(one["event"] == event for one in self.log), HANG), event
            position = next(number for number, one in enumerate(self.log) if one["event"] == event)
            return self.log.pop(position)

    def until_status(self, member: str) -> bool:
        """Wait until a member of the status is true."""
        deadline = time.monotonic() + HANG
        while time.monotonic() < deadline:
            if self.ask("GET", "/api/cloud/status")[1][member]:
                return True
        return False

    def read_log(self) -> None:
        for line in self.process.stderr:
            with self.logged:
                self.log.append(json.loads(line))
                self.logged.notify_all()


@contextmanager
def unit(environ: dict[str, str], descriptors: int | None = None) -> Iterator[Unit]:
    """Start a service and wait until it says where it listens; it is stopped at the end, if it still runs.

    `descriptors` is how many it may have.
    """
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    limit = [] if descriptors is None else ["prlimit", f"--nofile={descriptors}:{descriptors}"]
    with processes.start(*limit, *CLI, "serve", "--port", "0", env=environ, **pipes) as process:
        found = URL.search(process.stdout.readline())
        assert found, process.stderr.read()
        url = found.group(1)
        pointed = {**environ, "ELIZA_API_PORT": url.rpartition(":")[2]}
        started = Unit(process, url, Path(environ["ELIZA_STATE_DIR"]), pointed)
        reader = threading.Thread(target=started.read_log)
        reader.start()
        try:
            yield started
        finally:
            process.terminate()
            process.wait(HANG)
            reader.join()


@pytest.fixture
def environ(tmp_path) -> dict[str, str]:
    """The environment of a unit: a state directory, a token, no cloud to be reached."""
    (tmp_path / "state").mkdir(mode=0o700)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "ELIZA_STATE_DIR": str(tmp_path / "state"),
        "ELIZA_API_TOKEN": TOKEN,
        "ELIZA_CLOUD_ALLOW_LOOPBACK": "1",
        "ELIZAOS_CLOUD_BASE_URL": "http://127.0.0.1:9",
    }


@pytest.fixture
def supervisor(tmp_path) -> Iterator[Supervisor]:
    heard = Supervisor(str(tmp_path / "notify"))
    yield heard
    heard.close()


@pytest.fixture
def abstract_supervisor() -> Iterator[Supervisor]:
    heard = Supervisor(f"@eliza-cloud-{secrets.token_hex(8)}")
    yield heard
    heard.close()


@pytest.fixture
def start(environ) -> Iterator[Any]:
    """Give a function that starts a service; it is stopped at the end."""
    with ExitStack() as stack:
        yield lambda descriptors=None, **variables: stack.enter_context(
            unit({**environ, **variables}, descriptors)
        )


@pytest.fixture
def emulator(environ) -> Iterator[EmulatorCalls]:
    """An emulator that loses no time, for the services of this test."""
    with emulator_process(environ) as started:
        environ["ELIZAOS_CLOUD_BASE_URL"] = started.url
        yield started
