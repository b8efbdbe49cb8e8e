"""The demo as a user runs it: from anywhere, without a terminal, and nothing stays behind."""

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from eliza_cloud.emulator import GENERATIONS
from tests.harness.processes import run, start
from tests.harness.waiting import HANG
from tests.process.conftest import CLI

STEPS = [
    "Start both", "Sign in", "Check the status", "Create an agent", "Connect to it", "Tell it a name",
    "Take a backup", "Tell it another name", "Restore the backup", "Kill the sandbox", "See it repaired",
    "Disconnect", "Look for the key", "Stop both",
]  # fmt: skip
LINE = re.compile(r"^✓ (.+?) +\d+\.\d\d s   .+$")


def demo(environment, cwd, *arguments):
    return run(*CLI, "demo", *arguments, env=environment, cwd=cwd)


def kept_demo(environment, cwd):
    command = (*CLI, "demo", "--keep")
    return start(*command, env=environment, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def alive(pid):
    return Path(f"/proc/{pid}").exists()


@pytest.fixture
def scratch(environment, tmp_path):
    """A directory of its own for the demo's temporary files."""
    (tmp_path / "tmp").mkdir()
    environment["TMPDIR"] = str(tmp_path / "tmp")
    return tmp_path / "tmp"


@pytest.mark.parametrize("generation", GENERATIONS)
def test_every_step_does_what_it_should(environment, scratch, tmp_path, generation):
    ran = demo(environment, tmp_path, "--generation", generation)
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout
    lines = ran.stdout.splitlines()
    assert [found.group(1) for line in lines if (found := LINE.match(line))] == STEPS
    assert lines[-1].startswith(f"All {len(STEPS)} steps passed in ")
    assert "heartbeat_missed" in ran.stdout
    assert ("agreed to $" in ran.stdout) == (generation == "latest")
    assert list(scratch.iterdir()) == []
    assert not Path(environment["ELIZA_STATE_DIR"]).exists()
    assert not list(Path(environment["HOME"]).iterdir())


def test_it_runs_in_a_directory_full_of_misleading_names(environment, scratch, tmp_path):
    for name in ("click", "aiohttp", "json", "eliza_cloud", "structlog"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong module')")
    assert demo(environment, tmp_path).returncode == 0


def test_variables_of_the_users_own_service_do_not_reach_it(environment, scratch, tmp_path):
    environment |= {
        "ELIZA_API_PORT": "1",
        "ELIZA_API_TOKEN": "mine",
        "ELIZAOS_CLOUD_API_KEY": "eliza_mine",
        "ELIZAOS_CLOUD_BASE_URL": "https://cloud.invalid",
    }
    assert demo(environment, tmp_path).returncode == 0


def sabotage(environment, tmp_path, code):
    """Run `code` at the start of every Python process that inherits the environment."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(code)
    environment["PYTHONPATH"] = os.pathsep.join(
        filter(None, [str(tmp_path / "site"), environment.get("PYTHONPATH")])
    )


def test_a_step_that_fails_is_named_with_what_was_found_and_the_logs(environment, scratch, tmp_path):
    sabotage(
        environment,
        tmp_path,
        "import sys\n"
        "if 'emulator' in sys.orig_argv:\n"
        "    from eliza_cloud.emulator.access import login_sessions\n"
        "    def broken(*_): raise login_sessions.NotCompletableError('Broken on purpose.')\n"
        "    login_sessions.complete = broken\n",
    )
    ran = demo(environment, tmp_path)
    assert ran.returncode == 1
    assert "✗ Sign in: Broken on purpose." in ran.stdout
    assert "--- emulator, last lines:" in ran.stdout
    assert "--- serve, last lines:\nListening on" in ran.stdout
    assert "steps passed" not in ran.stdout
    assert "Traceback" not in ran.stdout + ran.stderr
    assert list(scratch.iterdir()) == []


def test_a_key_that_stays_anywhere_fails_the_demo(environment, scratch, tmp_path):
    sabotage(
        environment,
        tmp_path,
        "import sys\n"
        "if 'serve' in sys.orig_argv:\n"
        "    import os, pathlib\n"
        "    from eliza_cloud.store.credentials import Credentials\n"
        "    save = Credentials.save_login\n"
        "    async def leaky(self, key, *rest, **more):\n"
        "        pathlib.Path(os.environ['ELIZA_STATE_DIR'], 'leftover').write_text(key.reveal())\n"
        "        await save(self, key, *rest, **more)\n"
        "    Credentials.save_login = leaky\n",
    )
    ran = demo(environment, tmp_path)
    assert ran.returncode == 1
    assert "✗ Look for the key: expected no file that holds the key, found leftover" in ran.stdout


def test_a_service_that_does_not_start_is_a_failure_that_shows_why(environment, scratch, tmp_path):
    sabotage(
        environment,
        tmp_path,
        "import os, sys\nif 'serve' in sys.orig_argv: print('No room here.', flush=True); os._exit(9)\n",
    )
    ran = demo(environment, tmp_path)
    assert ran.returncode == 1
    assert "The demo could not start" in ran.stderr
    assert "No room here." in ran.stderr
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    ("moment", "number"),
    [
        ("✓ Start both", signal.SIGTERM),
        ("✓ Connect to it", signal.SIGINT),
        ("Both go on until", signal.SIGINT),
        ("Both go on until", signal.SIGHUP),
    ],
)
def test_its_processes_end_with_it(environment, scratch, tmp_path, moment, number):
    with kept_demo(environment, tmp_path) as process:
        while not (line := process.stdout.readline()).startswith(moment):
            assert line.strip() or line, "the demo ended early"
        started = children(process.pid)
        assert len(started) == 2
        process.send_signal(number)
        _, err = process.communicate(timeout=HANG)
    assert process.returncode == 128 + number
    assert "Traceback" not in err
    assert not any(alive(child) for child in started)
    assert list(scratch.iterdir()) == []


def test_what_is_kept_can_be_used_with_the_commands_it_prints(environment, scratch, tmp_path):
    with kept_demo(environment, tmp_path) as process:
        while not (line := process.stdout.readline()).startswith("  export "):
            assert line
        exported = dict(word.split("=", 1) for word in line.split()[1:])
        ran = run(*CLI, "status", env={**environment, **exported})
        assert (ran.returncode, ran.stderr) == (4, "")
        assert "not signed in" in ran.stdout
        process.terminate()
        process.communicate(timeout=HANG)
