"""The running agent behind the bridge (cloud-api §17): memories, configuration, files, in the database."""

import json
from collections.abc import Mapping
from typing import Literal

from eliza_cloud.emulator.eliza import program
from eliza_cloud.emulator.server.cloud import Cloud
from eliza_cloud.emulator.server.database import Row
from eliza_cloud.emulator.server.responses import iso, to_json

MEMORIES_KEPT = 1000
# The agent's process ends when it is sent a longer body (cloud-api §23).
BODY_LIMIT = 1_048_576

SandboxState = Literal["running", "initializing", "dead"]
State = Mapping[str, object]


def milliseconds(cloud: Cloud) -> int:
    """Now, as the agent's own messages write it."""
    return int(cloud.clock.time() * 1000)


def start(cloud: Cloud, agent_id: str, config: object, state: State | None) -> None:
    """Start a fresh sandbox for the agent, with the state of a backup if there is one."""
    stop(cloud, agent_id)
    cloud.database.insert(
        "sandboxes",
        {
            "agent_id": agent_id,
            "state": "running",
            "started_at": cloud.clock.time(),
            "config": to_json(config),
            "workspace_files": "{}",
        },
    )
    if state is not None:
        load(cloud, agent_id, state)


def stop(cloud: Cloud, agent_id: str) -> None:
    """Remove the sandbox and all it held."""
    cloud.database.run("DELETE FROM sandboxes WHERE agent_id = ?", agent_id)


def find(cloud: Cloud, agent_id: str) -> Row | None:
    """The agent's sandbox, if it has one."""
    return cloud.database.one("SELECT * FROM sandboxes WHERE agent_id = ?", agent_id)


def set_state(cloud: Cloud, agent_id: str, state: SandboxState) -> None:
    """Let the sandbox die, start up or run, whatever the cloud believes about it."""
    cloud.database.run("UPDATE sandboxes SET state = ? WHERE agent_id = ?", state, agent_id)


def memories(cloud: Cloud, agent_id: str) -> list[dict[str, object]]:
    """The conversation so far, oldest first."""
    rows = cloud.database.all(
        "SELECT role, text, timestamp FROM memories WHERE agent_id = ? ORDER BY id", agent_id
    )
    return [dict(row) for row in rows]


def hear(cloud: Cloud, agent_id: str, text: str) -> None:
    """Remember what the user said."""
    _remember(cloud, agent_id, "user", text)


def converse(cloud: Cloud, agent_id: str, text: str) -> str:
    """Answer the user; both sides of the exchange are remembered."""
    rows = cloud.database.all(
        "SELECT text FROM memories WHERE agent_id = ? AND role = 'user' ORDER BY id", agent_id
    )
    answer = program.reply(text, [row["text"] for row in rows])
    hear(cloud, agent_id, text)
    _remember(cloud, agent_id, "assistant", answer)
    return answer


def _remember(cloud: Cloud, agent_id: str, role: str, text: str) -> None:
    row = {"agent_id": agent_id, "role": role, "text": text, "timestamp": milliseconds(cloud)}
    with cloud.database.transaction():
        cloud.database.insert("memories", row)
        cloud.database.run(
            "DELETE FROM memories WHERE agent_id = ? AND id NOT IN"
            " (SELECT id FROM memories WHERE agent_id = ? ORDER BY id DESC LIMIT ?)",
            agent_id,
            agent_id,
            MEMORIES_KEPT,
        )


def status(cloud: Cloud, sandbox: Row) -> dict[str, object]:
    """What `status.get` reports."""
    count = cloud.database.count("SELECT count(*) FROM memories WHERE agent_id = ?", sandbox["agent_id"])
    return {
        "status": sandbox["state"],
        "uptime": round(cloud.clock.time() - sandbox["started_at"], 3),
        "memoriesCount": count,
        "startedAt": iso(sandbox["started_at"]),
    }


def log(cloud: Cloud, agent_id: str) -> list[str]:
    """The lines of the agent's log, oldest first: one for each message, without its text."""
    return [f"{memory['timestamp']} message from {memory['role']}" for memory in memories(cloud, agent_id)]


def dump(cloud: Cloud, sandbox: Row) -> dict[str, object]:
    """The state document of a backup (cloud-api §14)."""
    return {
        "memories": memories(cloud, sandbox["agent_id"]),
        "config": json.loads(sandbox["config"]),
        "workspaceFiles": json.loads(sandbox["workspace_files"]),
    }


def load(cloud: Cloud, agent_id: str, state: State) -> None:
    """Take over a backup's state: what it holds is replaced, what was said after it is forgotten."""
    recorded = state["memories"]
    if not isinstance(recorded, list):
        raise TypeError("A backup's memories must be a list.")
    with cloud.database.transaction():
        cloud.database.run("DELETE FROM memories WHERE agent_id = ?", agent_id)
        for memory in recorded[-MEMORIES_KEPT:]:
            cloud.database.insert("memories", {"agent_id": agent_id, **memory})
        cloud.database.run(
            "UPDATE sandboxes SET config = ?, workspace_files = ? WHERE agent_id = ?",
            to_json(state["config"]),
            to_json(state["workspaceFiles"]),
            agent_id,
        )
