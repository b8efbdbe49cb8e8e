"""Stopping, renaming and deleting agents in generation L (cloud-api-latest L4, L14, L15)."""

import json

from aiohttp import web

from eliza_cloud.emulator.access.auth import require_caller
from eliza_cloud.emulator.agents import lifecycle, records
from eliza_cloud.emulator.agents.jobs import JOBS
from eliza_cloud.emulator.endpoints.agents import agent_of, body_or_null
from eliza_cloud.emulator.endpoints.jobs import polling
from eliza_cloud.emulator.generations.latest.deletion import acknowledgement
from eliza_cloud.emulator.generations.latest.gates import (
    LIFECYCLE,
    conflict_error,
    refuse_conflict,
    refuse_provisioning,
)
from eliza_cloud.emulator.generations.n.actions import edit_agent, shared_runtime
from eliza_cloud.emulator.server import zod_issues as zod
from eliza_cloud.emulator.server.cloud import CLOUD
from eliza_cloud.emulator.server.database import Row
from eliza_cloud.emulator.server.responses import api_error, iso, json_response, not_found, success

_ACTION = zod.fields({"action": zod.one_of("shutdown", "suspend", "cancel_deletion")})
_EXPECTED = ("expectedAgentName", "expectedCreatedAt", "expectedExecutionTier")
_DELETE_CHECKS: dict[str, zod.Check] = {
    "stateLossAcknowledged": zod.optional(zod.boolean),
    **{name: zod.optional(zod.string(1)) for name in _EXPECTED},
    "expectedDeployCommit": zod.optional(zod.string(1)),
}
_DELETE = zod.fields(_DELETE_CHECKS)


def _stop(
    request: web.Request, agent: Row, action: str, kind: str, *, is_patch: bool = False
) -> web.Response:
    """200 where there is nothing to do, else 202 with a job, an earlier one, too; there is no `polling`."""
    if agent["execution_tier"] == "shared":
        return shared_runtime(agent, action)
    target = "sleeping" if kind == "agent_sleep" else "stopped"
    if agent["status"] == target:
        word = "sleeping" if target == "sleeping" else "suspended"
        word = "stopped" if action == "shutdown" else word
        message = f"Agent is already {word}"
        return success(
            {"agentId": agent["id"], "action": action, "message": message, "previousStatus": target}
        )
    refuse_provisioning(request, agent)
    refuse_conflict(request, agent, kind)
    job, created = request.app[JOBS].enqueue_once(agent, kind)
    message = "Stopping the agent; poll the job for its progress."
    data = {
        "agentId": agent["id"],
        "action": action,
        "jobId": job["id"],
        "status": job["status"],
        "previousStatus": agent["status"],
        **({"message": message} if is_patch else {}),
    }
    head = {"success": True, "created": created, "alreadyInProgress": not created}
    return json_response({**head, **({} if is_patch else {"message": message}), "data": data}, 202)


async def suspend_agent(request: web.Request) -> web.Response:
    """Stop the agent as a job."""
    return _stop(request, agent_of(request), "suspend", "agent_suspend")


async def sleep_agent(request: web.Request) -> web.Response:
    """Back the agent up and remove its container, as a job: asleep, it costs no compute."""
    return _stop(request, agent_of(request), "sleep", "agent_sleep")


async def patch_agent(request: web.Request) -> web.Response:
    """A lifecycle action, or without `action` an edit of name and configuration."""
    require_caller(request)
    body = await body_or_null(request)
    if isinstance(body, dict) and "action" not in body:
        return edit_agent(request, body)
    parsed, wrong = zod.valid_object(body, _ACTION)
    if wrong:
        raise api_error(400, "Invalid request data", details=wrong)
    if parsed["action"] == "cancel_deletion":
        return _cancel_deletion(request, agent_of(request))
    return _stop(request, agent_of(request), str(parsed["action"]), "agent_suspend", is_patch=True)


def _cancel_deletion(request: web.Request, agent: Row) -> web.Response:
    if agent["status"] not in ("deletion_pending", "deletion_failed"):
        raise api_error(409, "Agent deletion is not in progress")
    job = request.app[JOBS].active(agent["id"], ("agent_delete",))
    if job is not None and not request.app[JOBS].cancel(job):
        raise api_error(409, "Agent deletion has already begun and cannot be cancelled")
    before = agent["status_before_deletion"] or "running"
    records.change(
        request.app[CLOUD], agent["id"], status=before, status_before_deletion=None, error_message=None
    )
    message = "Agent deletion was cancelled"
    data = {"agentId": agent["id"], "action": "cancel_deletion", "status": before, "message": message}
    return success(data)


