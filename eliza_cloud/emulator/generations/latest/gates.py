"""What stands before a change of an agent in generation L (cloud-api-latest L4, L14)."""

from collections.abc import Mapping

from aiohttp import web

from eliza_cloud.emulator.agents.jobs import JOBS
from eliza_cloud.emulator.server import settings
from eliza_cloud.emulator.server.cloud import CLOUD
from eliza_cloud.emulator.server.database import Row
from eliza_cloud.emulator.server.responses import ApiError, api_error, coded_error

# Jobs of which an agent has one at a time; snapshots and logs go beside them.
LIFECYCLE = (
    "agent_provision",
    "agent_resume",
    "agent_restart",
    "agent_wake",
    "agent_suspend",
    "agent_sleep",
    "agent_delete",
)
_SYNC = ("", "true", "false")


def is_synchronous(request: web.Request) -> bool:
    """`?sync`, given once at most; it never blocks here, but makes the checks stricter."""
    asked = request.query.getall("sync", [])
    if len(asked) > 1 or not set(asked) <= set(_SYNC):
        raise api_error(400, "Invalid sync", message='sync must be "true" or "false", once at most.')
    return asked == ["true"]


def refuse_target(agent: Row, action: str) -> None:
    """409 for an agent that has no container of its own, or that is being deleted."""
    if agent["execution_tier"] == "shared":
        raise api_error(409, f"Agent {action} requires a container-backed execution tier")
    if agent["status"] == "deletion_pending":
        raise api_error(409, f"Agent {action} cannot target capacity with deletion in progress")


def session_not_ready(error: str, details: Mapping[str, object]) -> ApiError:
    """409 that passes by itself."""
    return coded_error(409, "session_not_ready", error, details)


def conflict(request: web.Request, agent: Row, kind: str) -> Row | None:
    """The unfinished lifecycle job of another kind that stands in the way of this one."""
    others = tuple(each for each in LIFECYCLE if each != kind)
    return request.app[JOBS].active(agent["id"], others)


def conflict_error(agent: Row, job: Row, adjective: str = "conflicting") -> ApiError:
    """409 that names the job to wait for."""
    return session_not_ready(
        f"Agent {agent['id']} has {adjective} {job['type']} job {job['id']}",
        {
            "conflictingJobId": job["id"],
            "conflictingJobType": job["type"],
            "conflictingJobStatus": job["status"],
        },
    )


def refuse_conflict(request: web.Request, agent: Row, kind: str) -> None:
    """409 while the agent is being deleted, or another lifecycle job is under way."""
    if agent["status"] == "deletion_pending":
        raise session_not_ready(f"Agent {agent['id']} deletion is in progress", {})
    job = conflict(request, agent, kind)
    if job is not None:
        raise conflict_error(agent, job)


def refuse_provisioning(request: web.Request, agent: Row) -> None:
    """409 while the agent is being provisioned, or is about to be tried again."""
    is_queued = request.app[JOBS].active(agent["id"], ("agent_provision",)) is not None
    if agent["status"] == "provisioning" or is_queued:
        raise api_error(409, "Agent provisioning is in progress")


def require_worker(request: web.Request) -> None:
    """502 or 503 while the worker that starts agents is down."""
    state = settings.read(request.app[CLOUD], "worker")
    code, status = {
        "unhealthy": ("PROVISIONING_WORKER_UNHEALTHY", 503),
        "unreachable": ("PROVISIONING_WORKER_UNREACHABLE", 502),
    }.get(str(state), ("", 0))
    if status:
        error = "The provisioning worker does not answer; try again in a moment."
        raise ApiError(status, {"success": False, "code": code, "error": error, "retryable": True})
