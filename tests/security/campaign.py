"""The real service and the real CLI in processes of their own, and a net over all that they show."""

import asyncio
import contextlib
import json
import os
import signal
import stat
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tests.harness.processes import CLI, started
from tests.harness.waiting import HANG, until
from tests.security.canaries import Canary, Net
from tests.security.echoing_cloud import EchoingCloud
from tests.security.wire import converse

TOKEN = "canary-token-" + "9d41c07be2f85a36" * 3
SETTINGS = {
    "cloud": {
        "backup": {"autoBackupIntervalMs": 200},
        "bridge": {"heartbeatIntervalMs": 100, "reconnectIntervalMs": 20, "maxReconnectDelayMs": 50},
        "login": {"pollIntervalMs": 20, "requestTimeoutMs": 1000},
    }
}
#: A stand-in for a browser: it writes down what it was started with.
BROWSER = """#!/bin/sh
{
    env
    cat /proc/self/environ
    tr '\\0' ' ' < /proc/$PPID/cmdline
    cat /proc/$PPID/environ
    echo "$@"
} > "$0.part" 2>&1
mv "$0.part" "$0.seen"
"""
STORE = (
    "eliza.json",
    "agent.sqlite3",
    "agent.sqlite3-wal",
    "agent.sqlite3-shm",
    "api-token",
    ".eliza.json.tmp",
    ".api-token.tmp",
)


