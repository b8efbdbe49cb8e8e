"""Creating an agent in generation L (cloud-api-latest L2, L3, L4): shared unless dedicated is asked for."""

from collections.abc import Iterator

from aiohttp import web

from eliza_cloud.emulator.access.auth import require_caller
from eliza_cloud.emulator.agents import lifecycle, records
from eliza_cloud.emulator.agents.jobs import JOBS
from eliza_cloud.emulator.endpoints.agents import add_agent, refuse_unstorable
from eliza_cloud.emulator.generations.latest.gates import require_worker
from eliza_cloud.emulator.generations.n.create import (
    CREATE,
    LIVE,
    check_image,
    check_quota,
    idle,
    provisioning,
    reused,
    shared,
    warm,
)
from eliza_cloud.emulator.money.ledger import require_deposit
from eliza_cloud.emulator.money.prices import require_acceptance
from eliza_cloud.emulator.server import zod_issues as zod
from eliza_cloud.emulator.server.cloud import CLOUD
from eliza_cloud.emulator.server.database import Row
from eliza_cloud.emulator.server.responses import ApiError, api_error, coded_error, not_found, read_json

_DEDICATED = (
    "alwaysOn",
    "statefulRuntime",
    "modelTooLargeForShared",
    "always_on",
    "stateful_runtime",
    "model_too_large_for_shared",
)
# Plugins with one of these in their id keep a connection, which a shared runtime cannot.
_CONNECTED = ("telegram", "twitter", "slack", "discord", "whatsapp", "farcaster")


def _places(body: dict[str, object]) -> Iterator[dict[str, object]]:
    """Where the wish for a dedicated agent may stand: the body, its config, its character."""
    yield body
    config = body.get("agentConfig")
    if isinstance(config, dict):
        yield config
        character = config.get("character")
        if isinstance(character, dict):
            yield character


def _keeps_a_connection(place: dict[str, object]) -> bool:
    plugins = place.get("plugins")
    names = [str(name).lower() for name in plugins] if isinstance(plugins, list) else []
    return any(word in name for name in names for word in _CONNECTED)


def tier_of(body: dict[str, object]) -> str:
    """The execution tier that a create body asks for."""
    if "dockerImage" in body:
        return "custom"
    is_dedicated = any(
        any(place.get(flag) is True for flag in _DEDICATED) or _keeps_a_connection(place)
        for place in _places(body)
    )
    return "dedicated-always" if is_dedicated else "shared"


def _is_automatic(request: web.Request, body: dict[str, object]) -> bool:
    asked = request.query.getall("autoProvision", [""])
    if len(asked) != 1 or asked[0] not in ("", "true", "false"):
        raise api_error(
            400, "Invalid autoProvision", message='autoProvision must be "true" or "false", once at most.'
        )
    return asked[0] != "false" and body.get("autoProvision") is not False


async def create_agent(request: web.Request) -> web.Response:
    """200 for a reused agent, 201 for a shared, idle or warm one, 202 with a job for one being started."""
    cloud, caller = request.app[CLOUD], require_caller(request)
    document = await read_json(request, cloud)
    body, wrong = zod.valid_object(document, CREATE)
    is_automatic = _is_automatic(request, body)
    if wrong:
        raise coded_error(400, "validation_error", "Invalid request data", {"issues": wrong})
    if "characterId" in body:
        # Characters are not emulated, so none exists.
        raise not_found(cloud, "Character not found")
    refuse_unstorable(body)
    tier = tier_of(body)
    if body.get("forceCreate") and tier == "shared":
        error = "forceCreate is only valid for dedicated agents; set alwaysOn or leave it out"
        raise coded_error(400, "validation_error", error)
    is_eager = is_automatic and tier != "shared"
    price = None
    if is_eager:
        price = require_acceptance(request)
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
        return _warm(request, agent, caller.organization["warm_pool"], price)
    return _started(request, agent, price)


def _warm(request: web.Request, agent: Row, outcome: str, price: str | None) -> web.Response:
    if outcome == "unscheduled":
        raise coded_error(503, "service_unavailable", "The warm pool's recovery could not be scheduled")
    return warm(request, agent, outcome, price)


def _started(request: web.Request, agent: Row, price: str | None) -> web.Response:
    try:
        require_worker(request)
    except ApiError:
        lifecycle.delete(request.app[CLOUD], agent["id"])
        raise
    job, _ = request.app[JOBS].enqueue_once(agent, "agent_provision", price=price)
    return provisioning(request, agent, job)
