"""A service that answers what a test tells it to, over real HTTP, and the CLI pointed at it."""

import contextlib
import json
import os
import pty
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from eliza_cloud.cli.main import main
from tests.harness import processes
from tests.harness.processes import CLI
from tests.harness.waiting import HANG

TOKEN = "t" * 64
AGENT = "11111111-2222-4333-8444-555555555555"
STATUS = {
    "connected": True,
    "enabled": True,
    "hasApiKey": True,
    "userId": "user-123",
    "organizationId": "org-456",
    "topUpUrl": "https://example.com/top-up",
    "connection": {
        "state": "connected",
        "agentId": AGENT,
        "agentName": "ada",
        "since": "2026-11-23T10:00:00.000Z",
        "reason": None,
        "attempt": 0,
        "nextAttemptAt": None,
        "lastHeartbeatAt": "2026-11-23T10:00:00.000Z",
        "lastBackupAt": None,
    },
}


def status(*, state: str = "connected", reason: str | None = None, **changes: Any) -> dict[str, Any]:
    """A status with the link in this state."""
    link = {**STATUS["connection"], "state": state, "reason": reason, **changes.pop("link", {})}
    return {**STATUS, "connection": link, **changes}


@dataclass
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Answer:
    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    after: threading.Event | None = None

    def encoded(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class ScriptedService:
    """Answers per method and path; the last answer of several stays. Keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.heard: Callable[[Asked], object] = lambda _: None
        self._answers: dict[tuple[str, str], list[Answer]] = {}
        service = self

        class Handler(BaseHTTPRequestHandler):
            def _serve(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                content = self.rfile.read(length)
                body = json.loads(content) if content else None
                service.asked.append(Asked(self.command, self.path, dict(self.headers), body))
                service.heard(service.asked[-1])
                answer = service._next(self.command, self.path)
                if answer.after is not None:
                    answer.after.wait(10)
                content = answer.encoded()
                self.send_response(answer.status)
                for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                with contextlib.suppress(ConnectionError):  # a command that is interrupted goes away
                    self.end_headers()
                    self.wfile.write(content)

            do_GET = do_POST = do_PATCH = _serve  # noqa: N815 - the server's names

            def log_message(self, *_: Any) -> None:
                """Print nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def answers(self, method: str, path: str, *answers: Answer | dict[str, Any]) -> None:
        made = [one if isinstance(one, Answer) else Answer(one) for one in answers]
        self._answers[method, path] = made

    def requests(self, method: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.method == method]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _next(self, method: str, path: str) -> Answer:
        answers = self._answers.get((method, path.partition("?")[0]))
        if answers is None:
            return Answer(
                {"ok": False, "error": "There is nothing at this path.", "code": "unknown_path"}, 404
            )
        return answers.pop(0) if len(answers) > 1 else answers[0]


def in_a_terminal(*arguments: str, typed: Sequence[tuple[str, str]] = ()) -> str:
    """Run the CLI as a child on a pseudo-terminal and return all it wrote.

    Each of `typed` is a text to wait for and what to type then.
    """
    leader, follower = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    terminal = {"stdin": follower, "stdout": follower, "stderr": follower}
    with processes.start(*CLI, *arguments, env=environment, **terminal) as child:
        os.close(follower)
        waiting = list(typed)
        written, seen = b"", 0
        try:
            while piece := os.read(leader, 65536):
                written += piece
                while waiting and (found := written.find(waiting[0][0].encode(), seen)) >= 0:
                    seen = found + len(waiting[0][0])
                    os.write(leader, waiting.pop(0)[1].encode())
        except OSError:  # how Linux says that the other end is closed
            child.wait(HANG)
        finally:
            os.close(leader)
    return written.decode()


@pytest.fixture
def clean_environment(monkeypatch, tmp_path):
    """No variable of ours, and a home of the test's own."""
    for name in list(os.environ):
        if name.startswith(("ELIZA_", "ELIZAOS_", "SSH_")) or name in {
            "DISPLAY",
            "WAYLAND_DISPLAY",
            "BROWSER",
        }:
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    state_dir = tmp_path / "state"
    state_dir.mkdir()
    (state_dir / "api-token").write_text(TOKEN + "\n")
    monkeypatch.setenv("ELIZA_STATE_DIR", str(state_dir))
    return state_dir


@pytest.fixture
def service(clean_environment, monkeypatch):
    scripted = ScriptedService()
    scripted.answers("GET", "/api/cloud/status", STATUS)
    monkeypatch.setenv("ELIZA_API_PORT", str(scripted.port))
    yield scripted
    scripted.close()


@dataclass
class Ran:
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[Any]:
        """The JSON lines that were printed."""
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def run(capsys) -> Callable[..., Ran]:
    """Run a command in this process, as the entry point does."""

    def run(*arguments: str) -> Ran:
        capsys.readouterr()
        code = main(list(arguments))
        out, err = capsys.readouterr()
        return Ran(int(code), out, err)

    return run
