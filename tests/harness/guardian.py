"""The leader of the process group in which the tests start their processes.

Run as a program, it ends all of them as soon as the tests' end of its stdin is closed, which the system does
however the tests end.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def processes() -> Iterator[tuple[int, int, int]]:
    """Id, parent and process group of every living process."""
    for directory in Path("/proc").iterdir():
        if directory.name.isdigit():
            with suppress(OSError):
                state, parent, group = (directory / "stat").read_text().rpartition(")")[2].split()[:3]
                if state != "Z":
                    yield int(directory.name), int(parent), int(group)


def members(group: int) -> set[int]:
    """The processes of a group but its leader, and what they started in groups of their own."""
    return {*below({pid for pid, _, its_group in processes() if its_group == group})} - {group}


def below(roots: set[int]) -> set[int]:
    """Return these processes and all that they started."""
    found, known = set(roots), list(processes())
    while more := {pid for pid, parent, _ in known if parent in found} - found:
        found |= more
    return found


def kill(pids: set[int]) -> None:
    """Kill processes; one that has ended meanwhile is not missed."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    sys.stdin.buffer.read()
    kill(members(os.getpid()))
