"""Creating an agent in generation N (cloud-api §9): reuse, quota, shared tier, warm pool, eager start."""

from aiohttp import web

from eliza_cloud.emulator.access.auth import Caller, require_caller
from eliza_cloud.emulator.agents import lifecycle, records
from eliza_cloud.emulator.agents.jobs import JOBS
from eliza_cloud.emulator.endpoints.agent_views import shared_url
from eliza_cloud.emulator.endpoints.agents import CREATE_FIELDS
from eliza_cloud.emulator.endpoints.jobs import polling
from eliza_cloud.emulator.money.ledger import require_deposit
from eliza_cloud.emulator.server import zod_issues as zod
from eliza_cloud.emulator.server.cloud import CLOUD, Cloud
from eliza_cloud.emulator.server.database import Row
from eliza_cloud.emulator.server.responses import coded_error, dollars, iso, json_response, read_json, to_json

LIVE = ("pending", "provisioning", "running")
COUNTED = (*LIVE, "stopped", "sleeping")
_QUOTAS = ((100, 500), (10, 100), (1, 20), (0, 5))
_IMAGES = "ghcr.io/elizaos/"
_FLAGS = ("alwaysOn", "statefulRuntime", "modelTooLargeForShared", "autoProvision", "forceCreate")

_check = zod.fields(
    {
        **CREATE_FIELDS,
        "dockerImage": zod.optional(zod.string(1, 512, r"[A-Za-z0-9._/:@-]+")),
        **{flag: zod.optional(zod.boolean) for flag in _FLAGS},
    }
)


def _tier(caller: Caller, body: dict[str, object]) -> str:
    if "dockerImage" in body:
        return "custom"
    wants_own = any(body.get(flag) for flag in ("alwaysOn", "statefulRuntime", "modelTooLargeForShared"))
    return "shared" if caller.organization["shared_tier"] and not wants_own else "dedicated-always"


def _check_image(body: dict[str, object]) -> None:
    image = body.get("dockerImage")
    if isinstance(image, str) and not image.startswith(_IMAGES):
        raise coded_error(
            403, "agent_image_not_allowed", f"The image {image} is not on the list of allowed images."
        )
    if isinstance(image, str) and "@sha256:" not in image:
        raise coded_error(
            403, "agent_image_not_digest_pinned", f"The image {image} must be pinned by its digest."
        )


def _check_quota(caller: Caller, existing: list[Row], *, is_eager: bool) -> None:
    balance = dollars(caller.organization["balance"]) if is_eager else 0.0
    tiered = next((most for least, most in _QUOTAS if balance >= least), _QUOTAS[-1][1])
    most = tiered if caller.organization["max_agents"] is None else caller.organization["max_agents"]
    count = sum(agent["status"] in COUNTED for agent in existing)
    if count >= most:
        error = f"Agent quota exceeded: {count} of {most} agents exist. Delete one or raise the limit."
        raise coded_error(429, "agent_quota_exceeded", error, {"currentAgents": count, "maxAgents": most})


def _shown(agent: Row) -> dict[str, object]:
    return {
        "id": agent["id"],
        "agentId": agent["id"],
        "agentName": agent["agent_name"],
        "status": agent["status"],
        "createdAt": iso(agent["created_at"]),
        "executionTier": agent["execution_tier"],
    }


async def create_agent(request: web.Request) -> web.Response:
    """200 for a reused agent, 201 for an idle, shared or warm one, 202 with a job for one being started."""
    cloud, caller = request.app[CLOUD], require_caller(request)
    body, wrong = zod.valid_object(await read_json(request, cloud), _check)
    if wrong:
        raise coded_error(400, "validation_error", "Invalid request data", {"issues": wrong})
    if "characterId" in body:
        # Characters are not emulated, so none exists.
        raise coded_error(404, "resource_not_found", "Character not found")
    tier = _tier(caller, body)
    if body.get("forceCreate") and tier == "shared":
        raise coded_error(400, "validation_error", "forceCreate is only valid for dedicated agents")
    is_automatic = request.query.get("autoProvision") != "false" and body.get("autoProvision") is not False
    is_eager = is_automatic and tier != "shared"
    if is_eager:
        require_deposit(cloud, caller.organization)
    existing = records.list_of(cloud, caller.organization_id)
    reused = next((agent for agent in existing if agent["status"] in LIVE), None)
    if reused is not None and not body.get("forceCreate"):
        return json_response({"success": True, "created": False, "data": _shown(reused)})
    _check_quota(caller, existing, is_eager=is_eager)
    _check_image(body)
    agent = _add(cloud, caller, body, tier)
    if tier == "shared":
        agent = lifecycle.go_live(cloud, agent["id"])
        shown = {**_shown(agent), "webUiUrl": shared_url(f"{request.scheme}://{request.host}", agent["id"])}
        return json_response(
            {"success": True, "created": True, "source": "shared_runtime", "data": shown}, 201
        )
    if not is_eager:
        return json_response({"success": True, "created": True, "data": _shown(agent)}, 201)
    if tier != "custom" and caller.organization["warm_pool"] is not None:
        return _warm(request, agent, caller.organization["warm_pool"])
    return _provisioning(request, agent)


def _add(cloud: Cloud, caller: Caller, body: dict[str, object], tier: str) -> Row:
    return records.add(
        cloud,
        organization_id=caller.organization_id,
        user_id=caller.user["id"],
        fields={
            "agent_name": body["agentName"],
            "agent_config": records.own_config(body.get("agentConfig")),
            "environment_vars": to_json(body.get("environmentVars", {})),
            "docker_image": body.get("dockerImage"),
            "execution_tier": tier,
            "status": "pending",
        },
    )


def _warm(request: web.Request, agent: Row, outcome: str) -> web.Response:
    shown = {"id": agent["id"], "agentName": agent["agent_name"], "executionTier": agent["execution_tier"]}
    if outcome == "recovery":
        request.app[JOBS].enqueue_once(agent, "agent_restart")
        data = {**shown, "status": "provisioning"}
        return json_response({"success": True, "source": "warm_pool_recovery", "data": data}, 202)
    live = lifecycle.go_live(request.app[CLOUD], agent["id"])
    addresses = {"bridgeUrl": live["bridge_url"], "healthUrl": live["health_url"]}
    return json_response(
        {"success": True, "source": "warm_pool", "data": {**shown, "status": "running", **addresses}}, 201
    )


def _provisioning(request: web.Request, agent: Row) -> web.Response:
    job, _ = request.app[JOBS].enqueue_once(agent, "agent_provision")
    shown = {key: value for key, value in _shown(agent).items() if key != "createdAt"}
    body = {
        "success": True,
        "created": True,
        "message": "The agent is being started; poll the job for its progress.",
        "data": {
            **shown,
            "status": job["status"],
            "jobId": job["id"],
            "estimatedCompletionAt": iso(job["estimated_completion_at"]),
        },
        "polling": polling(request, job),
    }
    return json_response(body, 202)
