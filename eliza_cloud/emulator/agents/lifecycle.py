"""What happens to an agent: provisioning, stopping, deletion (cloud-api §9, §10, §18)."""

import json
from contextlib import suppress

from eliza_cloud.emulator.agents import records, sandbox, snapshots
from eliza_cloud.emulator.agents.snapshots import SandboxUnreachableError
from eliza_cloud.emulator.server.cloud import Cloud
from eliza_cloud.emulator.server.database import Row

BRIDGE_PORT = 18790
HEALTH_PORT = 2138


class ProvisionError(Exception):
    """One provisioning attempt failed; the message says how."""


def _addresses(agent_id: str) -> tuple[str, str]:
    """A private address for the sandbox, as in the real cloud: shown, but not reachable from outside."""
    digits = int(agent_id.replace("-", "")[:8], 16)
    host = f"100.64.{digits % 256}.{1 + digits // 256 % 254}"
    return f"http://{host}:{BRIDGE_PORT}", f"http://{host}:{HEALTH_PORT}/health"


def begin(cloud: Cloud, agent_id: str) -> bool:
    """Set the agent to `provisioning`, from the states that allow it only."""
    marks = ", ".join("?" * len(records.STARTABLE))
    claimed = cloud.database.run(
        f"UPDATE agents SET status = 'provisioning', error_message = NULL, updated_at = ?,"  # noqa: S608 (own marks only)
        f" database_status = CASE database_status WHEN 'none' THEN 'provisioning' ELSE database_status END"
        f" WHERE id = ? AND status IN ({marks})",
        cloud.clock.time(),
        agent_id,
        *records.STARTABLE,
    )
    return bool(claimed)


async def provision(
    cloud: Cloud,
    agent_id: str,
    *,
    seconds: float,
    fails: bool = False,
    backup: Row | None = None,
    is_fresh: bool = False,
) -> Row:
    """One provisioning attempt of `seconds`: the sandbox starts with the newest backup's state.

    `backup` chooses another one, `is_fresh` none at all. Raises ProvisionError.
    """
    agent = records.get(cloud, agent_id)
    if agent is None:
        raise ProvisionError("Agent not found")
    if not begin(cloud, agent_id):
        if agent["status"] == "running":
            return agent
        raise ProvisionError("Agent is already being provisioned")
    await cloud.clock.sleep(seconds)
    if fails:
        error = "The sandbox did not become healthy in time"
        records.change(
            cloud,
            agent_id,
            status="error",
            database_status="ready",
            error_message=f"Provisioning failed: {error}",
            error_count=agent["error_count"] + 1,
        )
        raise ProvisionError(error)
    return go_live(cloud, agent_id, backup=backup, is_fresh=is_fresh)


def go_live(cloud: Cloud, agent_id: str, *, backup: Row | None = None, is_fresh: bool = False) -> Row:
    """Start the agent's sandbox from a backup, the newest unless one is given, and record it as running."""
    agent = records.get(cloud, agent_id)
    if agent is None:
        raise ProvisionError("Agent not found")
    if backup is None and not is_fresh:
        backup = snapshots.newest(cloud, agent_id)
    is_deadly = backup is not None and snapshots.is_deadly(cloud, backup)
    state = None if backup is None or is_deadly else json.loads(backup["state"])
    sandbox.start(cloud, agent_id, json.loads(agent["agent_config"]), state)
    if is_deadly:
        sandbox.set_state(cloud, agent_id, "dead")
    bridge_url, health_url = _addresses(agent_id)
    records.change(
        cloud,
        agent_id,
        status="running",
        ran=1,
        database_status="ready",
        bridge_url=bridge_url,
        health_url=health_url,
        last_heartbeat_at=cloud.clock.time(),
        error_message=None,
    )
    return records.get(cloud, agent_id) or agent


def halt(cloud: Cloud, agent_id: str, status: str = "stopped") -> None:
    """Remove the sandbox, as a crash would: what was not backed up is lost."""
    sandbox.stop(cloud, agent_id)
    records.change(cloud, agent_id, status=status, bridge_url=None, health_url=None)


def shut_down(cloud: Cloud, agent_id: str, status: str = "stopped") -> None:
    """Take a pre-shutdown snapshot if the sandbox answers, then stop; data is kept.

    Raises UnstorableStateError for a state that no backup can hold: the agent runs on.
    """
    with suppress(SandboxUnreachableError):
        snapshots.take(cloud, agent_id, "pre-shutdown")
    halt(cloud, agent_id, status)


def begin_deletion(cloud: Cloud, agent: Row) -> None:
    """Record that the agent is to be deleted, and what it was before."""
    records.change(cloud, agent["id"], status="deletion_pending", status_before_deletion=agent["status"])


def delete(cloud: Cloud, agent_id: str) -> None:
    """Remove the agent, its sandbox and its backups; no snapshot is taken first."""
    cloud.database.run("DELETE FROM agents WHERE id = ?", agent_id)
