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
        f"UPDATE agents SET status = 'provisioning', error_message = NULL, updated_at = ?"  # noqa: S608 (own marks only)
        f" WHERE id = ? AND status IN ({marks})",
        cloud.clock.time(),
        agent_id,
        *records.STARTABLE,
    )
    return bool(claimed)


async def provision(cloud: Cloud, agent_id: str, *, fails: bool) -> Row:
    """One provisioning attempt: the sandbox starts with the newest backup's state; raises ProvisionError."""
    agent = records.get(cloud, agent_id)
    if agent is None:
        raise ProvisionError("Agent not found")
    if not begin(cloud, agent_id):
        if agent["status"] == "running":
            return agent
        raise ProvisionError("Agent is already being provisioned")
    await cloud.clock.sleep(cloud.pace.job_seconds)
    if fails:
        error = "The sandbox did not become healthy in time"
        records.change(
            cloud,
            agent_id,
            status="error",
            error_message=f"Provisioning failed: {error}",
            error_count=agent["error_count"] + 1,
        )
        raise ProvisionError(error)
    return go_live(cloud, agent_id)


def go_live(cloud: Cloud, agent_id: str) -> Row:
    """Start the agent's sandbox from its newest backup and record it as running."""
    agent = records.get(cloud, agent_id)
    if agent is None:
        raise ProvisionError("Agent not found")
    backup = snapshots.newest(cloud, agent_id)
    state = None if backup is None else json.loads(backup["state"])
    sandbox.start(cloud, agent_id, json.loads(agent["agent_config"]), state)
    bridge_url, health_url = _addresses(agent_id)
    records.change(
        cloud,
        agent_id,
        status="running",
        database_status="ready",
        bridge_url=bridge_url,
        health_url=health_url,
        last_heartbeat_at=cloud.clock.time(),
        error_message=None,
    )
    return records.get(cloud, agent_id) or agent


def halt(cloud: Cloud, agent_id: str) -> None:
    """Remove the sandbox, as a crash would: what was not backed up is lost; status `stopped`."""
    sandbox.stop(cloud, agent_id)
    records.change(cloud, agent_id, status="stopped", bridge_url=None, health_url=None)


def shut_down(cloud: Cloud, agent_id: str) -> None:
    """Take a pre-shutdown snapshot if the sandbox answers, then stop; data is kept."""
    with suppress(SandboxUnreachableError):
        snapshots.take(cloud, agent_id, "pre-shutdown")
    halt(cloud, agent_id)


def delete(cloud: Cloud, agent_id: str) -> None:
    """Remove the agent, its sandbox and its backups; no snapshot is taken first."""
    cloud.database.run("DELETE FROM agents WHERE id = ?", agent_id)
