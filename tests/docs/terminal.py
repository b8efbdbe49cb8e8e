"""A terminal to paste a document's blocks into: one bash with a home of its own, and free ports."""

import subprocess
from pathlib import Path
from typing import Self

from tests.harness import processes
from tests.harness.ports import free_ports
from tests.harness.waiting import HANG

CURLRC = "silent\nshow-error\nfail-with-body\n"
DONE = "--- pasted"
WATCH = "set -o pipefail; failed=; trap 'failed=\"$failed [$?] $BASH_COMMAND\"' ERR\n"
SAY = f"\nprintf '\\n%s%s\\n' '{DONE}' \"$failed\"; failed=\n"


class Terminal:
    """A bash in a directory. Of what is pasted only the ports are changed, to free ones.

    The environment holds PATH, HOME and TMPDIR, and what says the same about ports as the pasted text does.
    """

    def __init__(self, directory: Path, path: str) -> None:
        self.home = directory / "home"
        self.here = directory / "here"
        for one in (self.home, self.here, directory / "tmp"):
            one.mkdir(exist_ok=True)
        (self.home / ".curlrc").write_text(CURLRC)
        self.cloud, service, second = free_ports(3)
        self._ports = {"4400": str(self.cloud), "31337": str(service), "2138": str(second)}
        self._errors = directory / "stderr.txt"
        with self._errors.open("w") as errors:
            self._bash = processes.start(
                *("bash", "--norc"),
                cwd=self.here,
                env={
                    "PATH": path,
                    "HOME": str(self.home),
                    "TMPDIR": str(directory / "tmp"),
                    "ELIZA_API_PORT": str(service),
                    "ELIZA_PORT": str(second),
                },
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        self.paste(WATCH)

    def paste(self, text: str) -> str:
        """Paste a text and return what it printed on stdout; no command of it may fail."""
        for port, free in self._ports.items():
            text = text.replace(f":{port}", f":{free}").replace(f"--port {port}", f"--port {free}")
        self._bash.stdin.write(text + SAY)
        self._bash.stdin.flush()
        printed = []
        for line in self._bash.stdout:
            if line.startswith(DONE):
                failed = line.removeprefix(DONE).strip()
                assert not failed, f"{failed}\n{''.join(printed)}{self._errors.read_text()}"
                return "".join(printed)
            printed.append(line)
        raise AssertionError(f"bash ended:\n{''.join(printed)}{self._errors.read_text()}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *error: object) -> None:
        """End bash and everything that was started in it; in order, unless something went wrong."""
        if kind is None:
            self.paste("kill $(jobs -p) 2>/dev/null || true; wait")
            self._bash.stdin.close()
            self._bash.wait(HANG)
        self._bash.__exit__(kind, *error)
