"""The processes of tests: they have default signals, and end with the tests, however these end."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness import guardian
from tests.harness.processes import run, start
from tests.harness.waiting import wait_until

ROOT = Path(__file__).parents[1]
#: A process that starts another one in a session of its own, as the demo does, and says its id.
FAMILY = "import subprocess, sys; subprocess.run(['sleep', '1000'], start_new_session=True)"
#: Tests that start a family and then end like this.
TESTS = """
import os, signal, sys
from tests.harness.processes import start
signal.signal(signal.SIGINT, signal.SIG_IGN)
family = start(sys.executable, "-c", {family!r})
print(family.pid, flush=True)
sys.stdin.readline()
{end}
"""


def alive(pid: int) -> bool:
    return any(pid == one for one, *_ in guardian.processes())


def grandchild(family: int) -> int:
    """Wait until the family has its child, and return its id."""
    return wait_until(lambda: guardian.below({family}) - {family}).pop()


@pytest.mark.parametrize("end", ["os.kill(os.getpid(), signal.SIGKILL)", "os._exit(0)", "sys.exit(3)"])
def test_whatever_ends_the_tests_ends_their_processes(end):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with start(sys.executable, "-c", TESTS.format(family=FAMILY, end=end), cwd=ROOT, **pipes) as tests:
        family = int(tests.stdout.readline())
        child = grandchild(family)
        assert os.getpgid(family) not in {os.getpgrp(), os.getpgid(tests.pid)}
        tests.communicate("\n")
    wait_until(lambda: not alive(family) and not alive(child))


def test_a_block_that_fails_ends_the_process_and_what_that_started():
    with contextlib.suppress(ZeroDivisionError), start(sys.executable, "-c", FAMILY) as family:
        child = grandchild(family.pid)
        raise ZeroDivisionError
    assert family.returncode == -signal.SIGKILL
    wait_until(lambda: not alive(child))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_child_of_tests_that_were_started_in_the_background_has_default_signals(number):
    child = f"import signal as s; print(s.getsignal({int(number)}) in (s.SIG_DFL, s.default_int_handler))"
    tests = f"""
import signal, sys
from tests.harness.processes import run
signal.signal({int(number)}, signal.SIG_IGN)
print(run(sys.executable, "-c", {child!r}).stdout)
"""
    assert run(sys.executable, "-W", "ignore", "-c", tests, cwd=ROOT).stdout.strip() == "True"


def test_a_process_that_hangs_is_ended():
    with pytest.raises(subprocess.TimeoutExpired):
        run("sleep", "1000", timeout=0.01)