async def _delete_options(request: web.Request) -> dict[str, object]:
    """The optional body: strict, and the three facts that identify an agent come together."""
    text = await request.text()
    try:
        document = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError):
        document = None
    options, wrong = zod.valid_object(document, _DELETE)
    given = [name for name in _EXPECTED if name in options]
    if wrong or set(options) - set(_DELETE_CHECKS) or len(given) not in (0, len(_EXPECTED)):
        raise api_error(400, "Invalid conditional delete request")
    return options


def _check_identity(agent: Row, options: dict[str, object]) -> None:
    if "expectedDeployCommit" in options:
        # The emulator is deployed from no commit, so none matches.
        raise api_error(409, "Conditional delete deploy mismatch")
    found = {
        "expectedAgentName": agent["agent_name"],
        "expectedCreatedAt": iso(agent["created_at"]),
        "expectedExecutionTier": agent["execution_tier"],
    }
    if any(options[name] != found[name] for name in _EXPECTED if name in options):
        raise api_error(409, "Agent identity changed before deletion")


def _clear_the_way(request: web.Request, agent: Row) -> None:
    """Cancel the agent's waiting jobs of other kinds; 409 for one that has begun."""
    jobs = request.app[JOBS]
    others = [job for job in jobs.unfinished(agent["id"]) if job["type"] != "agent_delete"]
    begun = next((job for job in others if job["status"] != "pending" and job["type"] in LIFECYCLE), None)
    if begun is not None:
        raise conflict_error(agent, begun, "non-quiescent")
    for job in others:
        jobs.cancel(job)


async def delete_agent(request: web.Request) -> web.Response:
    """A shared agent is removed at once, any other by a job, which a second call joins or changes."""
    cloud, caller = request.app[CLOUD], require_caller(request)
    options = await _delete_options(request)
    agent = agent_of(request)
    is_conditional = any(name.startswith("expected") for name in options)
    if is_conditional:
        _check_identity(agent, options)
    elif agent["status"] == "provisioning":
        raise api_error(409, "Agent provisioning is in progress")
    if agent["execution_tier"] == "shared" and not is_conditional:
        lifecycle.delete(cloud, agent["id"])
        data = {"agentId": agent["id"], "status": "deleted", "executionTier": agent["execution_tier"]}
        return json_response({"success": True, "deleted": True, "source": "shared_runtime", "data": data})
    _clear_the_way(request, agent)
    is_acknowledged = options.get("stateLossAcknowledged") is True
    jobs = request.app[JOBS]
    lost = acknowledgement(cloud, caller.user) if is_acknowledged else {}
    job, created = jobs.enqueue_once(agent, "agent_delete", parameters=lost)
    if lost and not created:
        jobs.set_parameters(job, **lost)
    if agent["status"] not in ("deletion_pending", "deletion_failed"):
        lifecycle.begin_deletion(cloud, agent)
    records.change(cloud, agent["id"], status="deletion_pending", rearms=0)
    data = {"jobId": job["id"], "agentId": agent["id"], "status": job["status"], **lost}
    body = {
        "success": True,
        "created": created,
        "alreadyInProgress": not created,
        "message": "Deleting the agent; poll the job for its progress.",
        "data": data,
        "polling": polling(request, job),
    }
    return json_response(body, 202)


async def get_final_state(request: web.Request) -> web.Response:
    """The state that a deletion kept; 404 while there is none."""
    cloud, caller = request.app[CLOUD], require_caller(request)
    kept = cloud.database.one(
        "SELECT * FROM final_states WHERE agent_id = ? AND organization_id = ? ORDER BY created_at DESC",
        request.match_info["agent_id"].lower(),
        caller.organization_id,
    )
    if kept is None or kept["expires_at"] <= cloud.clock.time():
        raise not_found(cloud, "No pre-deletion backup found")
    return success(
        {
            "id": kept["id"],
            "agentId": kept["agent_id"],
            "deletionAttemptId": kept["attempt_id"],
            "sandboxId": kept["agent_id"],
            "captureUnsupported": bool(kept["is_unsupported"]),
            "sizeBytes": kept["size_bytes"],
            "createdAt": iso(kept["created_at"]),
            "expiresAt": iso(kept["expires_at"]),
            "stateData": None if kept["state"] is None else json.loads(kept["state"]),
        }
    )
