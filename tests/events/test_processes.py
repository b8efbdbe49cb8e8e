"""The stream and the commands that read it, with a real service that is stopped and started again."""

import json
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPResponse
from pathlib import Path

import pytest

from tests.harness.processes import CLI, Process, run, serving, start
from tests.harness.waiting import HANG
from tests.process.conftest import deployment, environment, interrupt

__all__ = ["deployment", "environment"]


@pytest.fixture
def again(environment) -> dict[str, str]:
    """An environment in which a service can be started several times at the same port, without a cloud."""
    environment |= {"ELIZA_CLOUD_ALLOW_LOOPBACK": "1", "ELIZAOS_CLOUD_BASE_URL": "http://127.0.0.1:9"}
    with serving(["serve", "--port", "0"], environment) as (_, url):
        port = url.rpartition(":")[2]
    return {**environment, "ELIZA_API_PORT": port, "ELIZA_PORT": port}


def token(environ: dict[str, str]) -> str:
    return (Path(environ["ELIZA_STATE_DIR"]) / "api-token").read_text().strip()


def opened(environ: dict[str, str], after: int | None = None) -> HTTPResponse:
    url = f"http://127.0.0.1:{environ['ELIZA_API_PORT']}/api/cloud/events"
    headers = {"Authorization": f"Bearer {token(environ)}"}
    if after is not None:
        headers["Last-Event-ID"] = str(after)
    return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=HANG)


def frame(answer: HTTPResponse) -> tuple[int, str, dict]:
    lines = [answer.readline().decode().rstrip("\n") for _ in range(4)]
    return int(lines[0][4:]), lines[1][7:], json.loads(lines[2][6:])


@contextmanager
def started(*arguments: str, environ: dict[str, str]) -> Iterator[Process]:
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with start(*CLI, *arguments, env=environ, **pipes) as process:
        yield process


def test_a_restart_is_a_gap_and_shows_in_started_at(again):
    with serving(["serve"], again), opened(again) as answer:
        seq, event, before = frame(answer)
        assert event == "snapshot"
    with serving(["serve"], again), opened(again, seq) as answer:
        newest, event, after = frame(answer)
        assert event == "snapshot"
        assert newest > seq
        assert after["startedAt"] > before["startedAt"]
        at, event, gap = frame(answer)
        assert (at, event) == (newest, "gap")
        assert gap == {"after": seq, "missed": None, "reason": "restart"}


def ended_after(process: Process) -> float:
    """Stop a service and return how many seconds that took."""
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(HANG) == 0
    return time.monotonic() - begun


def test_a_stop_ends_the_streams_in_order_and_waits_for_none(again, figure):
    with serving(["serve"], again) as (process, _):
        alone = ended_after(process)
    with ExitStack() as stack:
        process, _ = stack.enter_context(serving(["serve"], again))
        readers = [stack.enter_context(opened(again)) for _ in range(30)]
        for reader in readers:
            frame(reader)
        took = ended_after(process)
        assert [reader.read() for reader in readers] == [b""] * 30  # IncompleteRead, if it broke off
    figure(f"event stream: SIGTERM with 30 readers: ended in {took:.2f} s, without in {alone:.2f} s")
    assert took < 3 * alone


def test_following_prints_what_happens_across_a_restart_each_entry_once(again, tmp_path):
    with ExitStack() as stack:
        with serving(["serve"], again):
            following = stack.enter_context(started("events", "--follow", "--json", environ=again))
            text = following.stdout.readline()
        assert following.stderr.readline().endswith(" Waiting until it answers again.\n")
        with serving(["serve"], again):
            assert following.stderr.readline() == "The service was restarted.\n"
            while text.count('"what":"start"') < 3:
                text += following.stdout.readline()
            assert interrupt(following)[:2] == (130, "")
            printed = run(*CLI, "events", "--json", env=again).stdout
    assert text == printed
    entries = [json.loads(line) for line in printed.splitlines()]
    marks = [entry["what"] for entry in entries if entry["kind"] == "mark"]
    assert marks == ["start", "stop", "start", "stop", "start"]
    (tmp_path / "journal").write_text(printed)
    replayed = run(*CLI, "replay", "--json", tmp_path / "journal")
    assert json.loads(replayed.stdout)["starts"] == 3


def test_waiting_begins_before_the_service_and_ends_when_the_link_stands(deployment):
    with deployment.start("wait", "--for", "connected", "--json") as waiting:
        assert waiting.stderr.readline().startswith("Waiting for the link to be connected. Not signed in")
        assert deployment.login().code == 0
        assert deployment.run("agents", "create", "ada").code == 0
        assert deployment.run("agents", "connect", "ada").code == 0
        out, err = waiting.communicate(timeout=HANG)
    assert waiting.returncode == 0
    assert json.loads(out)["connection"]["state"] == "connected"
    assert err.splitlines()[-1].startswith("Waiting for the link to be connected. The link is ◌ connecting")
    assert deployment.run("explain").code == 0
    assert "has been connected for" in deployment.run("explain").out


def test_a_service_that_starts_meanwhile_ends_the_wait(again):
    with started("wait", "--for", "service", environ=again) as waiting:
        assert "No eliza-cloud service is running" in waiting.stderr.readline()
        with serving(["serve"], again):
            assert waiting.wait(20) == 0


def test_a_wait_is_over_in_time_while_nothing_happens(again):
    with serving(["serve"], again):
        begun = time.monotonic()
        with started("wait", "--for", "connected", "--timeout", "1", environ=again) as waiting:
            _, err = waiting.communicate(timeout=HANG)
        took = time.monotonic() - begun
    assert waiting.returncode == 7
    assert took >= 1.0
    why = "Not signed in, the link is ○ disconnected."
    assert err.splitlines()[-2:] == [
        f"Error: Timed out after 1 s waiting for the link to be connected. {why}",
        "To do: eliza-cloud login",
    ]


def test_ctrl_c_ends_a_wait_with_130(again):
    with started("wait", "--for", "service", environ=again) as waiting:
        waiting.stderr.readline()
        assert interrupt(waiting)[0] == 130