@dataclass
class Campaign:
    """One machine: a home, a state directory, a cloud. `keys` are the canary keys handed out."""

    root: Path
    cloud: EchoingCloud
    net: Net = field(default_factory=Net)
    keys: list[str] = field(default_factory=list)
    port: int = 0
    agent: str = ""
    service: asyncio.subprocess.Process | None = None
    starts: int = 0
    stack: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack)
    _read: dict[Path, int] = field(default_factory=dict)

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def canaries(self) -> list[Canary]:
        """The token and every key so far."""
        return [Canary("token", TOKEN), *(Canary(f"key {n}", key) for n, key in enumerate(self.keys, 1))]

    def prepare(self) -> None:
        for name in ("state", "home", "tmp", "cwd", "logs"):
            (self.root / name).mkdir(mode=0o700)
        (self.state / "eliza.json").write_text(json.dumps(SETTINGS))
        (self.state / "api-token").write_text(f"{TOKEN}\n")
        browser = self.root / "home" / "browser"
        browser.write_text(BROWSER)
        browser.chmod(0o700)

    def environment(self, **more: str) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.root / "home"),
            "TMPDIR": str(self.root / "tmp"),
            "ELIZA_STATE_DIR": str(self.state),
            "ELIZA_CLOUD_ALLOW_LOOPBACK": "1",
            "ELIZAOS_CLOUD_BASE_URL": self.cloud.url,
            "ELIZA_LOG_LEVEL": "debug",
            "BROWSER": f"{self.root / 'home' / 'browser'} %s",
            **({"ELIZA_API_PORT": str(self.port)} if self.port else {}),
            **more,
        }

    # The service

    async def start(self, *, patch: str = "", **more: str) -> None:
        """Start the service on a free port; `patch` is Python that runs in it before it begins."""
        self.starts += 1
        out, err = (self.root / "logs" / f"{self.starts}.{name}" for name in ("out", "err"))
        serve = "from eliza_cloud.cli.main import main\nsys.exit(main(['serve', '--port', '0']))"
        code = f"import sys\n{patch}\n{serve}"
        command = [sys.executable, "-P", "-c", code] if patch else [*CLI, "serve", "--port", "0"]
        with out.open("wb") as to_out, err.open("wb") as to_err:
            self.service = await self.stack.enter_async_context(
                started(*command, env=self.environment(**more), cwd=self.root / "cwd",
                        stdout=to_out, stderr=to_err)
            )  # fmt: skip
        process = self.service
        await until(lambda: b"API token" in out.read_bytes() or process.returncode is not None)
        if process.returncode is None:
            self.port = int(out.read_text().split("http://127.0.0.1:")[1].split()[0])

    def of_service(self, name: str) -> bytes:
        """Read what the system says about the service's process."""
        assert self.service is not None
        return Path("/proc", str(self.service.pid), name).read_bytes()

    def tell(self, number: signal.Signals) -> None:
        assert self.service is not None
        self.service.send_signal(number)

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End the service by a signal and return how it ended."""
        assert self.service is not None
        if self.service.returncode is None:
            self.look_at_processes()
            self.tell(number)
        async with asyncio.timeout(HANG):
            code = await self.service.wait()
        self.collect()
        return code

    async def api(
        self,
        method: str,
        path: str,
        *,
        token: str = TOKEN,
        seconds: float = HANG,
        end: bytes | None = None,
        **more: Any,
    ) -> tuple[int, Any]:
        """Call the API; all that is read goes into the net. An answer that has an `end` is left after it."""
        headers = {"Authorization": f"Bearer {token}", **more.pop("headers", {})}
        timeout = aiohttp.ClientTimeout(total=seconds)
        url = f"http://127.0.0.1:{self.port}{path}"
        async with self.cloud.session.request(
            method, url, headers=headers, timeout=timeout, **more
        ) as answer:
            content = f"{answer.status} {answer.reason} {sorted(answer.headers.items())}\n".encode()
            body = len(content)
            try:
                async for piece in answer.content.iter_any():
                    content += piece
                    if end is not None and end in content:
                        break
            finally:
                self.net.add("answers", content)
            content = content[body:]
            with contextlib.suppress(ValueError):
                return answer.status, json.loads(content)
            return answer.status, content

    async def raw(self, sent: bytes) -> None:
        """Send bytes to the API; what comes back goes into the net."""
        self.net.add("answers", (await converse(self.port, sent, patience=1.0)).received)

    async def until_state(self, state: str, **more: Any) -> None:
        """Wait until the link is in a state."""

        async def there() -> bool:
            _, body = await self.api("GET", "/api/cloud/status")
            return body["connection"]["state"] == state and all(
                body.get(name) == value for name, value in more.items()
            )

        await until(there)

    # The command line

    async def cli(self, *arguments: str, **more: str) -> tuple[int, str]:
        """Run one command; its arguments, its output and its errors go into the net."""
        environ = self.environment(**more)
        async with started(*CLI, *arguments, env=environ, cwd=self.root / "cwd") as process:
            async with asyncio.timeout(HANG):
                out, err = await process.communicate()
        self.net.add("command line: output", out)
        self.net.add("command line: errors", err)
        return process.returncode or 0, (out + err).decode()

    # What is looked at

    def look_at_processes(self) -> None:
        """Catch the arguments of the service and all that is known of its children."""
        assert self.service is not None
        todo = [str(self.service.pid)]
        while todo:
            process = Path("/proc", todo.pop())
            with contextlib.suppress(OSError):
                self.net.add(
                    "process arguments", (process / "cmdline").read_bytes() + (process / "comm").read_bytes()
                )
                if process.name != str(self.service.pid):
                    self.net.add("environment of children", (process / "environ").read_bytes())
                for task in (process / "task").iterdir():
                    todo += (task / "children").read_text().split()

    def collect(self) -> None:
        """Catch what is new in the logs and in the browser's notes, and every file outside the store."""
        for path in sorted((self.root / "logs").iterdir()):
            with path.open("rb") as file:
                file.seek(self._read.get(path, 0))
                self.net.add("log" if path.suffix == ".err" else "service: output", file.read())
                self._read[path] = file.tell()
        seen = self.root / "home" / "browser.seen"
        if seen.exists():
            self.net.add("environment of children", seen.read_bytes())
            seen.unlink()
        for path in self.files():
            if path.parent != self.state or path.name not in STORE:
                self.net.add("files outside the store", str(path).encode() + path.read_bytes())
        for asked in self.cloud.asked:
            self.net.add("addresses and bodies sent to the cloud", asked)
        self.cloud.asked.clear()

    def files(self) -> list[Path]:
        """Every file there is, but the logs, which are a surface of their own."""
        logs = self.root / "logs"
        return [path for path in sorted(self.root.rglob("*")) if path.is_file() and logs not in path.parents]

    def modes_of_holders(self) -> dict[Path, int]:
        """Which files hold a canary, and with what mode."""
        return {
            path: stat.S_IMODE(path.stat().st_mode)
            for path in self.files()
            if any(canary.found_in(path.read_bytes()) for canary in self.canaries)
        }

    def remember_key(self) -> str:
        """Read the key that a sign-in has just brought; it is a canary from now on."""
        key = json.loads((self.state / "eliza.json").read_text())["cloud"]["apiKey"]
        if key not in self.keys:
            self.keys.append(key)
        return str(key)
