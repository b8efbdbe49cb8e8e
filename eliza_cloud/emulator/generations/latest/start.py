"""Starting agents in generation L (cloud-api-latest L2, L14): provision, resume, wake."""

import json

from aiohttp import web

from eliza_cloud.emulator.access.auth import require_caller
from eliza_cloud.emulator.agents import records, snapshots
from eliza_cloud.emulator.agents.jobs import JOBS, STARTING
from eliza_cloud.emulator.endpoints.agents import agent_of
from eliza_cloud.emulator.endpoints.jobs import polling
from eliza_cloud.emulator.endpoints.provision import (
    PROVISION,
    RESUME,
    Envelope,
    check_webhook,
    from_warm_pool,
    queued,
)
from eliza_cloud.emulator.generations.latest.gates import (
    conflict,
    is_synchronous,
    refuse_conflict,
    refuse_target,
    require_worker,
    session_not_ready,
)
from eliza_cloud.emulator.money.ledger import require_deposit
from eliza_cloud.emulator.money.prices import HEADER, asks_for_price, require_acceptance, tariff
from eliza_cloud.emulator.server import zod_issues as zod
from eliza_cloud.emulator.server.cloud import CLOUD
from eliza_cloud.emulator.server.database import Row, new_id
from eliza_cloud.emulator.server.responses import ApiError, api_error, coded_error, json_response, not_found

_WAKE = zod.fields({"restoreBackupId": zod.optional(zod.uuid), "forceFreshBoot": zod.optional(zod.boolean)})


def _unqueued(envelope: Envelope) -> ApiError:
    """500 for whatever keeps the job from being queued, another lifecycle job included."""
    if envelope is RESUME:
        return api_error(500, "Failed to resume agent")
    more = {"retryable": True, "failureId": new_id()}
    return api_error(500, "Failed to start provisioning", code="provision_enqueue_failed", **more)


async def _start(request: web.Request, envelope: Envelope, action: str) -> web.Response:
    cloud, caller = request.app[CLOUD], require_caller(request)
    is_strict = is_synchronous(request)
    agent = records.require(cloud, request.match_info["agent_id"], caller.organization_id)
    if is_strict:
        refuse_target(agent, action)
    if agent["execution_tier"] == "shared":
        return json_response(
            {"success": True, "source": "shared_runtime", "data": envelope.shared(request, agent)}
        )
    if agent["status"] == "running" and agent["bridge_url"]:
        return json_response({"success": True, "data": envelope.running(request, agent)})
    price = require_acceptance(request)
    require_deposit(cloud, caller.organization)
    require_worker(request)
    warm = from_warm_pool(request, caller, agent, price)
    if warm is not None:
        return warm
    check_webhook(request)
    if agent["status"] in ("deletion_pending", "deletion_failed") and envelope is PROVISION:
        error = f"Agent {agent['id']} deletion is in progress"
        raise api_error(409, error, code="provision_enqueue_rejected", retryable=False)
    running = request.app[JOBS].active(agent["id"], STARTING)
    if running is None and (
        agent["status"] not in records.STARTABLE or conflict(request, agent, envelope.kind) is not None
    ):
        raise _unqueued(envelope)
    job, created = (
        (running, False)
        if running is not None
        else request.app[JOBS].enqueue_once(agent, envelope.kind, price=price)
    )
    return queued(request, envelope, agent, job, created=created)


async def provision_agent(request: web.Request) -> web.Response:
    """200 if the record says running, else 428, 402, 502 or 503, else 202 or 409 with a job."""
    return await _start(request, PROVISION, "provision")


async def resume_agent(request: web.Request) -> web.Response:
    """The same, for an agent that is stopped or asleep."""
    return await _start(request, RESUME, "resume")


async def _options(request: web.Request) -> dict[str, object]:
    """What to wake from; an empty body leaves it to the newest backup."""
    text = await request.text()
    try:
        document = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError) as error:
        raise coded_error(400, "validation_error", "Invalid JSON body") from error
    options, wrong = zod.valid_object(document, _WAKE)
    if wrong:
        raise api_error(400, "Invalid request", details=wrong)
    if "restoreBackupId" in options and options.get("forceFreshBoot"):
        raise api_error(400, "restoreBackupId and forceFreshBoot are mutually exclusive")
    return options


def _check_backup(request: web.Request, agent: Row, backup_id: object) -> None:
    cloud = request.app[CLOUD]
    if backup_id is None:
        return
    backup = snapshots.find(cloud, str(backup_id))
    if backup is None or backup["agent_id"] != agent["id"]:
        raise not_found(cloud, "No backup found")
    if backup["is_broken"]:
        reason = "payload is not valid JSON"
        raise api_error(
            409,
            f"Backup {backup['id']} previously failed restore-integrity verification ({reason}). "
            "Choose another one.",
        )


async def wake_agent(request: web.Request) -> web.Response:
    """Start a sleeping agent from a chosen backup, or afresh."""
    cloud, caller = request.app[CLOUD], require_caller(request)
    options = await _options(request)
    agent = agent_of(request)
    if agent["execution_tier"] == "shared":
        return json_response(
            {"success": True, "source": "shared_runtime", "data": RESUME.shared(request, agent)}
        )
    if agent["status"] == "running":
        data = {**RESUME.running(request, agent), "action": "wake"}
        return json_response({"success": True, "data": data})
    backup_id, is_fresh = options.get("restoreBackupId"), bool(options.get("forceFreshBoot"))
    _check_backup(request, agent, backup_id)
    # Left open by the contract; a header that is sent must be right.
    is_asked = asks_for_price(cloud, "wake") or HEADER in request.headers
    price = require_acceptance(request) if is_asked else tariff(cloud).acceptance_value
    require_deposit(cloud, caller.organization)
    require_worker(request)
    refuse_conflict(request, agent, "agent_wake")
    wanted = {"restoreBackupId": backup_id, "forceFreshBoot": is_fresh}
    job, created = request.app[JOBS].enqueue_once(agent, "agent_wake", price=price, parameters=wanted)
    applied = json.loads(job["parameters"])
    if applied != wanted:
        raise session_not_ready(
            f"Agent {agent['id']} has conflicting agent_wake job {job['id']}",
            {
                "conflictingJobId": job["id"],
                "activeRestoreBackupId": applied["restoreBackupId"],
                "activeForceFreshBoot": applied["forceFreshBoot"],
                "requestedRestoreBackupId": backup_id,
                "requestedForceFreshBoot": is_fresh,
            },
        )
    data = {
        "agentId": agent["id"],
        "action": "wake",
        "jobId": job["id"],
        "status": job["status"],
        "previousStatus": agent["status"],
        **applied,
        "message": "Waking the agent; poll the job for its progress.",
    }
    body = {"success": True, "created": created, "alreadyInProgress": not created, "data": data}
    return json_response({**body, "polling": polling(request, job)}, 202 if created else 409)
