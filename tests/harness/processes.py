"""Every process that a test starts: with default signals, and in one process group that ends with the tests.

`-P` keeps the working directory out of the module path, so that nothing there is taken for a module of ours.
"""

import asyncio
import contextlib
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tests.harness import guardian
from tests.harness.calls import EmulatorCalls
from tests.harness.waiting import HANG

CLI = (sys.executable, "-P", "-m", "eliza_cloud.cli")
#: How `serve` and `emulator` say where they answer.
URL = re.compile(r"(?:answers at|Listening on) (http://\S+)")


class Process(subprocess.Popen[Any]):
    """A process that does not outlive its block, and neither does what it started."""

    def __init__(self, command: Any, **options: Any) -> None:
        super().__init__(command, **{"stdin": subprocess.DEVNULL, "process_group": group(), **options})

    def __exit__(self, *error: object) -> None:
        if self.poll() is None:
            guardian.kill(guardian.below({self.pid}))
        super().__exit__(*error)


def start(*command: Any, **options: Any) -> Process:
    """Start a process whose output is text; without a word on stdin, nothing is to be read there."""
    return Process([str(word) for word in command], **{"text": True, **options})


def run(*command: Any, timeout: float = HANG, **options: Any) -> subprocess.CompletedProcess[Any]:
    """Run a process to its end and return its code and what it wrote, as text unless `text` is false."""
    given = options.pop("input", None)
    if given is not None:
        options["stdin"] = subprocess.PIPE
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with start(*command, **{**pipes, **options}) as process:
        out, err = process.communicate(given, timeout)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


@contextlib.contextmanager
def serving(arguments: list[str], environment: Mapping[str, str]) -> Iterator[tuple[Process, str]]:
    """Run a command that serves, and give it with the address it says; at the end it stops in order."""
    quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with start(*CLI, *arguments, env=environment, **quiet) as process:
        found = None
        while found is None:
            line = process.stdout.readline()
            assert line, f"{arguments[0]} ended before it answered"
            found = URL.search(line)
        yield process, found[1]
        process.terminate()
        assert process.wait(HANG) == 0


@contextlib.contextmanager
def emulator_process(
    environment: Mapping[str, str], generation: str = "2026-04", *, job_seconds: float = 0.02
) -> Iterator[EmulatorCalls]:
    """Run an emulator that loses no time."""
    pace = ("--poll-interval-ms", "20", "--job-retry-seconds", "0.02", "0.02", "--no-rate-limits")
    kind = ("--generation", generation, "--job-seconds", str(job_seconds))
    with serving(["emulator", "--port", "0", *kind, *pace], environment) as (_, url):
        yield EmulatorCalls(url)


@contextlib.asynccontextmanager
async def started(*command: Any, **options: Any) -> AsyncIterator[asyncio.subprocess.Process]:
    """Start a process for a block of a coroutine; with the block it ends."""
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    words = [str(word) for word in command]
    process = await asyncio.create_subprocess_exec(*words, process_group=group(), **{**pipes, **options})
    try:
        yield process
    finally:
        if process.returncode is None:
            guardian.kill(guardian.below({process.pid}))
        await process.communicate()


def group() -> int:
    """Return the process group of all that the tests start."""
    return _leader().pid


@cache
def _leader() -> subprocess.Popen[bytes]:
    """Start the process that ends the group when this process ends, however that happens.

    What a parent ignores, its children ignore: a job in the background has SIGINT ignored, one under `nohup`
    SIGHUP. A handler is not inherited, so that children have the default; to this process it means the same.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, _ignore)
    command = [sys.executable, "-I", "-S", guardian.__file__]
    return subprocess.Popen(command, stdin=subprocess.PIPE, process_group=0)


def _ignore(*_: Any) -> None:
    """Ignore a signal."""


def end_group() -> list[str]:
    """Kill what the tests have left running, and return the command of each such process."""
    if not _leader.cache_info().currsize:
        return []
    pids = guardian.members(group())
    commands = [_command(pid) for pid in sorted(pids)]
    guardian.kill(pids)
    with _leader() as leader:
        leader.stdin.close()
    _leader.cache_clear()
    return commands


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return f"{pid}: " + Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip()
    return f"{pid}"
