"""`/emulator/*`: state and behaviour set by scripts and tests, from this machine only."""

import ipaddress

from aiohttp import web
from aiohttp.typedefs import Handler

from eliza_cloud.emulator.access import api_keys as keys
from eliza_cloud.emulator.access import login_sessions
from eliza_cloud.emulator.access.accounts import DEFAULT_EMAIL, ensure_user, get_organization
from eliza_cloud.emulator.access.login_sessions import NotCompletableError
from eliza_cloud.emulator.agents import lifecycle, records, sandbox
from eliza_cloud.emulator.endpoints.agents import body_or_null
from eliza_cloud.emulator.money.ledger import set_balance
from eliza_cloud.emulator.server import zod_issues as zod
from eliza_cloud.emulator.server.cloud import CLOUD, Cloud
from eliza_cloud.emulator.server.database import Row
from eliza_cloud.emulator.server.responses import api_error, dollars, iso, json_response, micros

routes = web.RouteTableDef()

_EMAIL = zod.optional(zod.string(3, 254))


def _is_local(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


@web.middleware
async def local_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse control calls from elsewhere, and those a page in a browser could have sent."""
    if request.path.startswith("/emulator/"):
        host = request.url.host or ""
        if not _is_local(request.remote or "") or not _is_local(host) or "Origin" in request.headers:
            raise api_error(
                403, "The emulator is controlled from this machine only, and not from a web page."
            )
    return await handler(request)


async def body_of(request: web.Request, **checks: zod.Check) -> dict[str, object]:
    """The body of a control call, an object; an empty body is `{}`; 400 names what is wrong."""
    found = await body_or_null(request)
    document = {} if found is None and not await request.text() else found
    body, wrong = zod.valid_object(document, zod.fields(checks))
    unknown = sorted(set(body) - set(checks))
    if unknown:
        wrong = [{"path": [key], "message": f"Unknown key; known are {', '.join(checks)}"} for key in unknown]
    if wrong:
        raise api_error(400, "The body of this control call is wrong.", details=wrong)
    return body


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
    """`{"apiKey"? | "keyPrefix"?, "inactive"?}`: unknown from now on (401), or inactive (403); else all."""
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


@routes.post("/emulator/organization")
async def change_organization(request: web.Request) -> web.Response:
    """`{"email"?, "balance"?, "active"?, "sharedTier"?, "warmPool"?, "maxAgents"?, "asyncRestore"?}`."""
    cloud = request.app[CLOUD]
    switch = zod.optional(zod.boolean)
    body = await body_of(
        request,
        email=_EMAIL,
        balance=zod.optional(zod.number(0, 1_000_000)),
        active=switch,
        sharedTier=switch,
        asyncRestore=switch,
        warmPool=zod.optional(zod.one_of("hit", "recovery", "off")),
        maxAgents=zod.optional(zod.number(0, 1_000_000)),
    )
    organization_id = _user(cloud, body)["organization_id"]
    columns = {
        "active": "is_active",
        "sharedTier": "shared_tier",
        "asyncRestore": "async_restore",
        "maxAgents": "max_agents",
    }
    changes = {column: body[key] for key, column in columns.items() if key in body}
    if "warmPool" in body:
        changes["warm_pool"] = None if body["warmPool"] == "off" else body["warmPool"]
    if changes:
        cloud.database.update("organizations", organization_id, changes)
    if "balance" in body:
        set_balance(cloud, get_organization(cloud, organization_id), micros(str(body["balance"])))
    return json_response({"success": True, "data": _organization(get_organization(cloud, organization_id))})


def _agent(request: web.Request) -> Row:
    agent = records.get(request.app[CLOUD], request.match_info["agent_id"].lower())
    if agent is None:
        raise api_error(404, "There is no such agent.")
    return agent


@routes.post("/emulator/agents/{agent_id}/sandbox")
async def change_sandbox(request: web.Request) -> web.Response:
    """`{"state": "running"|"stopped"|"dead"|"initializing"}`; the record of a dead one says running."""
    cloud, agent = request.app[CLOUD], _agent(request)
    body = await body_of(request, state=zod.one_of("running", "stopped", "dead", "initializing"))
    if body["state"] == "stopped":
        lifecycle.halt(cloud, agent["id"])
    else:
        if sandbox.find(cloud, agent["id"]) is None:
            lifecycle.go_live(cloud, agent["id"])
        match body["state"]:
            case "dead":
                sandbox.set_state(cloud, agent["id"], "dead")
            case "initializing":
                sandbox.set_state(cloud, agent["id"], "initializing")
            case _:
                sandbox.set_state(cloud, agent["id"], "running")
    return json_response({"success": True, "data": _shown(cloud, _agent(request))})


@routes.post("/emulator/agents/{agent_id}/jobs")
async def script_jobs(request: web.Request) -> web.Response:
    """`{"failAttempts": n}`: the agent's next job fails so many times; three is for good."""
    agent = _agent(request)
    body = await body_of(request, failAttempts=zod.number(0, 3))
    request.app[CLOUD].database.update("agents", agent["id"], {"fail_attempts": body["failAttempts"]})
    return json_response({"success": True, "data": {"id": agent["id"], "failAttempts": body["failAttempts"]}})


def _organization(row: Row) -> dict[str, object]:
    return {
        "id": row["id"],
        "name": row["name"],
        "balance": dollars(row["balance"]),
        "active": bool(row["is_active"]),
        "sharedTier": bool(row["shared_tier"]),
        "asyncRestore": bool(row["async_restore"]),
        "warmPool": row["warm_pool"] or "off",
        "maxAgents": row["max_agents"],
    }


def _shown(cloud: Cloud, agent: Row) -> dict[str, object]:
    found = sandbox.find(cloud, agent["id"])
    backups = cloud.database.count("SELECT count(*) FROM backups WHERE agent_id = ?", agent["id"])
    memories = cloud.database.count("SELECT count(*) FROM memories WHERE agent_id = ?", agent["id"])
    return {
        "id": agent["id"],
        "agentName": agent["agent_name"],
        "organizationId": agent["organization_id"],
        "status": agent["status"],
        "executionTier": agent["execution_tier"],
        "billingStatus": agent["billing_status"],
        "sandbox": None if found is None else found["state"],
        "memories": memories,
        "backups": backups,
    }


@routes.get("/emulator/state")
async def show_state(request: web.Request) -> web.Response:
    """Everything there is, without secrets: session ids are shortened, keys shown by their prefix."""
    cloud, database = request.app[CLOUD], request.app[CLOUD].database
    return json_response(
        {
            "generation": cloud.generation.value,
            "now": iso(cloud.clock.time()),
            "organizations": [_organization(row) for row in database.all("SELECT * FROM organizations")],
            "users": [dict(row) for row in database.all("SELECT id, email, organization_id FROM users")],
            "keys": [dict(row) for row in database.all("SELECT name, key_prefix, is_active FROM api_keys")],
            "logins": [
                {"sessionId": f"{row['session_id'][:8]}…", "status": row["status"]}
                for row in database.all("SELECT session_id, status FROM login_sessions")
            ],
            "agents": [_shown(cloud, agent) for agent in database.all("SELECT * FROM agents")],
            "jobs": [
                dict(row)
                for row in database.all(
                    "SELECT id, agent_id, type, status, attempts, error FROM jobs ORDER BY rowid"
                )
            ],
        }
    )
