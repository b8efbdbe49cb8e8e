"""What can be wrong with where the state is kept: made and mended from outside, while a service runs."""

import sqlite3
from contextlib import suppress
from pathlib import Path

import pytest

from tests.crash.machine import Machine
from tests.harness.processes import run


def as_root(*command: str | Path) -> None:
    """Run a command only root may; where that is not to be, the test is skipped and says what it missed."""
    done = run(*command)
    if done.returncode != 0:
        pytest.skip(f"not tested here, as it takes root: {command[0]}: {done.stderr.strip()}")


class FullDisk:
    """A file system of half a megabyte without a free byte."""

    code = "disk_full"

    words = ("the disk is full; free some space and try again",)

    def __init__(self, machine: Machine) -> None:
        self._state = machine.state
        self._ballast = machine.state / "ballast"
        config = machine.config.read_bytes()
        as_root("mount", "-t", "tmpfs", "-o", "size=512k,mode=700", "tmpfs", machine.state)
        machine.config.write_bytes(config)

    def begin(self) -> None:
        with self._ballast.open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(b"\0" * 4096)

    def end(self) -> None:
        self._ballast.unlink(missing_ok=True)

    def close(self) -> None:
        assert run("umount", "--lazy", self._state).returncode == 0


class ReadOnly:
    """A directory in which nothing can be changed, made or removed, files that are open already included."""

    code = "store_failed"

    words = (
        "operation not permitted; give the user who runs the service the right to read and write it",
        "the disk failed to read or write; check the disk and its free space, then try again",
        "it may not be written; give the user who runs the service the right to read and write it",
    )

    def __init__(self, machine: Machine) -> None:
        self._state = machine.state
        self.begin()
        self.end()

    def begin(self) -> None:
        self._change("+i")

    def end(self) -> None:
        self._change("-i")

    def close(self) -> None:
        self.end()

    def _change(self, flag: str) -> None:
        as_root("chattr", "-R", flag, self._state)


class Locked:
    """A database that another process works in."""

    code = "store_failed"

    words = ("another program keeps it locked; close that program and try again",)

    def __init__(self, machine: Machine) -> None:
        self._path = machine.state / "agent.sqlite3"
        self._other: sqlite3.Connection | None = None

    def begin(self) -> None:
        self._other = sqlite3.connect(self._path, isolation_level=None)
        self._other.execute("BEGIN EXCLUSIVE")

    def end(self) -> None:
        if self._other is not None:
            self._other.close()
            self._other = None

    def close(self) -> None:
        self.end()


StoreProblem = FullDisk | ReadOnly | Locked
STORE_PROBLEMS = [FullDisk, ReadOnly, Locked]
