"""The commands about backups."""

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
    in_a_terminal("backups", "restore", typed=[("all the same?", typed)])
    assert [asked.body.get("acceptAgentLoss") for asked in service.requests("POST")] == consents


def test_another_refusal_of_a_restore_is_not_asked_about(service, run):
    service.answers(
        "POST",
        f"/api/cloud/agents/{AGENT}/restore",
        Answer({"ok": False, "error": "No backup found", "code": "not_found"}, 404),
    )
    assert "No backup found" in run("backups", "restore").err
    assert len(service.requests("POST")) == 1
