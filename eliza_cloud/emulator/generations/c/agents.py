"""Creating, stopping, backing up and deleting agents in generation C (cloud-api §9, §10, §14).

Everything is done before the answer is sent.
"""

from aiohttp import web

from eliza_cloud.emulator.access.auth import require_caller
from eliza_cloud.emulator.agents import lifecycle, records, snapshots
from eliza_cloud.emulator.agents.snapshots import SnapshotError
from eliza_cloud.emulator.endpoints.agents import (
    ACTION,
    CREATE_FIELDS,
    add_agent,
    agent_of,
    already_stopped,
    body_or_null,
    refuse_unstorable,
    refuse_while_starting,
)
from eliza_cloud.emulator.endpoints.bridge import running_sandbox
from eliza_cloud.emulator.money.ledger import require_deposit
from eliza_cloud.emulator.server import zod_issues as zod
from eliza_cloud.emulator.server.cloud import CLOUD, Cloud
from eliza_cloud.emulator.server.database import Row
from eliza_cloud.emulator.server.responses import (
    api_error,
    iso,
    json_response,
    read_json,
    success,
    unexpected_error,
)

_create = zod.fields(CREATE_FIELDS)


async def create_agent(request: web.Request) -> web.Response:
    """201 with the new record; the credit gate stands here, too."""
    cloud, caller = request.app[CLOUD], require_caller(request)
    body, wrong = zod.valid_object(await read_json(request, cloud), _create)
    if wrong:
        raise api_error(400, "Invalid request data", details=wrong)
    require_deposit(cloud, caller.organization)
    if "characterId" in body:
        # Characters are not emulated, so none exists.
        raise api_error(404, "Character not found")
    refuse_unstorable(body)
    agent = add_agent(cloud, caller, body, "dedicated-always")
    data = {"id": agent["id"], "agentName": agent["agent_name"], "status": agent["status"]}
    return success({**data, "createdAt": iso(agent["created_at"])}, 201)


def _stop(request: web.Request, cloud: Cloud, agent: Row, action: str) -> web.Response:
    if agent["status"] == "stopped":
        return already_stopped(agent, action)
    refuse_while_starting(request, agent)
    try:
        lifecycle.shut_down(cloud, agent["id"])
    except SnapshotError as error:
        raise unexpected_error() from error
    message = (
        "Agent shut down" if action == "shutdown" else "Agent suspended; resume or provision starts it again"
    )
    return success(
        {"agentId": agent["id"], "action": action, "message": message, "previousStatus": agent["status"]}
    )


async def patch_agent(request: web.Request) -> web.Response:
    """`{"action": "shutdown" | "suspend"}`, which do the same."""
    require_caller(request)
    body, wrong = zod.valid_object(await body_or_null(request), ACTION)
    if wrong:
        raise api_error(400, "Invalid request data", details=wrong)
    return _stop(request, request.app[CLOUD], agent_of(request), str(body["action"]))


async def suspend_agent(request: web.Request) -> web.Response:
    """Stop the agent, with a snapshot first if it answers."""
    return _stop(request, request.app[CLOUD], agent_of(request), "suspend")


async def delete_agent(request: web.Request) -> web.Response:
    """Remove the agent and its backups."""
    agent = agent_of(request)
    refuse_while_starting(request, agent)
    lifecycle.delete(request.app[CLOUD], agent["id"])
    return json_response({"success": True})


async def take_snapshot(request: web.Request) -> web.Response:
    """Take the backup before answering; an unknown agent is not running."""
    cloud, caller = request.app[CLOUD], require_caller(request)
    agent = records.find(cloud, request.match_info["agent_id"], caller.organization_id)
    if agent is None or running_sandbox(cloud, agent) is None:
        raise api_error(409, "Sandbox is not running")
    try:
        backup = snapshots.take(cloud, agent["id"], "manual")
    except SnapshotError as error:
        raise unexpected_error() from error
    return success(
        {
            "backupId": backup["id"],
            "snapshotType": backup["snapshot_type"],
            "sizeBytes": backup["size_bytes"],
            "createdAt": iso(backup["created_at"]),
        }
    )
