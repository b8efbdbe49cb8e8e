"""`GET /api/v1/jobs/{id}` (cloud-api §11), and the envelope of the answers that start a job."""

import json

from aiohttp import web

from eliza_cloud.emulator.access.auth import require_caller
from eliza_cloud.emulator.agents.jobs import JOBS
from eliza_cloud.emulator.endpoints.agent_views import owners_view, web_ui_url
from eliza_cloud.emulator.server.cloud import CLOUD, Cloud
from eliza_cloud.emulator.server.database import Row
from eliza_cloud.emulator.server.responses import iso, iso_or_null, json_response, not_found, unexpected_error
from eliza_cloud.emulator.server.zod_issues import is_uuid_shaped

routes = web.RouteTableDef()

_INTERNAL = ("bridgeUrl", "healthUrl")


def polling(request: web.Request, job: Row) -> dict[str, object]:
    """Where and how often to look after a job."""
    return {
        "endpoint": f"/api/v1/jobs/{job['id']}",
        "intervalMs": request.app[CLOUD].pace.poll_interval_ms,
        "expectedDurationMs": request.app[JOBS].expected_ms(job["type"]),
    }


def _result(cloud: Cloud, job: Row) -> object:
    if job["result"] is None:
        return None
    result: dict[str, object] = json.loads(job["result"])
    if cloud.is_c:
        return result
    shown = {key: value for key, value in result.items() if key not in _INTERNAL}
    if cloud.is_latest and isinstance(shown.get("error"), str):
        shown["error"] = owners_view(str(shown["error"]))
    return {**shown, "webUiUrl": web_ui_url(job["agent_id"])}


@routes.get("/api/v1/jobs/{job_id}")
async def get_job(request: web.Request) -> web.Response:
    """The job of the caller's organization, with the hint whether to go on polling."""
    cloud, caller, job_id = request.app[CLOUD], require_caller(request), request.match_info["job_id"]
    if not is_uuid_shaped(job_id):
        raise unexpected_error()
    job = cloud.database.one(
        "SELECT * FROM jobs WHERE id = ? AND organization_id = ?", job_id.lower(), caller.organization_id
    )
    if job is None:
        raise not_found(cloud, "Job not found")
    goes_on = job["status"] in ("pending", "in_progress")
    hint = (
        {"intervalMs": cloud.pace.poll_interval_ms, "shouldContinue": True}
        if goes_on
        else {"shouldContinue": False}
    )
    data = {
        "id": job["id"],
        "type": job["type"],
        "status": job["status"],
        "result": _result(cloud, job),
        "error": owners_view(job["error"]) if cloud.is_latest and job["error"] else job["error"],
        "attempts": job["attempts"],
        "maxAttempts": job["max_attempts"],
        "estimatedCompletionAt": iso(job["estimated_completion_at"]),
        "scheduledFor": iso(job["scheduled_for"]),
        "startedAt": iso_or_null(job["started_at"]),
        "completedAt": iso_or_null(job["completed_at"]),
        "createdAt": iso(job["created_at"]),
        "updatedAt": iso(job["updated_at"]),
    }
    return json_response({"success": True, "data": data, "polling": hint})
