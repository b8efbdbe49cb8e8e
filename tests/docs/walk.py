"""The README's shell blocks, and a machine to run them on: its own home, an emulated cloud, a service."""

import json
import os
import re
import subprocess
import sys
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.docs.readme import README
from tests.harness import processes
from tests.harness.ports import free_ports
from tests.harness.processes import Process
from tests.harness.waiting import HANG

SESSION = "a1b2c3d4-…"
CLOUD, SERVICE = "http://127.0.0.1:4400", "http://localhost:31337"
URL = re.compile(r"(?:answers at|Listening on) (http://\S+)")
SIGN_IN = re.compile(r"session=([0-9a-f-]{36})")
FAST = " --job-seconds 0.1 --poll-interval-ms 50"


@dataclass(frozen=True)
class Block:
    """One shell block: its commands, the heading it stands under, and the JSON block that follows."""

    heading: str
    commands: tuple[str, ...]
    answer: Any
    follows_block: bool

    @property
    def is_curl(self) -> bool:
        return all(command.startswith("curl ") for command in self.commands)


def blocks() -> list[Block]:
    """Every bash block of the README, in order."""
    found = []
    heading, before = "", ""
    pieces = re.split(r"^(#{1,6} [^\n]*|```\w*\n.*?^```)\n", README, flags=re.DOTALL | re.MULTILINE)
    for index, piece in enumerate(pieces):
        if piece.startswith("#"):
            heading = piece
        if piece.startswith("```bash\n"):
            text = piece.removeprefix("```bash\n").removesuffix("```").replace("\\\n", " ")
            commands = tuple(re.sub(r"\s+", " ", line).strip() for line in text.splitlines() if line.strip())
            adjacent = index > 1 and not pieces[index - 1].strip() and before.startswith("```bash")
            after = pieces[index + 2] if index + 2 < len(pieces) and not pieces[index + 1].strip() else ""
            answer = json.loads(after[8:-3]) if after.startswith("```json\n") else None
            found.append(Block(heading, commands, answer, adjacent))
        if piece.strip():
            before = piece
    return found


@dataclass
class Machine:
    """Runs the README's lines in bash. Only addresses, ports and the sign-in's id are put in their place."""

    directory: Path
    ports: list[int] = field(default_factory=lambda: free_ports(3))
    environment: dict[str, str] = field(default_factory=dict)
    session: str = SESSION
    running: dict[str, Process] = field(default_factory=dict)

    def __post_init__(self) -> None:
        home = self.directory / "home"
        (home / ".eliza").mkdir(parents=True, mode=0o700)
        settings = {"cloud": {"login": {"pollIntervalMs": 100}}}
        (home / ".eliza" / "eliza.json").write_text(json.dumps(settings))
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("ELIZA_", "ELIZAOS_")) and name not in {"DISPLAY", "BROWSER"}
        }
        self.environment = {
            **kept,
            "HOME": str(home),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "ELIZA_API_PORT": str(self.ports[1]),
            "ELIZA_PORT": str(self.ports[2]),
            "ELIZA_CLOUD_ALLOW_LOOPBACK": "1",
            "ELIZAOS_CLOUD_BASE_URL": f"http://127.0.0.1:{self.ports[0]}",
        }

    def placed(self, line: str) -> str:
        """The line with the addresses and the id of this machine."""
        for text, own in (
            (CLOUD, f"http://127.0.0.1:{self.ports[0]}"),
            (SERVICE, f"http://localhost:{self.ports[1]}"),
            ("--port 4400", f"--port {self.ports[0]}{FAST}"),
            (SESSION, self.session),
        ):
            line = line.replace(text, own)
        return re.sub(r"^curl ", "curl --silent --show-error --fail-with-body ", line)

    def shell(self, line: str) -> str:
        """Run a line to its end and return what it printed; it must succeed."""
        command = ("bash", "-euo", "pipefail", "-c", self.placed(line))
        ran = processes.run(*command, env=self.environment, cwd=self.directory)
        assert ran.returncode == 0, f"{line}\n{ran.stdout}{ran.stderr}"
        return ran.stdout

    def start(self, name: str, line: str) -> None:
        """Start what goes on until it is stopped, and wait until it says where it answers."""
        process = self._begin(line)
        self.running[name] = process
        self._read(process, URL)

    def stop(self, name: str) -> None:
        """Stop it as an init system does; it must end well."""
        process = self.running.pop(name)
        process.terminate()
        process.communicate(timeout=HANG)
        assert process.returncode == 0

    def sign_in(self, line: str) -> None:
        """Run the line that signs in, and approve at the emulator as a person in a browser would."""
        process = self._begin(line)
        self.session = self._read(process, SIGN_IN)
        self.approve()
        out, _ = process.communicate(timeout=HANG)
        assert process.returncode == 0, out

    def approve(self) -> None:
        """Authorize the sign-in under way."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.ports[0]}/emulator/approve",
            json.dumps({"sessionId": self.session}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=HANG) as answer:
            assert answer.status == 200

    def follow(self, line: str) -> None:
        """Run what goes on until Ctrl-C, and press it after the first line."""
        process = self._begin(line)
        assert process.stdout.readline()
        process.send_signal(2)
        process.communicate(timeout=HANG)
        assert process.returncode in {0, 130}

    def close(self) -> None:
        for process in self.running.values():
            process.kill()
            process.communicate()

    def _begin(self, line: str) -> Process:
        line = re.sub(r"\beliza-cloud ", "exec eliza-cloud ", self.placed(line), count=1)
        output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        return processes.start("bash", "-c", line, env=self.environment, cwd=self.directory, **output)

    @staticmethod
    def _read(process: Process, pattern: re.Pattern[str]) -> str:
        """Read on until a line has what is looked for, and return that."""
        lines = []
        for line in process.stdout:
            lines.append(line)
            if found := pattern.search(line):
                return found[1]
        raise AssertionError(f"{process.args[-1]} ended:\n{''.join(lines)}")
