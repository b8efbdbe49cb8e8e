"""Deleting an agent in generation L (cloud-api-latest L4, L15): a backup first, or the deletion fails.

A failed deletion is repeated up to five times, half an hour apart; meanwhile the agent stays and costs.
"""

import json
from collections.abc import Mapping
from typing import Final

from eliza_cloud.emulator.agents import lifecycle, records, sandbox, snapshots
from eliza_cloud.emulator.agents.attempts import begin_light
from eliza_cloud.emulator.agents.jobs import AttemptError, JobRunner, NotYetError
from eliza_cloud.emulator.agents.snapshots import SandboxUnreachableError, SnapshotError
from eliza_cloud.emulator.server.cloud import Cloud
from eliza_cloud.emulator.server.database import Row, new_id
from eliza_cloud.emulator.server.responses import iso

REPEAT_AFTER_SECONDS: Final = 30 * 60.0
MOST_REPEATS: Final = 5
_KEPT_SECONDS: Final = 30 * 24 * 3600.0
_REFUSED: Final = "Refusing to delete without a current backup"


def _capture(cloud: Cloud, job: Row, agent: Row) -> Row | None:
    """The pre-delete backup, or None where the image has no endpoint for it, or nothing ever ran."""
    found = sandbox.find(cloud, agent["id"])
    if agent["capture"] == "missing" or (found is None and agent["database_status"] == "none"):
        return None
    if agent["capture"] == "closing" and agent["capture_retries"] > 0:
        records.change(cloud, agent["id"], capture_retries=agent["capture_retries"] - 1)
        before = json.loads(job["result"] or "{}").get("captureRetryCount", 0)
        raise NotYetError({"cloudAgentId": agent["id"], "captureRetryCount": before + 1})
    if found is None:
        # A stopped agent has its last backup from before it was stopped.
        newest = snapshots.newest(cloud, agent["id"])
        if newest is None:
            raise AttemptError(f"{_REFUSED}: the agent's container has no reachable bridge to capture from")
        return newest
    try:
        backup = snapshots.take(cloud, agent["id"], "pre-delete")
    except SandboxUnreachableError as error:
        reason = "the agent's container has no reachable bridge to capture from"
        raise AttemptError(f"{_REFUSED}: {reason}") from error
    except SnapshotError as error:
        raise AttemptError(f"{_REFUSED}: {error}") from error
    if agent["capture"] == "unverifiable":
        raise AttemptError(
            "Refusing to delete: persisted pre-delete backup did not pass restorability verification"
        )
    return backup


def _keep_final_state(cloud: Cloud, job: Row, agent: Row, backup: Row | None) -> None:
    now = cloud.clock.time()
    cloud.database.insert(
        "final_states",
        {
            "id": new_id(),
            "agent_id": agent["id"],
            "organization_id": agent["organization_id"],
            "attempt_id": job["id"],
            "is_unsupported": int(agent["capture"] == "missing"),
            "size_bytes": None if backup is None else backup["size_bytes"],
            "state": None if backup is None else backup["state"],
            "created_at": now,
            "expires_at": now + _KEPT_SECONDS,
        },
    )


async def delete(cloud: Cloud, job: Row, seconds: float) -> Mapping[str, object]:
    """One attempt: back the agent up, unless the loss of its state was acknowledged, then remove it."""
    agent = await begin_light(cloud, job, seconds)
    if agent["capture"] == "undeletable":
        raise AttemptError("Failed to delete sandbox")
    acknowledged = json.loads(job["parameters"])
    backup = None
    if not acknowledged:
        backup = _capture(cloud, job, agent)
        _keep_final_state(cloud, job, agent, backup)
    lifecycle.delete(cloud, agent["id"])
    return {"cloudAgentId": agent["id"], "containerStopped": True, "rowDeleted": True, **acknowledged}


def delete_given_up(cloud: Cloud, job: Row, error: str) -> None:
    """The agent stays, and goes on costing."""
    if records.get(cloud, job["agent_id"]) is not None:
        records.change(
            cloud,
            job["agent_id"],
            status="deletion_failed",
            deletion_failed_at=cloud.clock.time(),
            error_message=f"Deletion failed: {error}",
        )


def acknowledgement(cloud: Cloud, user: Row) -> dict[str, object]:
    """What the job keeps of who gave up the agent's state, and when."""
    return {
        "stateLossAcknowledged": True,
        "stateLossAcknowledgedByUserId": user["id"],
        "stateLossAcknowledgedAt": iso(cloud.clock.time()),
    }


def repeat_failed(cloud: Cloud, jobs: JobRunner) -> None:
    """Queue again the deletions that failed over half an hour ago, each five times at most."""
    due = cloud.database.all(
        "SELECT * FROM agents WHERE status = 'deletion_failed' AND rearms < ? AND deletion_failed_at <= ?",
        MOST_REPEATS,
        cloud.clock.time() - REPEAT_AFTER_SECONDS,
    )
    for agent in due:
        records.change(cloud, agent["id"], status="deletion_pending", rearms=agent["rearms"] + 1)
        jobs.enqueue_once(agent, "agent_delete")


async def repeat_deletions(cloud: Cloud, jobs: JobRunner) -> None:
    """Look for failed deletions to repeat, for as long as the emulator runs."""
    while True:
        await cloud.clock.sleep(REPEAT_AFTER_SECONDS)
        repeat_failed(cloud, jobs)
