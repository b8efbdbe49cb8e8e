"""A database that is damaged, in one row or altogether: what can be kept is kept, and the rest is said."""

import json
import os
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.crash.machine import Machine
from tests.harness.processes import CLI, run
from tests.harness.waiting import wait_until


@pytest.fixture(autouse=True)
def _not_for_the_replay(machine):
    """Remove the damaged database, so that nobody takes its journal again (tests/conftest.py)."""
    yield
    machine.close()
    (machine.state / "agent.sqlite3").unlink()


def stopped(service) -> None:
    service.signal(signal.SIGTERM)
    assert service.wait() == 0


def codes(service) -> set[str]:
    return {item["code"] for item in service.ask("GET", "/api/cloud/health")[1]["items"]}


def execute(machine: Machine, *statements: str) -> None:
    with closing(sqlite3.connect(machine.state / "agent.sqlite3", isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def journal(service):
    status, body = service.ask("GET", "/api/cloud/journal?limit=1000")
    assert status == 200, body
    return body


NEWEST = "WHERE seq = (SELECT max(seq) FROM journal)"


@pytest.mark.parametrize(
    "damage",
    [
        f"UPDATE journal SET entry = '{{\"seq\": 1, ' {NEWEST}",
        f"UPDATE journal SET entry = '[]' {NEWEST}",
        f"UPDATE journal SET entry = '{{}}' {NEWEST}",
        f"UPDATE journal SET entry = x'ff00fe' {NEWEST}",
        f"UPDATE journal SET entry = CAST(x'ff41' AS TEXT) {NEWEST}",
        f"UPDATE journal SET at = 'yesterday' {NEWEST}",
    ],
)
def test_a_damaged_row_of_the_journal_is_left_out_and_said(machine, damage):
    service = machine.signed_in()
    stopped(service)
    execute(machine, damage)
    service = machine.start()
    service.until_linked(None)
    found = journal(service)
    assert found["damaged"] == 1
    assert len(found["entries"]) > 3
    wait_until(lambda: '"journal.damaged"' in service.output)


@pytest.mark.parametrize("number", ["9223372036854775807", "999999999999999999", "'last'", "x'00'"])
def test_a_number_at_its_end_does_not_end_the_journal(machine, number):
    service = machine.signed_in()
    stopped(service)
    execute(machine, f"UPDATE journal SET seq = {number} {NEWEST}")
    service = machine.start()
    service.until_linked(None)
    before = len(journal(service)["entries"])
    service.login(machine.cloud)
    wait_until(lambda: len(journal(service)["entries"]) > before)
    numbers = [entry["seq"] for entry in journal(service)["entries"]]
    assert numbers == sorted(numbers)
    assert numbers[-1] < 10**17


@pytest.mark.parametrize("table", ["agent", "journal"])
def test_a_table_that_is_missing_is_made_again(machine, table):
    service = machine.signed_in()
    stopped(service)
    execute(machine, f"DROP TABLE {table}")
    service = machine.start()
    service.until_linked(None)
    assert journal(service)["entries"]


def test_a_column_that_is_missing_is_made_again(machine):
    stopped(machine.signed_in())
    execute(machine, "ALTER TABLE agent DROP COLUMN restarting")
    service = machine.start()
    service.until_linked(None)
    service.post(f"/api/cloud/agents/{service.create_agent()}/connect")


def overwrite_all(path: Path) -> None:
    path.write_bytes(b"no database at all, but a key of ours: " + path.read_bytes()[:100])


def overwrite_pages(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(os.fstat(file.fileno()).st_size - 4096))


def cut(path: Path) -> None:
    os.truncate(path, 5000)


def confuse_the_record(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE agent SET restarting = 'perhaps', last_backup_at = 'never'")


@pytest.mark.parametrize("damage", [overwrite_all, overwrite_pages, cut, confuse_the_record])
def test_one_that_is_damaged_is_set_aside_without_a_key_and_made_anew(
    machine, damage: Callable[[Path], None]
):
    service = machine.signed_in()
    key = machine.key
    stopped(service)
    database = machine.state / "agent.sqlite3"
    damage(database)
    with database.open("ab") as file:
        file.write(key.encode())
    service = machine.start()
    service.until_linked(None)
    aside = machine.state / "agent.sqlite3.damaged"
    assert aside.stat().st_mode & 0o777 == 0o600
    assert key.encode() not in aside.read_bytes()
    assert "database_set_aside" in codes(service)
    wait_until(lambda: '"database.set_aside"' in service.output)
    assert machine.key == key
    stopped(service)
    service = machine.start()
    service.until_linked(None)
    assert "database_set_aside" not in codes(service)


def test_a_database_whose_journal_is_damaged_keeps_the_record(machine):
    service, agent = machine.linked()
    for _ in range(3):
        service.post(f"/api/cloud/agents/{service.create_agent()}/connect")
    service.post(f"/api/cloud/agents/{agent}/connect")
    stopped(service)
    database = machine.state / "agent.sqlite3"
    with closing(sqlite3.connect(database)) as connection:
        page = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'journal'").fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    with database.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(os.urandom(size))
    machine.start().until_linked(agent)


def test_the_doctor_names_a_damaged_database(machine):
    stopped(machine.signed_in())
    overwrite_pages(machine.state / "agent.sqlite3")
    report = json.loads(run(*CLI, "doctor", "--json", env=machine.environ).stdout)
    [state] = [one for one in report["checks"] if one["check"] == "state"]
    assert (state["result"], state["code"]) == ("FAIL", "store_failed")
    assert "Restart the service, which sets it aside and makes a new one." in state["remedy"]
