"""The commands about backups."""

from datetime import UTC, datetime

import pytest

from tests.cli.conftest import AGENT, Answer, in_a_terminal, status

BACKUP = "77777777-2222-4333-8444-555555555555"
PATH = f"/api/cloud/agents/{AGENT}/backups"
LISTED = {
    "ok": True,
    "agentId": AGENT,
    "backups": [
        {"id": BACKUP, "snapshotType": "manual", "sizeBytes": 636, "createdAt": "2026-11-23T10:00:00Z"},
        {"id": AGENT, "snapshotType": "auto", "sizeBytes": None, "createdAt": "2026-11-23T09:00:00Z"},
    ],
}


def test_the_list_of_the_connected_agent(service, run):
    service.answers("GET", PATH, LISTED)
    lines = run("backups", "list").out.splitlines()
    assert lines[0].split() == ["TAKEN", "TYPE", "BYTES", "ID"]
    assert lines[1].split()[-3:] == ["manual", "636", BACKUP]
    assert lines[2].split()[-3:] == ["auto", "-", AGENT]
    assert run("backups", "list", "--json").lines == [LISTED]


def test_no_backups_is_said(service, run):
    service.answers("GET", PATH, {**LISTED, "backups": []})
    assert run("backups", "list", AGENT).out == "There are no backups.\n"


@pytest.mark.parametrize("command", ["list", "take", "restore"])
def test_without_a_connected_agent_one_must_be_named(service, run, command):
    service.answers("GET", "/api/cloud/status", status(state="disconnected", link={"agentId": None}))
    ran = run("backups", command)
    assert ran.code == 5
    assert ran.err.startswith("Error: No agent is connected, and none was named.")


def test_take_says_which_backup_it_is(service, run):
    body = {"ok": True, "agentId": AGENT, "backup": {"backupId": BACKUP, "sizeBytes": 636, "createdAt": "x"}}
    service.answers("POST", PATH, body)
    assert run("backups", "take").out == f"✓ Backup taken: {BACKUP}, 636 bytes.\n"
    assert run("backups", "take", "--json").lines == [body]


def test_a_backup_without_an_id_is_taken_all_the_same(service, run):
    backup = {"backupId": None, "sizeBytes": None, "createdAt": None}
    service.answers("POST", PATH, {"ok": True, "agentId": AGENT, "backup": backup})
    assert run("backups", "take").out == "✓ Backup taken: the cloud named no id.\n"


@pytest.mark.parametrize(
    ("arguments", "request_body"), [([], {}), (["--backup", BACKUP], {"backupId": BACKUP})]
)
def test_restore_from_the_newest_or_from_the_one_named(service, run, arguments, request_body):
    path = f"/api/cloud/agents/{AGENT}/restore"
    service.answers("POST", path, {"ok": True, "agentId": AGENT, "restoredFromBackupId": BACKUP})
    assert run("backups", "restore", *arguments).out == f"✓ Restored from backup {BACKUP}.\n"
    assert service.requests("POST")[0].body == request_body


def test_a_restore_that_is_only_accepted_is_not_called_done(service, run):
    body = {"ok": True, "agentId": AGENT, "restoredFromBackupId": BACKUP, "status": "accepted"}
    service.answers("POST", f"/api/cloud/agents/{AGENT}/restore", Answer(body, 202))
    ran = run("backups", "restore", "--yes")
    assert ran.code == 0
    assert "✓" not in ran.out
    assert "has accepted the restore" in ran.out


DEADLY = Answer(
    {"ok": False, "error": "Too large.", "code": "restore_ends_agent", "sizeBytes": 1_048_577}, 409
)


def test_a_backup_that_ends_the_agent_needs_yes(service, run):
    path = f"/api/cloud/agents/{AGENT}/restore"
    service.answers("POST", path, DEADLY)
    ran = run("backups", "restore")
    assert (ran.code != 0, len(service.requests("POST"))) == (True, 1)
    assert "1048577 bytes" in ran.err
    assert "--yes" in ran.err
    service.answers("POST", path, {"ok": True, "agentId": AGENT})
    assert run("backups", "restore", "--yes").code == 0
    assert service.requests("POST")[-1].body == {"acceptAgentLoss": True}


@pytest.mark.parametrize(("typed", "consents"), [("y\n", [None, True]), ("n\n", [None])])
def test_on_a_terminal_such_a_backup_is_asked_about(service, typed, consents):
    path = f"/api/cloud/agents/{AGENT}/restore"
    service.answers("POST", path, DEADLY, {"ok": True, "agentId": AGENT})
    in_a_terminal("backups", "restore", typed=[("Restore it?", "y\n"), ("all the same?", typed)])
    assert [asked.body.get("acceptAgentLoss") for asked in service.requests("POST")] == consents


@pytest.mark.parametrize(("typed", "restored"), [("y\n", [BACKUP]), ("n\n", [])])
def test_on_a_terminal_it_is_said_from_when_the_backup_is_and_that_one_is_restored(service, typed, restored):
    oldest_first = {**LISTED, "backups": LISTED["backups"][::-1]}
    service.answers("GET", PATH, oldest_first)
    service.answers(
        "POST", f"/api/cloud/agents/{AGENT}/restore", {"ok": True, "restoredFromBackupId": BACKUP}
    )
    shown = in_a_terminal("backups", "restore", typed=[("Restore it?", typed)])
    at = datetime(2026, 11, 23, 10, tzinfo=UTC).astimezone().isoformat()
    assert f"from the newest backup, taken {at} (" in " ".join(shown.split())
    assert [asked.body["backupId"] for asked in service.requests("POST")] == restored


def test_with_yes_a_terminal_is_not_asked(service):
    service.answers(
        "POST", f"/api/cloud/agents/{AGENT}/restore", {"ok": True, "restoredFromBackupId": BACKUP}
    )
    assert "✓ Restored" in in_a_terminal("backups", "restore", "--yes")


@pytest.mark.parametrize(
    ("prefix", "exit_code", "said"),
    [
        ("7777", 0, BACKUP),
        ("777", 1, "There is no backup whose id begins with 777."),
        ("8888", 1, "There is no backup whose id begins with 8888."),
    ],
)
def test_a_backup_is_named_by_the_beginning_of_its_id(service, run, prefix, exit_code, said):
    service.answers("GET", PATH, LISTED)
    service.answers(
        "POST", f"/api/cloud/agents/{AGENT}/restore", {"ok": True, "restoredFromBackupId": BACKUP}
    )
    ran = run("backups", "restore", "--backup", prefix)
    assert ran.code == exit_code
    assert said in ran.out + ran.err
    assert [asked.body["backupId"] for asked in service.requests("POST")] == [BACKUP] * (exit_code == 0)


def test_the_beginning_of_several_ids_names_no_backup(service, run):
    two = [{"id": BACKUP}, {"id": f"{BACKUP[:-1]}6"}]
    service.answers("GET", PATH, {**LISTED, "backups": two})
    ran = run("backups", "restore", "--backup", BACKUP[:8])
    assert ran.code == 2
    assert "2 backups have ids that begin with 77777777: " in ran.err


def test_another_refusal_of_a_restore_is_not_asked_about(service, run):
    service.answers(
        "POST",
        f"/api/cloud/agents/{AGENT}/restore",
        Answer({"ok": False, "error": "No backup found", "code": "not_found"}, 404),
    )
    assert "No backup found" in run("backups", "restore").err
    assert len(service.requests("POST")) == 1
