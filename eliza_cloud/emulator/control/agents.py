"""`/emulator/agents/{id}/…` and `/emulator/backups/{id}`: what happens to one agent."""

from aiohttp import web

from eliza_cloud.emulator.agents import lifecycle, records, sandbox, snapshots
from eliza_cloud.emulator.control.calls import anything, body_of
from eliza_cloud.emulator.control.state import shown_agent
from eliza_cloud.emulator.server import zod_issues as zod
from eliza_cloud.emulator.server.cloud import CLOUD
from eliza_cloud.emulator.server.database import Row
from eliza_cloud.emulator.server.responses import api_error, json_response, to_json

routes = web.RouteTableDef()


def _agent(request: web.Request) -> Row:
    agent = records.get(request.app[CLOUD], request.match_info["agent_id"].lower())
    if agent is None:
        raise api_error(404, "There is no such agent.")
    return agent


def _shown(request: web.Request) -> web.Response:
    return json_response({"success": True, "data": shown_agent(request.app[CLOUD], _agent(request))})


@routes.post("/emulator/agents/{agent_id}/sandbox")
async def change_sandbox(request: web.Request) -> web.Response:
    """`{"state": "running"|"stopped"|"dead"|"initializing"}`; the record of a dead one says running.

    An initializing one is not `ready` in generation L.
    """
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
    return _shown(request)


@routes.post("/emulator/agents/{agent_id}/suspend")
async def suspend_agent(request: web.Request) -> web.Response:
    """`{"by"?: "owner"|"billing", "status"?: "stopped"|"sleeping"}`: stop it with a backup, from elsewhere.

    What billing stopped is started again when the organization is funded (generation L).
    """
    cloud, agent = request.app[CLOUD], _agent(request)
    body = await body_of(
        request,
        by=zod.optional(zod.one_of("owner", "billing")),
        status=zod.optional(zod.one_of("stopped", "sleeping")),
    )
    lifecycle.shut_down(cloud, agent["id"], str(body.get("status", "stopped")))
    billing_status = "suspended" if body.get("by") == "billing" else "active"
    records.change(cloud, agent["id"], billing_status=billing_status)
    return _shown(request)


@routes.post("/emulator/agents/{agent_id}/jobs")
async def script_jobs(request: web.Request) -> web.Response:
    """`{"failAttempts"?: n, "skip"?: reason}`: the agent's next job fails so often, or does nothing.

    Three failures are for good. A skipped job completes with `skipped` in its result (generation L).
    """
    agent = _agent(request)
    body = await body_of(
        request, failAttempts=zod.optional(zod.number(0, 3)), skip=zod.optional(zod.string(1, 100))
    )
    columns = {"failAttempts": "fail_attempts", "skip": "skip_reason"}
    changes = {column: body[key] for key, column in columns.items() if key in body}
    if changes:
        request.app[CLOUD].database.update("agents", agent["id"], changes)
    return json_response({"success": True, "data": {"id": agent["id"], **body}})


@routes.post("/emulator/agents/{agent_id}/replies")
async def script_replies(request: web.Request) -> web.Response:
    """What messages to this agent bring, in generation L; without members, what the agent says.

    `{"failureKind"?, "fallback"?, "empty"?, "seconds"?, "count"?}`: a canned apology, a text that the cloud
    made up, no text; how long it takes; for how many messages, all if not given.
    """
    agent = _agent(request)
    switch = zod.optional(zod.boolean)
    body = await body_of(
        request,
        failureKind=zod.optional(zod.string(1, 100)),
        fallback=switch,
        empty=switch,
        seconds=zod.optional(zod.number(0)),
        count=zod.optional(zod.number(1)),
    )
    request.app[CLOUD].database.update("agents", agent["id"], {"script": to_json(body) if body else None})
    return json_response({"success": True, "data": body})


@routes.post("/emulator/agents/{agent_id}/capture")
async def script_capture(request: web.Request) -> web.Response:
    """How the agent gives its state for backups: `{"mode", "retries"?}`.

    `ok`; `failing`, HTTP 500; `hidden`, an error that owners do not see. For deletions in generation L also
    `missing`, no endpoint, so that no backup is needed; `closing`, not yet, `retries` times; `unverifiable`,
    a backup that cannot be restored; `undeletable`, the container does not stop.
    """
    agent = _agent(request)
    modes = ("ok", "failing", "hidden", "missing", "closing", "unverifiable", "undeletable")
    body = await body_of(request, mode=zod.one_of(*modes), retries=zod.optional(zod.number(1)))
    changes = {"capture": body["mode"], "capture_retries": body.get("retries", 1)}
    request.app[CLOUD].database.update("agents", agent["id"], changes)
    return json_response({"success": True, "data": body})


@routes.post("/emulator/agents/{agent_id}/record")
async def change_record(request: web.Request) -> web.Response:
    """`{"status"?, "errorMessage"?, "cutOver"?}`: change the record alone, whatever the sandbox does.

    A shared agent that is cut over is no longer listed (generation L).
    """
    cloud, agent = request.app[CLOUD], _agent(request)
    body = await body_of(
        request,
        status=zod.optional(zod.string(1, 40)),
        errorMessage=zod.optional(anything),
        cutOver=zod.optional(zod.boolean),
    )
    columns = {"status": "status", "errorMessage": "error_message", "cutOver": "is_cut_over"}
    records.change(cloud, agent["id"], **{columns[key]: value for key, value in body.items()})
    return _shown(request)


@routes.post("/emulator/backups/{backup_id}")
async def change_backup(request: web.Request) -> web.Response:
    """`{"broken": true|false}`: whether the backup failed its verification (generation L)."""
    cloud = request.app[CLOUD]
    body = await body_of(request, broken=zod.boolean)
    backup = snapshots.find(cloud, request.match_info["backup_id"])
    if backup is None:
        raise api_error(404, "There is no such backup.")
    cloud.database.update("backups", backup["id"], {"is_broken": int(bool(body["broken"]))})
    return json_response({"success": True, "data": {"id": backup["id"], **body}})
