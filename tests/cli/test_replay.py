"""`replay`: a journal that was really recorded, one that was tampered with, and what is none."""

import json

import pytest

from tests.harness import processes
from tests.harness.processes import CLI
from tests.process.conftest import deployment, environment

__all__ = ["deployment", "environment"]


@pytest.fixture
def recorded(deployment, tmp_path):
    """What a deployment wrote down while somebody signed in and connected, and signed out."""
    assert deployment.login().code == 0
    assert deployment.run("wait", "--for", "signed-in").code == 0
    assert deployment.run("agents", "create", "ada").code == 0
    assert deployment.run("agents", "connect", "ada").code == 0
    assert deployment.run("disconnect").code == 0
    ran = deployment.run("events", "--json")
    assert ran.code == 0
    path = tmp_path / "journal.jsonl"
    path.write_text(ran.out)
    return path


def test_a_recorded_journal_arrives_where_it_did_and_a_tampered_one_is_named(recorded, run, monkeypatch):
    lines = recorded.read_text().splitlines()
    entries = [json.loads(line) for line in lines]
    moves = [one for one in entries if one["kind"] == "link" and one["source"] != one["state"]]
    assert [one["state"] for one in moves] == ["connecting", "connected", "closing", "disconnected"]

    ran = run("replay", str(recorded), "--json")
    assert ran.code == 0
    steps = sum(one["kind"] != "mark" for one in entries)
    assert ran.lines == [
        {"ok": True, "steps": steps, "starts": 1, "moves": 4, "gaps": 0, "state": "disconnected"}
    ]
    counted = f"{steps} steps, 1 start, 4 moves, 0 gaps"
    said = f"Every transition was reproduced: {counted}. The link ended disconnected.\n"
    assert run("replay", str(recorded)).out == said
    piped = processes.run(*CLI, "replay", "-", input=recorded.read_text())
    assert piped.returncode == 0

    connected = next(one for one in moves if one["state"] == "connected")
    tampered = {**connected, "state": "error"}
    place = entries.index(connected)
    recorded.write_text("\n".join([*lines[:place], json.dumps(tampered), *lines[place + 1 :]]))
    ran = run("replay", str(recorded), "--json")
    assert ran.code == 1
    assert ran.lines[0]["code"] == "replay_diverged"
    assert f"Entry {connected['seq']} (Connected) was noted as" in ran.err

    recorded.write_text("\n".join([*lines[:place], *lines[place + 1 :]]))
    assert run("replay", str(recorded), "--json").lines[0]["gaps"] == 1


@pytest.mark.parametrize(
    "line",
    [
        b"hello",
        b"{}",
        b'{"kind": "link"}',
        b'{"kind": "later", "seq": 1, "at": 1}',
        b'{"kind":"login","seq":1,"at":1,"event":{"event":"Later"},"outcome":"","source":"","state":""}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
    ids=range(7),
)
def test_a_broken_line_is_named_with_its_number(run, tmp_path, line):
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b"\n\n" + line + b"\n")
    ran = run("replay", str(path), "--json")
    assert ran.code == 2
    assert ran.lines[0]["code"] == "journal_unreadable"
    assert "Line 3: invalid journal entry: " in ran.err


def test_a_journal_without_a_mark_says_that_nothing_was_taken_again(run, tmp_path):
    (tmp_path / "empty").write_bytes(b"")
    ran = run("replay", str(tmp_path / "empty"))
    assert (ran.code, ran.out.startswith("Nothing was replayed")) == (0, True)


def test_a_file_that_is_not_there_is_wrong_usage(run, tmp_path):
    assert run("replay", str(tmp_path / "nothing")).code == 2
