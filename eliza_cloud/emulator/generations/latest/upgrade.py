"""From a shared agent to a dedicated one in generation L (cloud-api-latest L4): quote, acceptance."""

from hashlib import sha256

from aiohttp import web

from eliza_cloud.emulator.access.auth import Caller, require_caller
from eliza_cloud.emulator.agents import records
from eliza_cloud.emulator.agents.jobs import JOBS
from eliza_cloud.emulator.endpoints.agents import agent_of
from eliza_cloud.emulator.endpoints.jobs import polling
from eliza_cloud.emulator.generations.latest.gates import require_worker
from eliza_cloud.emulator.generations.n.create import quota
from eliza_cloud.emulator.money.ledger import insufficient_credits, refuse_hold
from eliza_cloud.emulator.money.prices import HEADER, asks_for_price, require_acceptance, tariff
from eliza_cloud.emulator.server.cloud import CLOUD
from eliza_cloud.emulator.server.database import Row
from eliza_cloud.emulator.server.responses import api_error, coded_error, dollars, iso, json_response, success

_DAYS = 3


def _runway(hourly: int) -> int:
    return hourly * 24 * _DAYS


def _source(request: web.Request) -> Row:
    agent = agent_of(request)
    if agent["execution_tier"] != "shared":
        raise coded_error(409, "not_shared_tier", "Only a shared agent can be upgraded")
    if agent["status"] != "running":
        raise coded_error(409, "agent_not_running", "The agent is not running")
    return agent


def _quote(request: web.Request, caller: Caller, agent: Row) -> dict[str, object]:
    """The quote of this moment; its id changes with the price and with the balance."""
    cloud = request.app[CLOUD]
    price, balance = tariff(cloud), caller.organization["balance"]
    minimum = _runway(price.hourly)
    successor = None if agent["successor_id"] is None else records.get(cloud, agent["successor_id"])
    state = "not_started" if successor is None else "provisioning"
    activation: dict[str, object] = {"state": state}
    if successor is not None:
        state = "running" if successor["status"] == "running" else state
        activation = {"state": state, "dedicatedAgentId": successor["id"], "status": successor["status"]}
    facts = f"{agent['id']} {price.hourly} {price.activation} {balance} {state}"
    return {
        "quoteId": sha256(facts.encode()).hexdigest(),
        "quoteVersion": 1,
        "sourceAgentId": agent["id"],
        "currentMode": "shared",
        "targetMode": "dedicated",
        "hourlyRateUsd": dollars(price.hourly),
        "minimumActivationChargeUsd": dollars(price.activation),
        "dailyRateUsd": dollars(price.hourly * 24),
        "minimumBalanceUsd": dollars(minimum),
        "minimumRunwayDays": _DAYS,
        "balanceUsd": dollars(balance),
        "deficitUsd": dollars(max(0, minimum - balance)),
        "canActivate": balance >= minimum,
        "requiresConfirmation": True,
        "action": "activate_dedicated",
        "activation": activation,
    }


async def get_quote(request: web.Request) -> web.Response:
    """What a dedicated agent in this one's place would cost."""
    return success(_quote(request, require_caller(request), _source(request)))


async def _body(request: web.Request) -> dict[str, object]:
    try:
        body = await request.json()
    except (ValueError, RecursionError):
        body = None
    return body if isinstance(body, dict) else {}


async def upgrade_agent(request: web.Request) -> web.Response:
    """Make a dedicated agent for the accepted quote; it has an id of its own."""
    cloud, caller = request.app[CLOUD], require_caller(request)
    agent = _source(request)
    body = await _body(request)
    quote = _quote(request, caller, agent)
    if body.get("action") != "activate_dedicated" or not isinstance(body.get("quoteId"), str):
        raise coded_error(
            400, "dedicated_confirmation_required", "Confirm the quote: action, quoteId and the charge."
        )
    accepted = (body["quoteId"], body.get("minimumActivationChargeUsd"))
    if accepted != (quote["quoteId"], quote["minimumActivationChargeUsd"]):
        raise api_error(409, "The quote has changed", code="dedicated_quote_changed", data=quote)
    successor = None if agent["successor_id"] is None else records.get(cloud, agent["successor_id"])
    if successor is not None and successor["status"] == "running":
        data = {"id": successor["id"], "dedicatedAgentId": successor["id"], "sharedAgentId": agent["id"]}
        return json_response({"success": True, "created": False, "data": {**data, "status": "running"}})
    # Left open by the contract; a header that is sent must be right.
    is_asked = asks_for_price(cloud, "upgrade") or HEADER in request.headers
    price = require_acceptance(request) if is_asked else tariff(cloud).acceptance_value
    refuse_hold(caller.organization)
    if not quote["canActivate"]:
        raise insufficient_credits(cloud, caller.organization, _runway(tariff(cloud).hourly))
    count, most = quota(caller, records.list_of(cloud, caller.organization_id), is_eager=True)
    if successor is None and count >= most:
        error = f"Agent quota exceeded: {count} of {most} agents exist."
        raise api_error(429, error, code="agent_quota_exceeded", currentAgents=count, maxAgents=most)
    require_worker(request)
    is_new = successor is None
    if successor is None:
        successor = _successor(request, caller, agent)
    job, _ = request.app[JOBS].enqueue_once(successor, "agent_provision", price=price)
    data = {
        "id": successor["id"],
        "dedicatedAgentId": successor["id"],
        "sharedAgentId": agent["id"],
        "jobId": job["id"],
        "status": job["status"],
        "estimatedCompletionAt": iso(job["estimated_completion_at"]),
    }
    body = {"success": True, "created": is_new, "data": data, "polling": polling(request, job)}
    return json_response(body, 202)


def _successor(request: web.Request, caller: Caller, agent: Row) -> Row:
    cloud = request.app[CLOUD]
    copied = ("agent_name", "agent_config", "environment_vars")
    successor = records.add(
        cloud,
        organization_id=caller.organization_id,
        user_id=caller.user["id"],
        fields={
            **{name: agent[name] for name in copied},
            "execution_tier": "dedicated-always",
            "status": "pending",
        },
    )
    records.change(cloud, agent["id"], successor_id=successor["id"])
    return successor
