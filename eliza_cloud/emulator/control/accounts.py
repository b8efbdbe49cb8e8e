"""`/emulator/approve`, `/emulator/keys…`, `/emulator/organization`: logins, keys, organizations."""

from aiohttp import web

from eliza_cloud.emulator.access import api_keys as keys
from eliza_cloud.emulator.access import login_sessions
from eliza_cloud.emulator.access.accounts import DEFAULT_EMAIL, ensure_user, get_organization
from eliza_cloud.emulator.access.login_sessions import NotCompletableError
from eliza_cloud.emulator.agents.jobs import JOBS
from eliza_cloud.emulator.control.calls import body_of
from eliza_cloud.emulator.control.state import shown_organization
from eliza_cloud.emulator.money.hosting import resume_funded
from eliza_cloud.emulator.money.ledger import set_balance
from eliza_cloud.emulator.server import settings
from eliza_cloud.emulator.server import zod_issues as zod
from eliza_cloud.emulator.server.cloud import CLOUD, Cloud
from eliza_cloud.emulator.server.database import Row
from eliza_cloud.emulator.server.responses import api_error, iso, json_response, micros

routes = web.RouteTableDef()

_EMAIL = zod.optional(zod.string(3, 254))
_COLUMNS = {
    "active": "is_active",
    "sharedTier": "shared_tier",
    "asyncRestore": "async_restore",
    "maxAgents": "max_agents",
}


def _user(cloud: Cloud, body: dict[str, object]) -> Row:
    return ensure_user(cloud, str(body.get("email", DEFAULT_EMAIL)))


@routes.post("/emulator/approve")
async def approve(request: web.Request) -> web.Response:
    """`{"sessionId", "email"?}`: sign a login session in without a browser."""
    cloud = request.app[CLOUD]
    body = await body_of(request, sessionId=zod.string(1), email=_EMAIL)
    try:
        minted = login_sessions.complete(cloud, str(body["sessionId"]), _user(cloud, body))
    except NotCompletableError as error:
        raise api_error(409, str(error)) from error
    return json_response({"success": True, "keyPrefix": minted.record["key_prefix"]})


@routes.post("/emulator/keys")
async def mint_key(request: web.Request) -> web.Response:
    """`{"email"?, "name"?}`: a key without a login."""
    cloud = request.app[CLOUD]
    body = await body_of(request, email=_EMAIL, name=zod.optional(zod.string(1, 100)))
    user = _user(cloud, body)
    record, plain = keys.mint(cloud, user, str(body.get("name", "Emulator")))
    owner = {"userId": user["id"], "organizationId": user["organization_id"]}
    return json_response({"success": True, "apiKey": plain, "keyPrefix": record["key_prefix"], **owner})


@routes.post("/emulator/keys/revoke")
async def revoke_keys(request: web.Request) -> web.Response:
    """`{"apiKey"? | "keyPrefix"?, "inactive"?}`: deleted, or inactive: 401 from now on; else all."""
    cloud = request.app[CLOUD]
    text = zod.optional(zod.string(1))
    body = await body_of(request, apiKey=text, keyPrefix=text, inactive=zod.optional(zod.boolean))
    prefix = str(body.get("apiKey", body.get("keyPrefix", "")))[: keys.SHOWN]
    found = [
        row for row in cloud.database.all("SELECT * FROM api_keys") if row["key_prefix"].startswith(prefix)
    ]
    for row in found:
        (keys.deactivate if body.get("inactive") else keys.revoke)(cloud, row["id"])
    return json_response({"success": True, "revoked": len(found)})


@routes.post("/emulator/keys/outage")
async def refuse_keys(request: web.Request) -> web.Response:
    """`{"seconds": n}`: every key is refused with 401 for so long, then all is well again; 0 ends it."""
    cloud = request.app[CLOUD]
    body = await body_of(request, seconds=zod.number(0))
    until = cloud.clock.time() + float(str(body["seconds"]))
    settings.write(cloud, "keys_refused_until", until)
    return json_response({"success": True, "data": {"until": iso(until)}})


@routes.post("/emulator/organization")
async def change_organization(request: web.Request) -> web.Response:
    """Change the organization of `email`: balance and hold in USD, and what its calls are answered.

    `{"email"?, "balance"?, "hold"?, "active"?, "sharedTier"?, "warmPool"?, "maxAgents"?, "asyncRestore"?}`; a
    hold of 0 is cleared. `sharedTier` matters in generation N only.
    """
    cloud = request.app[CLOUD]
    switch = zod.optional(zod.boolean)
    body = await body_of(
        request,
        email=_EMAIL,
        balance=zod.optional(zod.number(0, 1_000_000)),
        hold=zod.optional(zod.number(0, 1_000_000)),
        active=switch,
        sharedTier=switch,
        asyncRestore=switch,
        warmPool=zod.optional(zod.one_of("hit", "recovery", "unscheduled", "off")),
        maxAgents=zod.optional(zod.number(0, 1_000_000)),
    )
    organization_id = _user(cloud, body)["organization_id"]
    changes = {column: body[key] for key, column in _COLUMNS.items() if key in body}
    if "warmPool" in body:
        changes["warm_pool"] = None if body["warmPool"] == "off" else body["warmPool"]
    if "hold" in body:
        changes["hold"] = micros(str(body["hold"])) or None
    if changes:
        cloud.database.update("organizations", organization_id, changes)
    if "balance" in body:
        set_balance(cloud, get_organization(cloud, organization_id), micros(str(body["balance"])))
    resume_funded(cloud, request.app[JOBS], organization_id)
    shown = shown_organization(get_organization(cloud, organization_id))
    return json_response({"success": True, "data": shown})


@routes.post("/emulator/personal")
async def move_personal_agent(request: web.Request) -> web.Response:
    """`{"email"?, "activeAgentId"?}`: let a dedicated agent take the personal one's place, or none again."""
    cloud = request.app[CLOUD]
    body = await body_of(request, email=_EMAIL, activeAgentId=zod.optional(zod.uuid))
    settings.write(cloud, f"personal:{_user(cloud, body)['id']}", body.get("activeAgentId"))
    return json_response({"success": True, "data": body})


@routes.post("/emulator/users")
async def change_user(request: web.Request) -> web.Response:
    """`{"email", "organization": false}`: a user without an organization."""
    cloud = request.app[CLOUD]
    body = await body_of(request, email=zod.string(3, 254), organization=zod.boolean)
    user = _user(cloud, body)
    if not body["organization"]:
        cloud.database.update("users", user["id"], {"organization_id": None})
    return json_response({"success": True, "data": {"id": user["id"]}})
