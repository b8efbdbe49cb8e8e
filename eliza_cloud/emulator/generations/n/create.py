"""Creating an agent in generation N (cloud-api §9): reuse, quota, shared tier, warm pool, eager start."""

from aiohttp import web

from eliza_cloud.emulator.access.auth import Caller, require_caller
from eliza_cloud.emulator.agents import lifecycle, records
from eliza_cloud.emulator.agents.jobs import JOBS
from eliza_cloud.emulator.endpoints.agent_views import shared_url
from eliza_cloud.emulator.endpoints.agents import CREATE_FIELDS, add_agent, refuse_unstorable
from eliza_cloud.emulator.endpoints.jobs import polling
from eliza_cloud.emulator.money.ledger import require_deposit
from eliza_cloud.emulator.server import zod_issues as zod
from eliza_cloud.emulator.server.cloud import CLOUD
from eliza_cloud.emulator.server.database import Row
from eliza_cloud.emulator.server.responses import coded_error, dollars, iso, json_response, read_json

LIVE = ("pending", "provisioning", "running")
COUNTED = (*LIVE, "stopped", "sleeping")
_QUOTAS = ((100, 500), (10, 100), (1, 20), (0, 5))
_IMAGES = "ghcr.io/elizaos/"
_FLAGS = ("alwaysOn", "statefulRuntime", "modelTooLargeForShared", "autoProvision", "forceCreate")

CREATE = zod.fields(
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


def check_image(body: dict[str, object]) -> None:
    """403 for an image that is not allowed, or not pinned by its digest."""
    image = body.get("dockerImage")
    if isinstance(image, str) and not image.startswith(_IMAGES):
        raise coded_error(
            403, "agent_image_not_allowed", f"The image {image} is not on the list of allowed images."
        )
    if isinstance(image, str) and "@sha256:" not in image:
        raise coded_error(
            403, "agent_image_not_digest_pinned", f"The image {image} must be pinned by its digest."
        )


def quota(caller: Caller, existing: list[Row], *, is_eager: bool) -> tuple[int, int]:
    """How many agents count against the ceiling, and the ceiling."""
    balance = dollars(caller.organization["balance"]) if is_eager else 0.0
    tiered = next((most for least, most in _QUOTAS if balance >= least), _QUOTAS[-1][1])
    most = tiered if caller.organization["max_agents"] is None else caller.organization["max_agents"]
    return sum(agent["status"] in COUNTED for agent in existing), int(most)


def check_quota(caller: Caller, existing: list[Row], *, is_eager: bool) -> None:
    """429 at the ceiling, which the balance decides where the credit gate was passed, unless one is set."""
    count, most = quota(caller, existing, is_eager=is_eager)
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
    body, wrong = zod.valid_object(await read_json(request, cloud), CREATE)
    if wrong:
        raise coded_error(400, "validation_error", "Invalid request data", {"issues": wrong})
    if "characterId" in body:
        # Characters are not emulated, so none exists.
        raise coded_error(404, "resource_not_found", "Character not found")
    refuse_unstorable(body)
    tier = _tier(caller, body)
    if body.get("forceCreate") and tier == "shared":
        raise coded_error(400, "validation_error", "forceCreate is only valid for dedicated agents")
    is_automatic = request.query.get("autoProvision") != "false" and body.get("autoProvision") is not False
    is_eager = is_automatic and tier != "shared"
    if is_eager:
        require_deposit(cloud, caller.organization)
    existing = records.list_of(cloud, caller.organization_id)
    live = next((agent for agent in existing if agent["status"] in LIVE), None)
    if live is not None and not body.get("forceCreate"):
        return reused(live)
    check_quota(caller, existing, is_eager=is_eager)
    check_image(body)
    agent = add_agent(cloud, caller, body, tier, body.get("dockerImage"))
    if tier == "shared":
        return shared(request, agent)
    if not is_eager:
        return idle(agent)
    if tier != "custom" and caller.organization["warm_pool"] is not None:
        return warm(request, agent, caller.organization["warm_pool"])
    job, _ = request.app[JOBS].enqueue_once(agent, "agent_provision")
    return provisioning(request, agent, job)


def reused(agent: Row) -> web.Response:
    """The organization's live agent, whatever was asked for."""
    return json_response({"success": True, "created": False, "data": _shown(agent)})


def shared(request: web.Request, agent: Row) -> web.Response:
    """A new agent on the shared runtime, which runs at once."""
    live = lifecycle.go_live(request.app[CLOUD], agent["id"])
    shown = {**_shown(live), "webUiUrl": shared_url(f"{request.scheme}://{request.host}", agent["id"])}
    body = {"success": True, "created": True, "source": "shared_runtime", "data": shown}
    return json_response(body, 201)


def idle(agent: Row) -> web.Response:
    """A new agent that nobody asked to start."""
    return json_response({"success": True, "created": True, "data": _shown(agent)}, 201)


def warm(request: web.Request, agent: Row, outcome: str, price: str | None = None) -> web.Response:
    """An agent out of the warm pool: running, or being recovered by a job that is not shown."""
    shown = {"id": agent["id"], "agentName": agent["agent_name"], "executionTier": agent["execution_tier"]}
    if outcome == "recovery":
        request.app[JOBS].enqueue_once(agent, "agent_restart", price=price)
        data = {**shown, "status": "provisioning"}
        return json_response({"success": True, "source": "warm_pool_recovery", "data": data}, 202)
    live = lifecycle.go_live(request.app[CLOUD], agent["id"])
    addresses = {"bridgeUrl": live["bridge_url"], "healthUrl": live["health_url"]}
    return json_response(
        {"success": True, "source": "warm_pool", "data": {**shown, "status": "running", **addresses}}, 201
    )


def provisioning(request: web.Request, agent: Row, job: Row) -> web.Response:
    """A new agent that is being started by this job."""
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
