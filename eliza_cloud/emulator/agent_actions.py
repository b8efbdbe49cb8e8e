"""Stopping and deleting agents in generation C (contract §9, §10): done before the answer is sent."""

import json

from aiohttp import web

from eliza_cloud.emulator import issues, lifecycle
from eliza_cloud.emulator.agents_api import agent_of
from eliza_cloud.emulator.answers import answer, refusal, success
from eliza_cloud.emulator.auth import require_caller
from eliza_cloud.emulator.cloud import CLOUD, Cloud
from eliza_cloud.emulator.database import Row
from eliza_cloud.emulator.jobs import JOBS, STARTING

ACTION = issues.fields({"action": issues.one_of("shutdown", "suspend")})


async def body_or_null(request: web.Request) -> object:
    """The body as JSON; anything else counts as `null`."""
    try:
        return json.loads(await request.text())
    except (ValueError, RecursionError, LookupError):
        return None


def already_stopped(agent: Row, action: str) -> web.Response:
    """What stopping a stopped agent answers, in both generations."""
    message = "Agent is already stopped" if action == "shutdown" else "Agent is already suspended"
    return success(
        {"agentId": agent["id"], "action": action, "message": message, "previousStatus": agent["status"]}
    )


def refuse_while_starting(request: web.Request, agent: Row) -> None:
    """409 while the agent is being provisioned, or is about to be tried again."""
    if agent["status"] == "provisioning" or request.app[JOBS].active(agent["id"], STARTING) is not None:
        raise refusal(409, "Agent provisioning is in progress")


def _stop(request: web.Request, cloud: Cloud, agent: Row, action: str) -> web.Response:
    if agent["status"] == "stopped":
        return already_stopped(agent, action)
    refuse_while_starting(request, agent)
    lifecycle.shut_down(cloud, agent["id"])
    message = (
        "Agent shut down" if action == "shutdown" else "Agent suspended; resume or provision starts it again"
    )
    return success(
        {"agentId": agent["id"], "action": action, "message": message, "previousStatus": agent["status"]}
    )


async def patch_agent(request: web.Request) -> web.Response:
    """`{"action": "shutdown" | "suspend"}`, which do the same."""
    require_caller(request)
    body, wrong = issues.valid_object(await body_or_null(request), ACTION)
    if wrong:
        raise refusal(400, "Invalid request data", details=wrong)
    return _stop(request, request.app[CLOUD], agent_of(request), str(body["action"]))


async def suspend_agent(request: web.Request) -> web.Response:
    """Stop the agent, with a snapshot first if it answers."""
    return _stop(request, request.app[CLOUD], agent_of(request), "suspend")


async def delete_agent(request: web.Request) -> web.Response:
    """Remove the agent and its backups."""
    agent = agent_of(request)
    refuse_while_starting(request, agent)
    lifecycle.delete(request.app[CLOUD], agent["id"])
    return answer({"success": True})
