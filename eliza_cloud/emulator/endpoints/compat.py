"""`/api/compat/*` (cloud-api §20, cloud-api-latest L19): agents as the thin client knows them.

A job's id is its agent's id. Lifecycle calls work while the caller waits, and ask for no price.
"""

import json
import re
from collections.abc import Awaitable

from aiohttp import web

from eliza_cloud.emulator.access.auth import require_caller
from eliza_cloud.emulator.agents import lifecycle, records, sandbox
from eliza_cloud.emulator.agents.jobs import JOBS, STARTING
from eliza_cloud.emulator.agents.lifecycle import ProvisionError
from eliza_cloud.emulator.agents.snapshots import SnapshotError
from eliza_cloud.emulator.endpoints.agent_views import web_ui_url
from eliza_cloud.emulator.endpoints.agents import (
    CREATE_FIELDS,
    add_agent,
    agent_of,
    refuse_unstorable,
    refuse_while_starting,
)
from eliza_cloud.emulator.money.ledger import minimum_balance
from eliza_cloud.emulator.server import zod_issues as zod
from eliza_cloud.emulator.server.cloud import CLOUD, Cloud
from eliza_cloud.emulator.server.database import Row
from eliza_cloud.emulator.server.responses import (
    api_error,
    iso,
    iso_or_null,
    json_response,
    read_json,
    success,
)

routes = web.RouteTableDef()

_STATUSES = {"pending": "queued", "disconnected": "stopped", "error": "failed"}
_TAIL = re.compile(r"[0-9]{1,4}")
_create = zod.fields(CREATE_FIELDS)


def _status(agent: Row) -> str:
    return _STATUSES.get(agent["status"], str(agent["status"]))


def _shown(agent: Row) -> dict[str, object]:
    page = web_ui_url(agent["id"]) if agent["status"] == "running" else None
    return {
        "agent_id": agent["id"],
        "agent_name": agent["agent_name"],
        "status": _status(agent),
        "bridge_url": agent["bridge_url"],
        "web_ui_url": page,
        "webUiUrl": page,
        "containerUrl": page,
        "error_message": agent["error_message"],
        "agent_config": json.loads(agent["agent_config"]),
        "created_at": iso(agent["created_at"]),
        "updated_at": iso(agent["updated_at"]),
        "node_id": None,
        "container_id": None,
        "headscale_ip": None,
        "database_status": agent["database_status"],
        "last_heartbeat_at": iso_or_null(agent["last_heartbeat_at"]),
    }


def _require_credits(cloud: Cloud, balance: int) -> None:
    """402 without `code` and without `requiredBalance` (cloud-api-latest L19)."""
    if balance < minimum_balance(cloud):
        raise api_error(402, "Insufficient credits")


@routes.get("/api/compat/agents")
async def list_agents(request: web.Request) -> web.Response:
    """The organization's agents, newest first."""
    cloud, caller = request.app[CLOUD], require_caller(request)
    return success([_shown(agent) for agent in records.list_of(cloud, caller.organization_id)])


@routes.post("/api/compat/agents")
async def create_agent(request: web.Request) -> web.Response:
    """201 with a queued agent; it is not provisioned."""
    cloud, caller = request.app[CLOUD], require_caller(request)
    body, wrong = zod.valid_object(await read_json(request, cloud), _create)
    if wrong:
        raise api_error(400, "Invalid request data", details=wrong)
    _require_credits(cloud, caller.organization["balance"])
    refuse_unstorable(body)
    agent = add_agent(cloud, caller, body, "dedicated-always")
    data = {"agentId": agent["id"], "agentName": agent["agent_name"], "jobId": agent["id"]}
    return success({**data, "status": _status(agent), "message": "Agent created"}, 201)


@routes.get("/api/compat/agents/{agent_id}")
async def get_agent(request: web.Request) -> web.Response:
    """One agent."""
    return success(_shown(agent_of(request)))


@routes.get("/api/compat/agents/{agent_id}/status")
async def get_status(request: web.Request) -> web.Response:
    """Where an agent stands."""
    agent = agent_of(request)
    shown = _shown(agent)
    return success(
        {
            "status": shown["status"],
            "bridgeUrl": shown["bridge_url"],
            "webUiUrl": shown["webUiUrl"],
            "suspendedReason": None,
            "lastHeartbeat": shown["last_heartbeat_at"],
            "currentNode": None,
            "databaseStatus": shown["database_status"],
        }
    )


def _outcome(agent: Row, action: str, *, error: str | None = None) -> web.Response:
    """What an action answers: 200, or 502 in the same envelope where it failed."""
    done = {"status": "completed", "message": f"agent {action} completed"}
    failed = {"status": "failed", "message": f"agent {action} failed: {error}"}
    data = {"jobId": agent["id"], **(done if error is None else failed)}
    return success(data, 200 if error is None else 502)


