"""Services in processes of their own, and how to talk to one and end it."""

import json
import os
import re
import select
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.harness.calls import ServiceCalls
from tests.harness.processes import URL, start
from tests.harness.waiting import HANG, wait_until

KEY = re.compile(r"eliza_[0-9a-f]{64}")


class ForkServer:
    """The process that forks services."""

    def __init__(self) -> None:
        self._process = start(
            *(sys.executable, "-m", "tests.crash.forkserver"),
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def ask(self, **command: Any) -> Any:
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        with self._process:
            pass


class Child:
    """A process that the fork_server forked."""

    def __init__(self, fork_server: ForkServer, **job: Any) -> None:
        self._fork_server = fork_server
        self.out = Path(job["out"])
        self.log = Path(job["log"])
        self.out.write_text("")
        self.pid: int = fork_server.ask(start=job)["pid"]
        self._descriptor = os.pidfd_open(self.pid)
        self.code: int | None = None
        self.killed = False

    def signal(self, number: int = signal.SIGKILL) -> None:
        self.killed = self.killed or number == signal.SIGKILL
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._descriptor, number)

    @property
    def ended(self) -> bool:
        return self.code is not None or bool(select.select([self._descriptor], [], [], 0)[0])

    def wait(self, seconds: float = HANG) -> int:
        """Return the exit code, a negative one for a signal."""
        if self.code is None:
            assert select.select([self._descriptor], [], [], seconds)[0], f"{self.pid} does not end"
            self.code = self._fork_server.ask(reap=self.pid)["code"]
            os.close(self._descriptor)
        return self.code

    def kill(self) -> int:
        if self.code is None:
            self.signal()
        return self.wait()


class ForkedService(Child, ServiceCalls):
    """`eliza-cloud serve` in a process of its own."""

    def started(self) -> "ForkedService":
        wait_until(lambda: self.is_ready or self.ended, lambda: self.output)
        assert not self.ended, self.output
        return self

    @property
    def is_ready(self) -> bool:
        return "API token:" in self.out.read_text()

    @property
    def output(self) -> str:
        return self.out.read_text() + self.log.read_text(errors="replace")

    @property
    def lines(self) -> list[dict[str, Any]]:
        found = [json.loads(line) for line in self.output.splitlines() if line.startswith("{")]
        return [line for line in found if line["event"] != "request.answered"]

    @property
    def url(self) -> str:  # type: ignore[override]  # it is known once it is printed
        found = URL.search(self.out.read_text())
        assert found is not None, self.output
        return found[1]

    def until_linked(self, agent: str | None) -> None:
        """Wait until the cloud accepted the key, and the link stands to the agent, or to none."""
        desired_agent = ("disconnected", None) if agent is None else ("connected", agent)

        def now() -> tuple[Any, Any, Any]:
            status = self.status()
            return status["connected"], status["connection"]["state"], status["connection"]["agentId"]

        wait_until(
            lambda: now() == (True, *desired_agent), lambda: (desired_agent, self.status(), self.lines[-5:])
        )

    def until_state(self, state: str, reason: str | None = None) -> None:
        def holds() -> bool:
            connection = self.status()["connection"]
            return connection["state"] == state and reason in (None, connection["reason"])

        wait_until(holds, lambda: (self.status(), self.lines[-5:]))
