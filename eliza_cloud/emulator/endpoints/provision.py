"""`POST …/provision` and `POST …/resume` (cloud-api §10): one engine, two envelopes; generations C and N.

The record alone decides whether an agent runs: with a dead sandbox behind it, provision still answers 200.
"""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import web

from eliza_cloud.emulator.access.auth import Caller, require_caller
from eliza_cloud.emulator.agents import lifecycle, records
from eliza_cloud.emulator.agents.jobs import JOBS, STARTING
from eliza_cloud.emulator.agents.lifecycle import ProvisionError
from eliza_cloud.emulator.endpoints.agent_views import shared_url, web_ui_url
from eliza_cloud.emulator.endpoints.jobs import polling
from eliza_cloud.emulator.money.ledger import require_deposit
from eliza_cloud.emulator.server.cloud import CLOUD
from eliza_cloud.emulator.server.database import Row
from eliza_cloud.emulator.server.responses import api_error, iso, json_response


@dataclass(frozen=True, slots=True)
class Envelope:
    """How one of the two endpoints phrases its answers; `kind` is its job from generation N on."""

    kind: str
    running: Callable[[web.Request, Row], dict[str, object]]
    shared: Callable[[web.Request, Row], dict[str, object]]
    queued: Callable[[Row, Row, bool], dict[str, object]]


