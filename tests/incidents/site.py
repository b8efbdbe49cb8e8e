"""A machine with a service, a cloud that is a process of its own, and everyone who can name what is wrong."""

import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.harness import processes
from tests.harness.calls import EmulatorCalls, ask
from tests.harness.ports import free_ports
from tests.harness.processes import CLI
from tests.harness.waiting import HANG

HASTE = {
    "backup": {"autoBackupIntervalMs": 60000},
    "bridge": {
        "heartbeatIntervalMs": 200,
        "maxFailures": 2,
        "reconnectIntervalMs": 200,
        "maxReconnectDelayMs": 1000,
        "maxReconnectAttempts": 0,
    },
    "login": {"pollIntervalMs": 100},
    "spending": {"maxHourlyUsd": 1, "maxStartUsd": 1},
}


class Process:
    """One process of the command line: what it says is read as it comes."""

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self._process = processes.start(*CLI, *arguments, env=environment, **pipes)
        self._heard = threading.Condition()
        self.lines: list[str] = []
        self._readers = [
            threading.Thread(target=self._read, args=(stream,))
            for stream in (self._process.stdout, self._process.stderr)
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream: Any) -> None:
        for line in stream:
            with self._heard:
                self.lines.append(line.rstrip("\n"))
                self._heard.notify_all()

    def says(self, wanted: Callable[[str], bool], *, after: int = 0) -> str:
        """Wait for a line; fail with all that was said when it does not come."""

        def found() -> str | None:
            return next((line for line in self.lines[after:] if wanted(line)), None)

        with self._heard:
            line = self._heard.wait_for(found, HANG)
        assert line, "\n".join(self.lines)
        return line

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def ends(self) -> int:
        """Wait for the end, and for the last of what was said."""
        code = self._process.wait(HANG)
        for reader in self._readers:
            reader.join(HANG)
        for stream in (self._process.stdout, self._process.stderr):
            assert stream is not None
            stream.close()
        return code

    def stop(self) -> int:
        if self._process.poll() is None:
            self._process.terminate()
        return self.ends()


class Site:
    """The machine. What a person would do is a method, and so is each place that names a cause."""

    def __init__(self, tmp_path: Path) -> None:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("ELIZA_", "ELIZAOS_", "SSL_"))}
        self.state = tmp_path / "state"
        self.state.mkdir(mode=0o700)
        (tmp_path / "home").mkdir()
        self.cloud_port, self.port = free_ports(2)
        self.emulator = EmulatorCalls(f"http://127.0.0.1:{self.cloud_port}")
        self.cloud_state = tmp_path / "cloud.sqlite3"
        self.environment = {
            **kept,
            "HOME": str(tmp_path / "home"),
            "ELIZA_STATE_DIR": str(self.state),
            "ELIZA_API_PORT": str(self.port),
            "ELIZA_PORT": str(self.port),
            "ELIZA_CLOUD_ALLOW_LOOPBACK": "1",
            "ELIZAOS_CLOUD_BASE_URL": self.emulator.url,
        }
        self.cloud: Process | None = None
        self.service: Process | None = None
        self.settings({"cloud": HASTE})

    def settings(self, document: object) -> None:
        """Write eliza.json by hand; a key that is in it stays."""
        path = self.state / "eliza.json"
        text = document if isinstance(document, str) else json.dumps(document)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)

    # What a person does

    def start_cloud(self) -> None:
        self.cloud = Process(
            [
                *["emulator", "--port", str(self.cloud_port), "--state", str(self.cloud_state)],
                *["--poll-interval-ms", "50", "--job-seconds", "0.1", "--no-rate-limits"],
            ],
            self.environment,
        )
        self.cloud.says(lambda line: "answers at" in line)

    def start_service(self) -> None:
        self.service = Process(["serve"], self.environment)
        self.service.says(lambda line: line.startswith("Listening on"))

    def restart_service(self) -> None:
        assert self.service is not None
        assert self.service.stop() == 0
        self.start_service()

    def reload(self) -> None:
        assert self.service is not None
        self.service.signal(signal.SIGHUP)

    def run(self, *arguments: str, code: int | None = 0) -> dict[str, Any]:
        """Run a command with --json; return its last line."""
        ran = processes.run(*CLI, *arguments, "--json", env=self.environment)
        assert code is None or ran.returncode == code, (arguments, ran.returncode, ran.stdout, ran.stderr)
        assert "Traceback" not in ran.stderr
        lines = ran.stdout.strip().splitlines()
        return json.loads(lines[-1]) if lines else {}

    def sign_in(self) -> None:
        """Follow `eliza-cloud login`, and authorize in the browser's stead."""
        login = Process(["login", "--json", "--no-browser"], self.environment)
        session = json.loads(login.says(lambda line: "sessionId" in line))["sessionId"]
        self.emulator.approve(session)
        assert login.ends() == 0, login.lines

    def link(self, name: str = "ada") -> str:
        """Create an agent and connect to it; return its id."""
        agent = self.run("agents", "create", name, "--dedicated")["agent"]["id"]
        self.run("agents", "connect", name)
        return str(agent)

    def delete_at_the_cloud(self, agent_id: str) -> None:
        """Delete an agent as its owner can, with another key, somewhere else."""
        headers = {"X-API-Key": self.emulator.mint()}
        status, answer = ask(self.emulator.url, "DELETE", f"/api/v1/eliza/agents/{agent_id}", headers=headers)
        assert status < 300, answer

    # Who names a cause

    def ready(self) -> tuple[int, str | None]:
        status, body = ask(f"http://127.0.0.1:{self.port}", "GET", "/readyz")
        return status, body.get("reason")

    def health(self) -> list[str]:
        return [item["code"] for item in self.run("health", code=None)["items"]]

    def log_names(self, cause: str, *, after: int = 0) -> dict[str, Any]:
        """Wait until a line of the log, a warning at least, names the cause."""
        assert self.service is not None

        def names(line: str) -> bool:
            entry = json.loads(line) if line.startswith("{") else {}
            return entry.get("cause") == cause and entry["level"] in {"warning", "error", "critical"}

        return dict(json.loads(self.service.says(names, after=after)))

    def close(self) -> None:
        for process in (self.service, self.cloud):
            if process is not None:
                process.stop()
