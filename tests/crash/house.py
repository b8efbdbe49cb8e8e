"""A machine with a state directory, the services that run on it, and the emulated cloud they use."""

import asyncio
import http.client
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from eliza_cloud.store.record import AgentRecord, SqliteStore

TOKEN = "canary-token-of-at-least-32-characters"
KEY = re.compile(r"eliza_[0-9a-f]{64}")
GONE = (OSError, http.client.HTTPException, ValueError)  # what a reader meets when the service is killed
SETTINGS = {
    "login": {"pollIntervalMs": 20},
    "bridge": {"heartbeatIntervalMs": 500, "reconnectIntervalMs": 20, "maxReconnectDelayMs": 100},
}
_URL = re.compile(r"http://127\.0\.0\.1:(\d+)")


def ask(port: int, method: str, path: str, body: Any = None, **more: str) -> tuple[int, Any]:
    """Make one call with the token and more headers; raises one of `GONE` when nobody answers to the end."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30.0)
    try:
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json", **more}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def until(holds: Callable[[], Any], why: Callable[[], object] = str, seconds: float = 15.0) -> Any:
    """Wait until something holds and return it."""
    end = time.monotonic() + seconds
    while not (now := holds()):
        assert time.monotonic() < end, why()
        time.sleep(0.002)
    return now


class Zygote:
    """The process that forks services."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.zygote"],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, **command: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        with self._process:
            self._process.kill()


class Child:
    """A process that the zygote forked."""

    def __init__(self, zygote: Zygote, **job: Any) -> None:
        self._zygote = zygote
        self.out = Path(job["out"])
        self.log = Path(job["log"])
        self.out.write_text("")
        self.pid: int = zygote.ask(start=job)["pid"]
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

    def wait(self, seconds: float = 20.0) -> int:
        """Return the exit code, a negative one for a signal."""
        if self.code is None:
            assert select.select([self._descriptor], [], [], seconds)[0], f"{self.pid} does not end"
            self.code = self._zygote.ask(reap=self.pid)["code"]
            os.close(self._descriptor)
        return self.code

    def kill(self) -> int:
        if self.code is None:
            self.signal()
        return self.wait()


