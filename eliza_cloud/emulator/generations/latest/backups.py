"""Snapshot, backups and restore in generation L (cloud-api-latest L7, L14, L16)."""

import json

from aiohttp import web

from eliza_cloud.emulator.access.auth import require_caller
from eliza_cloud.emulator.agents import lifecycle, records, snapshots
from eliza_cloud.emulator.agents.jobs import JOBS
from eliza_cloud.emulator.agents.lifecycle import ProvisionError
from eliza_cloud.emulator.agents.snapshots import SandboxUnreachableError
from eliza_cloud.emulator.endpoints.agents import agent_of
from eliza_cloud.emulator.endpoints.jobs import polling
from eliza_cloud.emulator.generations.latest.gates import session_not_ready
from eliza_cloud.emulator.server import zod_issues as zod
from eliza_cloud.emulator.server.cloud import CLOUD, Cloud
from eliza_cloud.emulator.server.database import Row, new_id
from eliza_cloud.emulator.server.responses import (
    api_error,
    coded_error,
    iso,
    json_response,
    not_found,
    success,
    unexpected_error,
)

_CHECK = zod.fields({"backupId": zod.optional(zod.uuid)})


async def take_snapshot(request: web.Request) -> web.Response:
    """202 with a job, the running one if there is one; it conflicts with no other job."""
    agent = agent_of(request)
    if agent["execution_tier"] == "shared":
        raise session_not_ready(
            "Agent job requires a container-backed execution tier: agent_snapshot",
            {"reason": "agent_job_target_not_container_backed"},
        )
    if agent["status"] == "deletion_pending":
        raise session_not_ready("Agent snapshot cannot start while agent deletion is in progress", {})
    if agent["status"] != "running":
        raise api_error(409, "Sandbox is not running")
    job, created = request.app[JOBS].enqueue_once(agent, "agent_snapshot")
    data = {"agentId": agent["id"], "action": "snapshot", "jobId": job["id"], "status": job["status"]}
    body = {"success": True, "created": created, "alreadyInProgress": not created, "data": data}
    return json_response({**body, "polling": polling(request, job)}, 202)


async def list_backups(request: web.Request) -> web.Response:
    """Newest first; empty for an unknown agent. What failed verification is listed like any other."""
    cloud, caller = request.app[CLOUD], require_caller(request)
    agent = records.find(cloud, request.match_info["agent_id"], caller.organization_id)
    found = [] if agent is None else snapshots.list_of(cloud, agent["id"])
    return success(
        [
            {
                "id": backup["id"],
                "snapshotType": backup["snapshot_type"],
                "backupKind": "full",
                "parentBackupId": None,
                "sizeBytes": backup["size_bytes"],
                "createdAt": iso(backup["created_at"]),
            }
            for backup in found
        ]
    )


async def _backup_id(request: web.Request) -> str | None:
    text = await request.text()
    try:
        document = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError) as error:
        raise coded_error(400, "validation_error", "Invalid JSON body") from error
    body, wrong = zod.valid_object(document, _CHECK)
    if wrong:
        raise api_error(400, "Invalid request", details=wrong)
    return str(body["backupId"]) if "backupId" in body else None


def _refuse_target(agent: Row) -> None:
    if agent["execution_tier"] == "shared":
        raise api_error(409, "Agent restore requires a container-backed execution tier")
    if agent["status"] == "deletion_pending":
        raise api_error(409, "Agent restore cannot start while agent deletion is in progress")


def _chosen(cloud: Cloud, agent: Row, backup_id: str | None) -> Row:
    newest = snapshots.newest(cloud, agent["id"])
    backup = newest if backup_id is None else snapshots.find(cloud, backup_id)
    if backup is None or newest is None or backup["agent_id"] != agent["id"]:
        raise not_found(cloud, "No backup found")
    if agent["status"] != "running" and backup["id"] != newest["id"]:
        raise api_error(409, "Stopped agents can only restore the latest backup")
    if backup["is_broken"]:
        raise api_error(409, "Backup is not in a restorable catalogue state")
    return backup


async def restore_backup(request: web.Request) -> web.Response:
    """200 when it is done; 202 without a job where the organization's restores are coordinated."""
    cloud, caller = request.app[CLOUD], require_caller(request)
    backup_id = await _backup_id(request)
    agent = records.require(cloud, request.match_info["agent_id"], caller.organization_id)
    _refuse_target(agent)
    backup = _chosen(cloud, agent, backup_id)
    if agent["status"] == "running" and caller.organization["async_restore"]:
        return _accepted(request, agent, backup)
    try:
        if agent["status"] == "running":
            snapshots.push(cloud, agent["id"], backup)
        else:
            await lifecycle.provision(cloud, agent["id"], seconds=cloud.pace.job_seconds)
    except SandboxUnreachableError as error:
        raise unexpected_error() from error
    except ProvisionError as error:
        raise api_error(500, str(error)) from error
    return success(
        {
            "restoredFromBackupId": backup["id"],
            "snapshotType": backup["snapshot_type"],
            "createdAt": iso(backup["created_at"]),
        }
    )


def _accepted(request: web.Request, agent: Row, backup: Row) -> web.Response:
    """Restore behind the answer: the agent serves its old state until the restored one is proven."""
    cloud, jobs = request.app[CLOUD], request.app[JOBS]
    name = f"emulator-restore-{agent['id']}"
    if jobs.is_running(name):
        raise api_error(409, "Another restore of this backup is in progress")
    jobs.spawn(_restore_later(cloud, agent["id"], backup), name)
    return success(
        {
            "status": "accepted",
            "restoredFromBackupId": backup["id"],
            "restoreOperationId": new_id(),
            "restoreAttemptId": new_id(),
            "phase": "accepted",
            "alreadyInProgress": False,
        },
        202,
    )


async def _restore_later(cloud: Cloud, agent_id: str, backup: Row) -> None:
    await cloud.clock.sleep(cloud.pace.job_seconds)
    snapshots.push(cloud, agent_id, backup)
