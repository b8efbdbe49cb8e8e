"""Editing, stopping, backing up and deleting agents in generation N (cloud-api §9, §10, §14): mostly jobs."""

from aiohttp import web

from eliza_cloud.emulator.access.auth import require_caller
from eliza_cloud.emulator.agents import lifecycle, records
from eliza_cloud.emulator.agents.jobs import JOBS
from eliza_cloud.emulator.endpoints.agents import (
    ACTION,
    agent_of,
    already_stopped,
    body_or_null,
    refuse_while_starting,
)
from eliza_cloud.emulator.endpoints.backups import refuse_unrestorable
from eliza_cloud.emulator.endpoints.jobs import polling
from eliza_cloud.emulator.server import zod_issues as zod
from eliza_cloud.emulator.server.cloud import CLOUD
from eliza_cloud.emulator.server.database import Row
from eliza_cloud.emulator.server.responses import api_error, iso, json_response, success

_EDIT = zod.fields(
    {
        "agentName": zod.optional(zod.string(1, 100)),
        "agentConfig": zod.optional(zod.record()),
    }
)


def shared_runtime(agent: Row, action: str) -> web.Response:
    """What a lifecycle action on a shared agent answers: nothing happens."""
    data = {
        "agentId": agent["id"],
        "action": action,
        "message": "Shared agents have no compute of their own",
        "previousStatus": agent["status"],
        "executionTier": agent["execution_tier"],
    }
    return json_response({"success": True, "source": "shared_runtime", "data": data})


def edit_agent(request: web.Request, body: object) -> web.Response:
    """Change name and configuration."""
    if isinstance(body, dict) and isinstance(body.get("agentName"), str):
        body = {**body, "agentName": body["agentName"].strip()}
    edit, wrong = zod.valid_object(body, _EDIT)
    if not wrong and "agentName" not in edit and "agentConfig" not in edit:
        wrong = [{"code": "custom", "path": [], "message": "Provide agentName or agentConfig"}]
    if wrong:
        raise api_error(400, "Invalid request data", details=wrong)
    cloud, agent = request.app[CLOUD], agent_of(request)
    columns: dict[str, object] = {"agent_name": edit.get("agentName", agent["agent_name"])}
    if "agentConfig" in edit:
        columns["agent_config"] = records.own_config(edit["agentConfig"])
    records.change(cloud, agent["id"], **columns)
    changed = records.get(cloud, agent["id"]) or agent
    return success(
        {
            "id": changed["id"],
            "agentName": changed["agent_name"],
            "executionTier": changed["execution_tier"],
            "updatedAt": iso(changed["updated_at"]),
        }
    )


def _stop(request: web.Request, agent: Row, action: str) -> web.Response:
    if agent["execution_tier"] == "shared":
        return shared_runtime(agent, action)
    if agent["status"] == "stopped":
        return already_stopped(agent, action)
    refuse_while_starting(request, agent)
    job, created = request.app[JOBS].enqueue_once(agent, "agent_suspend")
    body = {
        "success": True,
        "created": created,
        "alreadyInProgress": not created,
        "data": {
            "agentId": agent["id"],
            "action": action,
            "jobId": job["id"],
            "status": job["status"],
            "message": "Stopping the agent; poll the job for its progress.",
            "previousStatus": agent["status"],
        },
    }
    return json_response(body, 202)


async def patch_agent(request: web.Request) -> web.Response:
    """A lifecycle action, or without `action` an edit of name and configuration."""
    require_caller(request)
    body = await body_or_null(request)
    if isinstance(body, dict) and "action" not in body:
        return edit_agent(request, body)
    parsed, wrong = zod.valid_object(body, ACTION)
    if wrong:
        raise api_error(400, "Invalid request data", details=wrong)
    return _stop(request, agent_of(request), str(parsed["action"]))


async def suspend_agent(request: web.Request) -> web.Response:
    """Stop the agent as a job."""
    return _stop(request, agent_of(request), "suspend")


async def delete_agent(request: web.Request) -> web.Response:
    """A shared agent is removed at once, any other by a job, which a second call joins."""
    cloud, agent = request.app[CLOUD], agent_of(request)
    refuse_while_starting(request, agent)
    if agent["execution_tier"] == "shared":
        lifecycle.delete(cloud, agent["id"])
        data = {"agentId": agent["id"], "status": "deleted", "executionTier": agent["execution_tier"]}
        return json_response({"success": True, "deleted": True, "source": "shared_runtime", "data": data})
    job, created = request.app[JOBS].enqueue_once(agent, "agent_delete")
    lifecycle.begin_deletion(cloud, agent)
    body = {
        "success": True,
        "created": created,
        "alreadyInProgress": not created,
        "message": "Deleting the agent; poll the job for its progress.",
        "data": {"jobId": job["id"], "agentId": agent["id"], "status": job["status"]},
        "polling": polling(request, job),
    }
    return json_response(body, 202)


async def take_snapshot(request: web.Request) -> web.Response:
    """Check, then answer 202 with a job, the running one if there is one."""
    caller = require_caller(request)
    found = records.find(request.app[CLOUD], request.match_info["agent_id"], caller.organization_id)
    agent = refuse_unrestorable(found, "snapshot")
    if agent["status"] != "running":
        raise api_error(409, "Sandbox is not running")
    job, created = request.app[JOBS].enqueue_once(agent, "agent_snapshot")
    data = {"agentId": agent["id"], "action": "snapshot", "jobId": job["id"], "status": job["status"]}
    body = {
        "success": True,
        "created": created,
        "alreadyInProgress": not created,
        "data": data,
        "polling": polling(request, job),
    }
    return json_response(body, 202)