class Service(Child):
    """`eliza-cloud serve` in a process of its own."""

    def started(self) -> "Service":
        until(lambda: self.is_ready or self.ended, lambda: self.output)
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
        return [line for line in found if line["event"] != "request"]

    @property
    def port(self) -> int:
        found = _URL.search(self.out.read_text())
        assert found is not None, self.output
        return int(found[1])

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        return ask(self.port, method, path, body, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        status, answer = self.ask("POST", path, body, **headers)
        assert status < 300, answer
        return answer

    def status(self) -> Any:
        return self.ask("GET", "/api/cloud/status")[1]

    def until_linked(self, agent: str | None) -> None:
        """Wait until the cloud accepted the key, and the link stands to the agent, or to none."""
        wished = ("disconnected", None) if agent is None else ("connected", agent)

        def now() -> tuple[Any, Any, Any]:
            status = self.status()
            return status["connected"], status["connection"]["state"], status["connection"]["agentId"]

        until(lambda: now() == (True, *wished), lambda: (wished, self.status(), self.lines[-5:]))

    def login(self, cloud: "Cloud") -> str:
        """Sign in and return the new key's prefix."""
        session = self.post("/api/cloud/login")["sessionId"]
        prefix = cloud.approve(session)
        until(lambda: self.login_status(session)["status"] == "authenticated")
        return prefix

    def login_status(self, session: str) -> Any:
        return self.ask("GET", f"/api/cloud/login/status?sessionId={session}")[1]


class Machine:
    """A state directory, and next to it what the tests write down about it."""

    def __init__(self, zygote: Zygote, cloud: "Cloud", directory: Path) -> None:
        self.zygote = zygote
        self.cloud = cloud
        self.state = directory / "state"
        self.notes = directory / "notes"
        self.config = self.state / "eliza.json"
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "ELIZA_STATE_DIR": str(self.state),
            "ELIZA_API_TOKEN": TOKEN,
            "ELIZA_CLOUD_ALLOW_LOOPBACK": "1",
            "ELIZAOS_CLOUD_BASE_URL": cloud.url,
        }
        self.children: list[Child] = []
        self.state.mkdir(mode=0o700)
        self.notes.mkdir()

    def serve(self, **job: Any) -> Service:
        """Start a service; it may not be ready yet."""
        return self._child(Service, run="serve", **job)

    def start(self, **job: Any) -> Service:
        """Start a service and wait until it answers."""
        return self.serve(**job).started()

    def writer(self, number: int) -> Child:
        """Start another program that writes a key of its own, counting on from a number."""
        more = {"config": str(self.config), "acknowledged": str(self.notes / "acknowledged")}
        return self._child(Child, run="write", **more, **{"from": number})

    def _child(self, kind: type[Any], **job: Any) -> Any:
        name = f"{job['run']}-{len(self.children)}"
        files = {"out": str(self.notes / f"{name}.out"), "log": str(self.notes / f"{name}.log")}
        environ = {**self.environ, **job.pop("environ", {})}
        child = kind(self.zygote, environ=environ, **files, **job)
        self.children.append(child)
        return child

    def document(self) -> dict[str, Any]:
        """Return eliza.json, which has to be plain JSON."""
        found = json.loads(self.config.read_text())
        assert isinstance(found, dict)
        return found

    def record(self) -> AgentRecord:
        """Return the agent record as it is on the disk, read from a copy so that nothing is changed."""
        copy = self.notes / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        for name in ("agent.sqlite3", "agent.sqlite3-wal"):
            with suppress(FileNotFoundError):
                shutil.copy(self.state / name, copy)

        async def load() -> AgentRecord:
            store = SqliteStore(copy / "agent.sqlite3")
            try:
                return await store.load()
            finally:
                await store.close()

        return asyncio.run(load())

    def files_with(self, text: str) -> list[str]:
        """Return the files of the state directory that hold a text."""
        return [
            path.name for path in self.state.rglob("*") if path.is_file() and text.encode() in _bytes(path)
        ]

    def close(self) -> None:
        for child in self.children:
            child.kill()


def _bytes(path: Path) -> bytes:
    with suppress(FileNotFoundError):
        return path.read_bytes()
    return b""


class Cloud:
    """The emulated cloud and its strings behind the stage."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._port = int(url.rpartition(":")[2])

    def control(self, where: str, **body: Any) -> Any:
        status, answer = ask(self._port, "POST", f"/emulator/{where}", body)
        assert status < 300, answer
        return answer

    def approve(self, session: str) -> str:
        """Sign a session in and return the prefix of the key it will get."""
        return str(self.control("approve", sessionId=session)["keyPrefix"])

    def fault(self, path: str, fault: str, **more: Any) -> str:
        return str(self.control("faults", path=path, fault=fault, **more)["id"])

    def met(self, fault: str) -> int:
        """How many calls met this fault."""
        faults = ask(self._port, "GET", "/emulator/faults")[1]["data"]
        return sum(one["used"] for one in faults if one["id"] == fault)

    def heal(self) -> None:
        ask(self._port, "DELETE", "/emulator/faults")

    def backups(self, agent: str) -> int:
        state = ask(self._port, "GET", "/emulator/state")[1]
        return next(one["backups"] for one in state["agents"] if one["id"] == agent)


@contextmanager
def emulator(generation: str = "2026-04") -> Iterator[Cloud]:
    """Run an emulated cloud that loses no time."""
    options = ["--poll-interval-ms", "20", "--job-seconds", "0.02", "--job-retry-seconds", "0.02", "0.02"]
    arguments = ["emulator", "--port", "0", "--generation", generation, "--no-rate-limits", *options]
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "eliza_cloud.cli", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            found = _URL.search(process.stdout.readline())
            assert found is not None
            cloud = Cloud(found[0])
            cloud.control("organization", balance=1_000_000, maxAgents=1_000_000)
            yield cloud
        finally:
            process.kill()
