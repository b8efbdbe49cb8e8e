"""`POST …/snapshot`, `GET …/backups`, `POST …/restore` (contract §14)."""

import json

from aiohttp import web

from eliza_cloud.emulator import agents, issues, lifecycle, snapshots
from eliza_cloud.emulator.answers import answer, coded, iso, refusal, success, unexpected
from eliza_cloud.emulator.auth import require_caller
from eliza_cloud.emulator.bridge_api import running_sandbox
from eliza_cloud.emulator.cloud import CLOUD, Cloud
from eliza_cloud.emulator.database import Row, new_id
from eliza_cloud.emulator.jobs import JOBS
from eliza_cloud.emulator.jobs_api import polling
from eliza_cloud.emulator.lifecycle import ProvisionError
from eliza_cloud.emulator.snapshots import SandboxUnreachableError

_check = issues.fields({"backupId": issues.optional(issues.uuid)})


async def take_snapshot(request: web.Request) -> web.Response:
    """C takes it before it answers; N checks, then answers 202 with a job."""
    cloud, caller = request.app[CLOUD], require_caller(request)
    agent = agents.find(cloud, request.match_info["agent_id"], caller.organization_id)
    if cloud.is_next:
        return _enqueue_snapshot(request, agent)
    if agent is None or running_sandbox(cloud, agent) is None:
        raise refusal(409, "Sandbox is not running")
    try:
        backup = snapshots.take(cloud, agent["id"], "manual")
    except SandboxUnreachableError as error:
        raise unexpected() from error
    return success(
        {
            "backupId": backup["id"],
            "snapshotType": backup["snapshot_type"],
            "sizeBytes": backup["size_bytes"],
            "createdAt": iso(backup["created_at"]),
        }
    )


def _refuse_next(agent: Row | None, deed: str) -> Row:
    if agent is None:
        raise refusal(404, "Agent not found")
    if agent["execution_tier"] == "shared":
        raise refusal(409, f"Agent {deed} requires a container-backed execution tier")
    if agent["status"] == "deletion_pending":
        raise refusal(409, f"Agent {deed} cannot start while agent deletion is in progress")
    return agent


def _enqueue_snapshot(request: web.Request, found: Row | None) -> web.Response:
    agent = _refuse_next(found, "snapshot")
    if agent["status"] != "running":
        raise refusal(409, "Sandbox is not running")
    job, created = request.app[JOBS].enqueue_once(agent, "agent_snapshot")
    data = {"agentId": agent["id"], "action": "snapshot", "jobId": job["id"], "status": job["status"]}
    body = {
        "success": True,
        "created": created,
        "alreadyInProgress": not created,
        "data": data,
        "polling": polling(request, job),
    }
    return answer(body, 202)


async def list_backups(request: web.Request) -> web.Response:
    """Newest first, ten at most; empty for an unknown agent."""
    cloud, caller = request.app[CLOUD], require_caller(request)
    agent = agents.find(cloud, request.match_info["agent_id"], caller.organization_id)
    found = [] if agent is None else snapshots.list_of(cloud, agent["id"])
    return success(
        [
            {
                "id": backup["id"],
                "snapshotType": backup["snapshot_type"],
                "sizeBytes": backup["size_bytes"],
                "vercelSnapshotId": None,
                "createdAt": iso(backup["created_at"]),
            }
            for backup in found
        ]
    )


async def _wish(request: web.Request, cloud: Cloud) -> str | None:
    text = await request.text()
    try:
        document = {} if cloud.is_next and not text.strip() else json.loads(text)
    except (ValueError, RecursionError) as error:
        raise (
            coded(400, "validation_error", "Invalid JSON body") if cloud.is_next else unexpected()
        ) from error
    body, wrong = issues.valid_object(document, _check)
    if wrong:
        raise refusal(400, "Invalid request", details=wrong)
    return str(body["backupId"]) if "backupId" in body else None


def _chosen(cloud: Cloud, agent: Row, backup_id: str | None) -> Row:
    newest = snapshots.newest(cloud, agent["id"])
    backup = newest if backup_id is None else snapshots.find(cloud, backup_id)
    if backup is None:
        raise refusal(404, "No backup found")
    if backup["agent_id"] != agent["id"]:
        if cloud.is_next:
            raise refusal(404, "No backup found")
        raise refusal(500, "Backup does not belong to this agent")
    if agent["status"] != "running" and (newest is None or backup["id"] != newest["id"]):
        raise refusal(409, "Stopped agents can only restore the latest backup")
    return backup


async def restore_backup(request: web.Request) -> web.Response:
    """Push a backup into the running sandbox, or start a stopped agent, which restores its newest one."""
    cloud, caller = request.app[CLOUD], require_caller(request)
    backup_id = await _wish(request, cloud)
    agent = agents.require(cloud, request.match_info["agent_id"], caller.organization_id)
    if cloud.is_next:
        _refuse_next(agent, "restore")
    backup = _chosen(cloud, agent, backup_id)
    if agent["status"] != "running":
        await _start_again(cloud, agent)
    else:
        try:
            snapshots.push(cloud, agent["id"], backup)
        except SandboxUnreachableError as error:
            raise unexpected() from error
        if cloud.is_next and caller.organization["async_restore"]:
            return _accepted(backup)
    return success(
        {
            "restoredFromBackupId": backup["id"],
            "snapshotType": backup["snapshot_type"],
            "createdAt": iso(backup["created_at"]),
        }
    )


async def _start_again(cloud: Cloud, agent: Row) -> None:
    try:
        await lifecycle.provision(cloud, agent["id"], fails=False)
    except ProvisionError as error:
        raise refusal(500, str(error)) from error


def _accepted(backup: Row) -> web.Response:
    data = {
        "status": "accepted",
        "restoredFromBackupId": backup["id"],
        "restoreOperationId": new_id(),
        "restoreAttemptId": new_id(),
        "phase": "accepted",
        "alreadyInProgress": False,
    }
    return success(data, 202)