def _is_public_https(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme != "https" or not host or host == "localhost" or host.endswith((".localhost", ".local")):
        return False
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host


def _check_request(request: web.Request) -> None:
    asked = request.query.getall("sync", [])
    if not request.app[CLOUD].is_c and (len(asked) > 1 or not set(asked) <= {"", "true", "false"}):
        raise api_error(400, "Invalid sync", message='sync must be "true" or "false", once at most.')


def check_webhook(request: web.Request) -> None:
    """400 for a webhook that is not a public https address."""
    webhook = request.headers.get("x-webhook-url")
    if webhook and not _is_public_https(webhook):
        raise api_error(400, "Invalid webhook URL")


async def _start(request: web.Request, envelope: Envelope) -> web.Response:
    cloud, caller = request.app[CLOUD], require_caller(request)
    _check_request(request)
    agent = records.require(cloud, request.match_info["agent_id"], caller.organization_id)
    if agent["execution_tier"] == "shared":
        return json_response(
            {"success": True, "source": "shared_runtime", "data": envelope.shared(request, agent)}
        )
    if agent["status"] == "running" and agent["bridge_url"]:
        return json_response({"success": True, "data": envelope.running(request, agent)})
    if agent["status"] == "deletion_pending":
        raise api_error(409, "Agent deletion is in progress")
    require_deposit(cloud, caller.organization)
    warm = from_warm_pool(request, caller, agent)
    if warm is not None:
        return warm
    check_webhook(request)
    if request.query.get("sync") == "true":
        return await _blocking(request, envelope, agent)
    kind = envelope.kind if not cloud.is_c else "milady_provision"
    running = request.app[JOBS].active(agent["id"], STARTING)
    job, created = (running, False) if running is not None else request.app[JOBS].enqueue_once(agent, kind)
    return queued(request, envelope, agent, job, created=created)


def queued(request: web.Request, envelope: Envelope, agent: Row, job: Row, *, created: bool) -> web.Response:
    """202 with the job that starts the agent; 409 where it was under way already."""
    body = {
        "success": True,
        "created": created,
        "alreadyInProgress": not created,
        **envelope.queued(agent, job, created),
        "polling": polling(request, job),
    }
    return json_response(body, 202 if created else 409)


async def _blocking(request: web.Request, envelope: Envelope, agent: Row) -> web.Response:
    """`?sync=true`, which servers outside production honour: the answer comes when the agent runs."""
    cloud = request.app[CLOUD]
    if agent["status"] == "provisioning" or request.app[JOBS].active(agent["id"], STARTING) is not None:
        raise api_error(409, "Agent is already being provisioned")
    fails = agent["fail_attempts"] > 0
    records.change(cloud, agent["id"], fail_attempts=0)
    try:
        live = await lifecycle.provision(cloud, agent["id"], seconds=cloud.pace.job_seconds, fails=fails)
    except ProvisionError as error:
        raise api_error(500, str(error)) from error
    return json_response({"success": True, "data": envelope.running(request, live)})


def from_warm_pool(
    request: web.Request, caller: Caller, agent: Row, price: str | None = None
) -> web.Response | None:
    """The answer for an agent that was never started, if the organization has a warm pool."""
    pool = caller.organization["warm_pool"]
    if request.app[CLOUD].is_c or pool is None or agent["database_status"] != "none":
        return None
    data = {"id": agent["id"], "agentName": agent["agent_name"]}
    if pool == "recovery":
        request.app[JOBS].enqueue_once(agent, "agent_restart", price=price)
        data = {**data, "status": "provisioning"}
        return json_response({"success": True, "source": "warm_pool_recovery", "data": data}, 202)
    lifecycle.go_live(request.app[CLOUD], agent["id"])
    data = {**data, "status": "running", "webUiUrl": web_ui_url(agent["id"])}
    return json_response({"success": True, "source": "warm_pool", "data": data})


def _provision_running(request: web.Request, agent: Row) -> dict[str, object]:
    data = {"id": agent["id"], "agentName": agent["agent_name"], "status": agent["status"]}
    if not request.app[CLOUD].is_c:
        return {**data, "webUiUrl": web_ui_url(agent["id"])}
    return {**data, "bridgeUrl": agent["bridge_url"], "healthUrl": agent["health_url"]}


def _provision_shared(request: web.Request, agent: Row) -> dict[str, object]:
    return {
        "id": agent["id"],
        "agentName": agent["agent_name"],
        "status": agent["status"],
        "executionTier": agent["execution_tier"],
        "message": "The agent is available on the shared runtime",
        "webUiUrl": shared_url(f"{request.scheme}://{request.host}", agent["id"]),
    }


def _provision_queued(agent: Row, job: Row, created: bool) -> dict[str, object]:
    return {
        "message": "Provisioning started; poll the job."
        if created
        else "Provisioning goes on; poll the present job.",
        "data": {
            "jobId": job["id"],
            "agentId": agent["id"],
            "status": job["status"],
            "estimatedCompletionAt": iso(job["estimated_completion_at"]),
        },
    }


def _resume_running(request: web.Request, agent: Row) -> dict[str, object]:
    data = {
        "agentId": agent["id"],
        "action": "resume",
        "message": "Agent is already running",
        "status": agent["status"],
    }
    return {**data, "webUiUrl": web_ui_url(agent["id"])} if not request.app[CLOUD].is_c else data


def _resume_shared(_request: web.Request, agent: Row) -> dict[str, object]:
    return {
        "agentId": agent["id"],
        "action": "resume",
        "message": "The agent is available on the shared runtime",
        "status": agent["status"],
        "executionTier": agent["execution_tier"],
    }


def _resume_queued(agent: Row, job: Row, created: bool) -> dict[str, object]:
    return {
        "data": {
            "agentId": agent["id"],
            "action": "resume",
            "jobId": job["id"],
            "status": job["status"],
            "message": "Resuming from the newest backup." if created else "Resuming is under way already.",
        }
    }


PROVISION = Envelope("agent_provision", _provision_running, _provision_shared, _provision_queued)
RESUME = Envelope("agent_resume", _resume_running, _resume_shared, _resume_queued)


async def provision_agent(request: web.Request) -> web.Response:
    """200 if the record says running, else 202 with a job, or 409 with the one under way."""
    return await _start(request, PROVISION)


async def resume_agent(request: web.Request) -> web.Response:
    """The same, as an action on a stopped agent."""
    return await _start(request, RESUME)