@routes.delete("/api/compat/agents/{agent_id}")
async def delete_agent(request: web.Request) -> web.Response:
    """Delete the agent; a body is ignored."""
    cloud, agent = request.app[CLOUD], agent_of(request)
    refuse_while_starting(request, agent)
    if cloud.is_c or agent["execution_tier"] == "shared":
        lifecycle.delete(cloud, agent["id"])
    else:
        request.app[JOBS].enqueue_once(agent, "agent_delete")
        lifecycle.begin_deletion(cloud, agent)
    return _outcome(agent, "delete")


def _changeable(request: web.Request, action: str) -> Row:
    agent = agent_of(request)
    if agent["execution_tier"] == "shared":
        raise api_error(409, f"Agent {action} requires a container-backed execution tier")
    if agent["status"] == "deletion_pending":
        raise api_error(409, f"Agent {action} cannot target capacity with deletion in progress")
    return agent


async def _carry_out(agent: Row, action: str, work: Awaitable[object]) -> web.Response:
    try:
        await work
    except (ProvisionError, SnapshotError) as error:
        return _outcome(agent, action, error=str(error))
    return _outcome(agent, action)


async def _start(cloud: Cloud, agent: Row) -> None:
    await lifecycle.provision(cloud, agent["id"], seconds=cloud.pace.job_seconds)


async def _restart(cloud: Cloud, agent: Row) -> None:
    if agent["status"] == "running":
        lifecycle.shut_down(cloud, agent["id"])
    await _start(cloud, agent)


async def _suspend(cloud: Cloud, agent: Row) -> None:
    if agent["status"] == "running":
        lifecycle.shut_down(cloud, agent["id"])


@routes.post("/api/compat/agents/{agent_id}/restart")
async def restart_agent(request: web.Request) -> web.Response:
    """Stop the agent and start it again."""
    cloud, agent = request.app[CLOUD], _changeable(request, "restart")
    _require_credits(cloud, require_caller(request).organization["balance"])
    return await _carry_out(agent, "restart", _restart(cloud, agent))


@routes.post("/api/compat/agents/{agent_id}/resume")
async def resume_agent(request: web.Request) -> web.Response:
    """Start the agent; 409 while it is being started."""
    cloud, agent = request.app[CLOUD], _changeable(request, "resume")
    if agent["status"] == "running":
        return _outcome(agent, "resume")
    _require_credits(cloud, require_caller(request).organization["balance"])
    if agent["status"] == "provisioning" or request.app[JOBS].active(agent["id"], STARTING) is not None:
        raise api_error(409, "Agent is already being provisioned")
    return await _carry_out(agent, "resume", _start(cloud, agent))


@routes.post("/api/compat/agents/{agent_id}/suspend")
async def suspend_agent(request: web.Request) -> web.Response:
    """Stop the agent."""
    agent = _changeable(request, "suspend")
    refuse_while_starting(request, agent)
    return await _carry_out(agent, "suspend", _suspend(request.app[CLOUD], agent))


@routes.get("/api/compat/agents/{agent_id}/logs")
async def get_logs(request: web.Request) -> web.Response:
    """The last lines of the agent's log: at once, or as a job in generation L."""
    cloud, agent, tail = request.app[CLOUD], agent_of(request), request.query.get("tail", "100")
    if not _TAIL.fullmatch(tail) or not 1 <= int(tail) <= 5000:
        raise api_error(400, "tail must be a whole number from 1 to 5000")
    if not cloud.is_latest:
        return success("\n".join(sandbox.log(cloud, agent["id"])[-int(tail) :]))
    job, created = request.app[JOBS].enqueue_once(agent, "agent_logs", parameters={"tail": int(tail)})
    polling = {"endpoint": f"/api/v1/jobs/{job['id']}", "intervalMs": 2000, "expectedDurationMs": 15000}
    return success(
        {
            "jobId": job["id"],
            "status": job["status"],
            "tail": int(tail),
            "agentStatus": agent["status"],
            "alreadyInProgress": not created,
            "polling": polling,
        },
        202,
    )


@routes.get("/api/compat/jobs/{job_id}")
async def get_job(request: web.Request) -> web.Response:
    """The agent of this id, as the job of its start."""
    cloud, caller = request.app[CLOUD], require_caller(request)
    agent = records.find(cloud, request.match_info["job_id"], caller.organization_id)
    if agent is None:
        raise api_error(404, "Job not found")
    ended = {"running": "completed", "error": "failed"}
    status = ended.get(agent["status"], _status(agent))
    return success(
        {"jobId": agent["id"], "status": status, "error": agent["error_message"], "result": _shown(agent)}
    )


@routes.get("/api/compat/availability")
async def get_availability(request: web.Request) -> web.Response:
    """Whether agents can be made; the contract does not know the members."""
    require_caller(request)
    return json_response({"success": True, "data": {"available": True}})
