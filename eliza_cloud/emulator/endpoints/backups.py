"""`POST …/snapshot`, `GET …/backups`, `POST …/restore` (cloud-api §14)."""

import json

from aiohttp import web

from eliza_cloud.emulator.access.auth import require_caller
from eliza_cloud.emulator.agents import lifecycle, records, snapshots
from eliza_cloud.emulator.agents.lifecycle import ProvisionError
from eliza_cloud.emulator.agents.snapshots import SandboxUnreachableError
from eliza_cloud.emulator.server import zod_issues as zod
from eliza_cloud.emulator.server.cloud import CLOUD, Cloud
from eliza_cloud.emulator.server.database import Row, new_id
from eliza_cloud.emulator.server.responses import api_error, coded_error, iso, success, unexpected_error

_check = zod.fields({"backupId": zod.optional(zod.uuid)})


def refuse_unrestorable(agent: Row | None, action: str) -> Row:
    """The agent, if backups of it can be taken and restored (generation N); 404 or 409 otherwise."""
    if agent is None:
        raise api_error(404, "Agent not found")
    if agent["execution_tier"] == "shared":
        raise api_error(409, f"Agent {action} requires a container-backed execution tier")
    if agent["status"] == "deletion_pending":
        raise api_error(409, f"Agent {action} cannot start while agent deletion is in progress")
    return agent


async def list_backups(request: web.Request) -> web.Response:
    """Newest first, ten at most; empty for an unknown agent."""
    cloud, caller = request.app[CLOUD], require_caller(request)
    agent = records.find(cloud, request.match_info["agent_id"], caller.organization_id)
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


async def _chosen_backup_id(request: web.Request, cloud: Cloud) -> str | None:
    text = await request.text()
    try:
        document = {} if not cloud.is_c and not text.strip() else json.loads(text)
    except (ValueError, RecursionError) as error:
        raise (
            coded_error(400, "validation_error", "Invalid JSON body")
            if not cloud.is_c
            else unexpected_error()
        ) from error
    body, wrong = zod.valid_object(document, _check)
    if wrong:
        raise api_error(400, "Invalid request", details=wrong)
    return str(body["backupId"]) if "backupId" in body else None


def _chosen(cloud: Cloud, agent: Row, backup_id: str | None) -> Row:
    newest = snapshots.newest(cloud, agent["id"])
    backup = newest if backup_id is None else snapshots.find(cloud, backup_id)
    if backup is None:
        raise api_error(404, "No backup found")
    if backup["agent_id"] != agent["id"]:
        if not cloud.is_c:
            raise api_error(404, "No backup found")
        raise api_error(500, "Backup does not belong to this agent")
    if agent["status"] != "running" and (newest is None or backup["id"] != newest["id"]):
        raise api_error(409, "Stopped agents can only restore the latest backup")
    return backup


async def restore_backup(request: web.Request) -> web.Response:
    """Push a backup into the running sandbox, or start a stopped agent, which restores its newest one."""
    cloud, caller = request.app[CLOUD], require_caller(request)
    backup_id = await _chosen_backup_id(request, cloud)
    agent = records.require(cloud, request.match_info["agent_id"], caller.organization_id)
    if not cloud.is_c:
        refuse_unrestorable(agent, "restore")
    backup = _chosen(cloud, agent, backup_id)
    if agent["status"] != "running":
        await _start_again(cloud, agent)
    else:
        try:
            snapshots.push(cloud, agent["id"], backup)
        except SandboxUnreachableError as error:
            raise unexpected_error() from error
        if not cloud.is_c and caller.organization["async_restore"]:
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
        await lifecycle.provision(cloud, agent["id"], seconds=cloud.pace.job_seconds)
    except ProvisionError as error:
        raise api_error(500, str(error)) from error


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
