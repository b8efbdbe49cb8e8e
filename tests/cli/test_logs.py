"""`logs`: which program is asked for the log, where systemd runs the service and where it does not."""

import pytest

from tests.harness import processes
from tests.harness.processes import CLI

SYSTEMCTL = """#!/bin/sh
case "$*" in *--user*) unit="$TEST_USER_UNIT" ;; *) unit="$TEST_SYSTEM_UNIT" ;; esac
[ -n "$unit" ] || { echo LoadState=not-found; exit 0; }
printf 'LoadState=loaded\\nStandardError=%s\\n' "$unit"
"""
SHOWS_ARGUMENTS = '#!/bin/sh\necho "$(basename "$0") $*"; env | grep -c SECRET; exit ${TEST_EXIT:-0}\n'


@pytest.fixture
def machine(tmp_path, clean_environment, monkeypatch):
    """A machine whose systemd says what a test sets, with programs that print what they are asked."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in (("systemctl", SYSTEMCTL), ("journalctl", SHOWS_ARGUMENTS), ("tail", SHOWS_ARGUMENTS)):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("ELIZAOS_CLOUD_API_KEY", "SECRET")
    return monkeypatch


@pytest.mark.parametrize(
    ("user", "system", "arguments", "asked"),
    [
        ("", "journal", (), "journalctl --unit=eliza-cloud.service --lines=100 --output=cat --no-pager"),
        (
            "journal",
            "journal",
            ("-n", "5", "--follow"),
            "journalctl --user --unit=eliza-cloud.service --lines=5 --output=cat --no-pager --follow",
        ),
        (
            "journal",
            "journal",
            ("--system",),
            "journalctl --unit=eliza-cloud.service --lines=100 --output=cat --no-pager",
        ),
        ("", "append:/var/log/eliza.log", (), "tail --lines=100 -- /var/log/eliza.log"),
        ("", "file:/var/log/a b.log", ("-f",), "tail --lines=100 --follow=name -- /var/log/a b.log"),
    ],
)
def test_the_log_comes_from_where_the_unit_writes_it(machine, user, system, arguments, asked):
    machine.setenv("TEST_USER_UNIT", user)
    machine.setenv("TEST_SYSTEM_UNIT", system)
    ran = processes.run(*CLI, "logs", *arguments)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines() == [asked, "0"]


def test_without_a_unit_it_is_said_where_the_log_is(machine, run):
    ran = run("logs")
    assert ran.code == 1
    assert ran.err.startswith("Error: systemd runs no unit eliza-cloud.service here.\nLook where")


def test_without_systemd_it_is_said_where_the_log_is(machine, run, tmp_path):
    machine.setenv("PATH", str(tmp_path / "none"))
    assert "systemd runs no unit" in run("logs").err


def test_a_log_that_may_not_be_read_is_a_failure_with_a_remedy(machine):
    machine.setenv("TEST_SYSTEM_UNIT", "journal")
    machine.setenv("TEST_EXIT", "1")
    ran = processes.run(*CLI, "logs")
    assert ran.returncode == 1
    assert ran.stderr.splitlines()[-1] == "Run the command as root, or as a user who may read the log."
