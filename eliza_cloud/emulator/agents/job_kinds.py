"""What each kind of job does (cloud-api §11): C provisions; N also snapshots, suspends, resumes, deletes."""

from collections.abc import Mapping

from eliza_cloud.emulator.agents import lifecycle, records, snapshots
from eliza_cloud.emulator.agents.attempts import LIGHT_SHARE, begin_light, is_to_fail, leave
from eliza_cloud.emulator.agents.jobs import AttemptError, Work
from eliza_cloud.emulator.agents.lifecycle import ProvisionError
from eliza_cloud.emulator.agents.snapshots import SnapshotError
from eliza_cloud.emulator.server.cloud import Cloud
from eliza_cloud.emulator.server.database import Row


async def _provision(cloud: Cloud, job: Row, seconds: float) -> Mapping[str, object]:
    try:
        agent = await lifecycle.provision(cloud, job["agent_id"], seconds=seconds, fails=is_to_fail(job))
    except ProvisionError as error:
        raise AttemptError(str(error)) from error
    return {
        "cloudAgentId": agent["id"],
        "status": agent["status"],
        "bridgeUrl": agent["bridge_url"],
        "healthUrl": agent["health_url"],
    }


def _provision_given_up(cloud: Cloud, job: Row, error: str) -> None:
    message = f"Provisioning permanently failed after {job['max_attempts']} attempts: {error}"
    records.change(cloud, job["agent_id"], status="error", error_message=message)


async def _snapshot(cloud: Cloud, job: Row, seconds: float) -> Mapping[str, object]:
    await begin_light(cloud, job, seconds)
    try:
        backup = snapshots.take(cloud, job["agent_id"], "manual")
    except SnapshotError as error:
        raise AttemptError(str(error)) from error
    return {
        "cloudAgentId": job["agent_id"],
        "status": "completed",
        "backupId": backup["id"],
        "snapshotType": backup["snapshot_type"],
        "sizeBytes": backup["size_bytes"],
    }


async def _suspend(cloud: Cloud, job: Row, seconds: float) -> Mapping[str, object]:
    await begin_light(cloud, job, seconds)
    try:
        lifecycle.shut_down(cloud, job["agent_id"])
    except SnapshotError as error:
        raise AttemptError(str(error)) from error
    return {"cloudAgentId": job["agent_id"], "status": "stopped"}


async def _delete(cloud: Cloud, job: Row, seconds: float) -> Mapping[str, object]:
    await begin_light(cloud, job, seconds)
    lifecycle.delete(cloud, job["agent_id"])
    return {"cloudAgentId": job["agent_id"], "status": "deleted"}


def _delete_given_up(cloud: Cloud, job: Row, error: str) -> None:
    records.change(
        cloud, job["agent_id"], status="deletion_failed", error_message=f"Deletion failed: {error}"
    )


KINDS: Mapping[str, Work] = {
    "milady_provision": Work(90, _provision, _provision_given_up),
    "agent_provision": Work(90, _provision, _provision_given_up),
    "agent_resume": Work(90, _provision, _provision_given_up),
    "agent_restart": Work(90, _provision, _provision_given_up),
    "agent_snapshot": Work(45, _snapshot, leave, share=LIGHT_SHARE),
    "agent_suspend": Work(90, _suspend, leave, share=LIGHT_SHARE),
    "agent_delete": Work(30, _delete, _delete_given_up, share=LIGHT_SHARE),
}
