"""Commands and the service without standard streams, on a full disk, and with a reader that stops."""

import json
import signal
import subprocess
import urllib.request
from pathlib import Path

import pytest

from tests.harness import processes
from tests.harness.ports import free_port
from tests.harness.processes import CLI
from tests.harness.waiting import HANG, wait_until

CANARY = "eliza_" + "5ec2e7" * 8
TOKEN = "canary-token-3f9c1b7d5a2e8460f1d2c3b4a5968778"


@pytest.fixture
def environment(environment):
    return {
        **environment,
        "ELIZA_API_PORT": str(free_port()),
        "ELIZA_API_TOKEN": TOKEN,
        "ELIZAOS_CLOUD_API_KEY": CANARY,
        "ELIZAOS_CLOUD_BASE_URL": "http://127.0.0.1:9",
        "ELIZA_CLOUD_ALLOW_LOOPBACK": "1",
    }


def in_shell(redirections, *arguments):
    """The command as a shell starts it, with these redirections."""
    words = " ".join(map(str, (*CLI, *arguments)))
    return ["bash", "-c", f"exec {words} {redirections}"]


def ask(environment, path):
    request = urllib.request.Request(
        f"http://127.0.0.1:{environment['ELIZA_API_PORT']}{path}",
        headers={"Authorization": f"Bearer {TOKEN}"},
    )
    with urllib.request.urlopen(request, timeout=HANG) as answer:
        return json.load(answer)


def answers(environment):
    try:
        return ask(environment, "/healthz")
    except OSError:
        return None


def problems(environment):
    return {item["code"]: item["detail"] for item in ask(environment, "/api/cloud/health")["items"]}


@pytest.mark.parametrize(
    ("redirections", "reason"),
    [
        ("2>&-", "standard error was closed"),
        (">&-", None),
        (">&- 2>&-", "standard error was closed"),
        ("<&-", None),
        ("<&- >&- 2>&-", "standard error was closed"),
        (">/dev/full", None),
        ("2>/dev/full", "No space left on device"),
        (">/dev/full 2>/dev/full", "No space left on device"),
    ],
)
def test_the_service_runs_without_streams_and_health_says_that_there_is_no_log(
    environment, tmp_path, redirections, reason
):
    with (tmp_path / "printed").open("w+b") as printed:
        command = in_shell(redirections, "serve")
        streams = {"stdout": printed, "stderr": printed}
        with processes.start(*command, env=environment, **streams) as process:
            wait_until(lambda: answers(environment) or process.poll() is not None)
            assert process.poll() is None
            says = f"Lines of the log cannot be written: {reason}."
            wait_until(lambda: problems(environment).get("log_unwritable") == (says if reason else None))
            process.terminate()
            assert process.wait(HANG) == 0
        printed.seek(0)
        text = printed.read().decode()
    assert CANARY not in text
    assert TOKEN not in text
    assert "Traceback" not in text
    database = Path(environment["ELIZA_STATE_DIR"]) / "agent.sqlite3"
    assert database.read_bytes().startswith(b"SQLite format 3")


def test_a_reader_that_stops_holds_up_neither_answers_nor_the_stop(environment):
    environment["ELIZA_LOG_LEVEL"] = "debug"
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with processes.start(*CLI, "serve", env=environment, **pipes) as process:
        wait_until(lambda: answers(environment))
        while "log_unwritable" not in problems(environment):  # each request is a line
            pass
        assert problems(environment)["log_unwritable"].endswith("its reader does not read.")
        dropped = None
        for line in process.stderr:
            entry = json.loads(line)
            if entry["event"] == "log.lines_dropped":
                dropped = entry["count"]
                break
        assert dropped > 0
        wait_until(lambda: "log_unwritable" not in problems(environment))
        while "log_unwritable" not in problems(environment):
            pass
        process.send_signal(signal.SIGTERM)
        assert process.wait(HANG) == 0


@pytest.mark.parametrize(
    "command", [["--help"], ["doctor"], ["config", "show"], ["reference", "cli"], ["status"]]
)
@pytest.mark.parametrize("redirections", [">&-", "2>&-", ">&- 2>&-", "<&-", ">/dev/full"])
def test_a_command_without_streams_ends_in_a_sentence(environment, command, redirections):
    whole = processes.run(*CLI, *command, env=environment)
    ran = processes.run(*in_shell(redirections, *command), env=environment)
    if redirections == ">/dev/full" and whole.stdout:
        assert ran.returncode == 1
        assert (
            ran.stderr.splitlines()[-1] == "Error: The output could not be written: No space left on device."
        )
    else:
        assert ran.returncode == whole.returncode
    for text in (ran.stdout, ran.stderr):
        assert "Traceback" not in text
        assert "Exception" not in text
        assert CANARY not in text
