"""Creating an agent in generation C (contract §9): a record in state `pending`, never a reuse."""

from aiohttp import web

from eliza_cloud.emulator import agents, issues
from eliza_cloud.emulator.answers import iso, read_json, refusal, success, to_json
from eliza_cloud.emulator.auth import require_caller
from eliza_cloud.emulator.cloud import CLOUD
from eliza_cloud.emulator.ledger import require_deposit

CREATE_FIELDS: dict[str, issues.Check] = {
    "agentName": issues.string(1, 100),
    "characterId": issues.optional(issues.uuid),
    "agentConfig": issues.optional(issues.record()),
    "environmentVars": issues.optional(issues.record(issues.string())),
}
_check = issues.fields(CREATE_FIELDS)


async def create_agent(request: web.Request) -> web.Response:
    """201 with the new record; the credit gate stands here, too."""
    cloud, caller = request.app[CLOUD], require_caller(request)
    body, wrong = issues.valid_object(await read_json(request, cloud), _check)
    if wrong:
        raise refusal(400, "Invalid request data", details=wrong)
    require_deposit(cloud, caller.organization)
    if "characterId" in body:
        # Characters are not emulated, so none exists.
        raise refusal(404, "Character not found")
    agent = agents.add(
        cloud,
        organization_id=caller.organization_id,
        user_id=caller.user["id"],
        fields={
            "agent_name": body["agentName"],
            "agent_config": agents.own_config(body.get("agentConfig")),
            "environment_vars": to_json(body.get("environmentVars", {})),
            "execution_tier": "dedicated-always",
            "status": "pending",
        },
    )
    data = {"id": agent["id"], "agentName": agent["agent_name"], "status": agent["status"]}
    return success({**data, "createdAt": iso(agent["created_at"])}, 201)
