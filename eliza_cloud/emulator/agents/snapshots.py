"""Backups (cloud-api §14): taken from a live sandbox, ten kept for each agent, newest first."""

import json

from eliza_cloud.emulator.agents import records, sandbox
from eliza_cloud.emulator.server.cloud import Cloud
from eliza_cloud.emulator.server.database import Row, new_id
from eliza_cloud.emulator.server.responses import to_json

KEPT = 10


class SnapshotError(Exception):
    """No backup could be taken or restored; the message says why."""


class SandboxUnreachableError(SnapshotError):
    """The sandbox does not answer: nothing can be fetched from it or pushed to it."""


class UnstorableStateError(SnapshotError):
    """The state holds U+0000, which the database of backups refuses (cloud-api §23)."""


class CaptureError(SnapshotError):
    """The agent refuses to give its state, as the control endpoints have it."""


# What the control endpoints let a capture fail with; the second shows a path, which owners do not get to see.
_CAPTURE_ERRORS = {
    "failing": 'Snapshot fetch failed: HTTP 500 {"error":"database is closed"}',
    "hidden": "Snapshot fetch failed: ENOENT /app/data/agent.db",
}


def _reachable(cloud: Cloud, agent_id: str) -> Row:
    found = sandbox.find(cloud, agent_id)
    if found is None or found["state"] == "dead":
        raise SandboxUnreachableError("The sandbox did not answer")
    return found


def take(cloud: Cloud, agent_id: str, snapshot_type: str) -> Row:
    """Fetch the sandbox's state and keep it; raises SnapshotError."""
    _reachable(cloud, agent_id)
    agent = records.get(cloud, agent_id)
    if agent is not None and agent["capture"] in _CAPTURE_ERRORS:
        raise CaptureError(_CAPTURE_ERRORS[agent["capture"]])
    if any("\0" in str(memory["text"]) for memory in sandbox.memories(cloud, agent_id)):
        raise UnstorableStateError("unsupported Unicode escape sequence: \\u0000 cannot be converted to text")
    text = to_json(sandbox.dump(cloud, _reachable(cloud, agent_id)))
    now = cloud.clock.time()
    backup_id = new_id()
    with cloud.database.transaction():
        cloud.database.insert(
            "backups",
            {
                "id": backup_id,
                "agent_id": agent_id,
                "snapshot_type": snapshot_type,
                "size_bytes": len(text.encode("utf-8", "surrogatepass")),
                "state": text,
                "created_at": now,
            },
        )
        records.change(cloud, agent_id, last_backup_at=now)
        cloud.database.run(
            "DELETE FROM backups WHERE agent_id = ? AND id NOT IN"
            " (SELECT id FROM backups WHERE agent_id = ? ORDER BY created_at DESC, rowid DESC LIMIT ?)",
            agent_id,
            agent_id,
            KEPT,
        )
    backup = find(cloud, backup_id)
    if backup is None:
        raise LookupError("The backup that was just written cannot be read back.")
    return backup


def list_of(cloud: Cloud, agent_id: str) -> list[Row]:
    """The agent's backups, newest first."""
    return cloud.database.all(
        "SELECT * FROM backups WHERE agent_id = ? ORDER BY created_at DESC, rowid DESC LIMIT ?",
        agent_id,
        KEPT,
    )


def newest(cloud: Cloud, agent_id: str) -> Row | None:
    """The agent's newest backup, if there is one."""
    backups = list_of(cloud, agent_id)
    return backups[0] if backups else None


def find(cloud: Cloud, backup_id: str) -> Row | None:
    """The backup with this id, whoever's it is."""
    return cloud.database.one("SELECT * FROM backups WHERE id = ?", backup_id.lower())


def is_deadly(cloud: Cloud, backup: Row) -> bool:
    """Whether restoring this backup ends the sandbox's process (generation C, cloud-api §23)."""
    return cloud.is_c and bool(backup["size_bytes"] > sandbox.BODY_LIMIT)


def push(cloud: Cloud, agent_id: str, backup: Row) -> None:
    """Load a backup into the running sandbox; raises SandboxUnreachableError."""
    _reachable(cloud, agent_id)
    if is_deadly(cloud, backup):
        sandbox.set_state(cloud, agent_id, "dead")
        raise SandboxUnreachableError("The sandbox did not answer")
    sandbox.load(cloud, agent_id, json.loads(backup["state"]))
