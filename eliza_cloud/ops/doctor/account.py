"""The key, the credits and the agent: what the cloud says of this machine's login."""

import asyncio
import time
from collections.abc import Awaitable, Mapping
from typing import TypeVar

import msgspec

from eliza_cloud.cloud.client import ElizaCloudClient
from eliza_cloud.cloud.errors import CloudError, KeyRefused, NotFound
from eliza_cloud.cloud.types.models import Agent
from eliza_cloud.core.credits import CreditLevel, level_of, may_provision
from eliza_cloud.core.timefmt import seconds_of
from eliza_cloud.core.views.health import DAY, EXPIRES_SOON
from eliza_cloud.ops.doctor.result import Check, Finding, Result, cause_of, failed, passed, skipped, waits
from eliza_cloud.store.credentials import Held

T = TypeVar("T")

_SOURCES: Mapping[str | None, str] = {
    "file": "eliza.json",
    "environment": "the environment",
    "record": "the agent's record",
}
_ON_ITS_WAY = {"pending", "provisioning"}
_PATIENCE = "Wait a minute or two and look again; a cold start may take up to 15 minutes."


class _DesiredAgent(msgspec.Struct, frozen=True, kw_only=True):
    """The agent the machine is to be linked to: as the cloud has it, or why it could not be had."""

    agent: Agent | None = None
    finding: Finding | None = None


def signed_out() -> tuple[Finding, ...]:
    """Return what there is to say without a key."""
    key = skipped(Check.KEY, "Nobody is signed in.", "not_signed_in")
    return key, waits(Check.CREDITS, Check.KEY), waits(Check.AGENT, Check.KEY)


async def examine_account(client: ElizaCloudClient, held: Held) -> tuple[Finding, ...]:
    """Ask about key, credits and agent; `client` signs with the key that `held` holds."""
    key = await _key(client, held)
    if key.result is not Result.PASS:
        return key, waits(Check.CREDITS, Check.KEY), waits(Check.AGENT, Check.KEY)
    desired_agent, balance = await asyncio.gather(
        _desired_agent(client, held.desired_agent_id), _outcome(client.get_balance(fresh=True))
    )
    credit = _credits(balance, None if desired_agent.agent is None else desired_agent.agent.status)
    if credit.code == "credits_exhausted" and desired_agent.agent is not None:
        return key, credit, waits(Check.AGENT, Check.CREDITS)
    return key, credit, await _agent(client, desired_agent)


async def _key(client: ElizaCloudClient, held: Held) -> Finding:
    source = _SOURCES[held.source]
    error = await _refused_twice(client)
    if isinstance(error, KeyRefused):
        return failed(Check.KEY, f"Eliza Cloud refused the key of {source} twice.", "key_rejected")
    if error is not None:
        return skipped(Check.KEY, f"Whether the key of {source} is valid cannot be told: {error}")
    left = _seconds_left(held.key_expires_at)
    if left is not None and left <= EXPIRES_SOON:
        days = f"in {left / DAY:.1f} days" if left > 0 else "about now"
        return passed(Check.KEY, f"The key of {source} is valid, but expires {days}.", "key_expiring")
    return passed(Check.KEY, f"The key of {source} is valid.")


async def _refused_twice(client: ElizaCloudClient) -> CloudError | None:
    """Return None for a key that is accepted, `KeyRefused` for one that was refused in two calls."""
    error = await _problem(client.get_user())
    return await _problem(client.get_user()) if isinstance(error, KeyRefused) else error


def _credits(balance: float | CloudError, agent: str | None) -> Finding:
    """Judge the balance by what is wanted of it: starting an agent takes more than letting it run.

    `agent` is the status of the one that is wished for, as far as there is one and that is known.
    """
    if isinstance(balance, CloudError):
        return skipped(Check.CREDITS, f"The balance cannot be told: {balance}")
    found = f"The balance is ${balance:.2f}"
    level = level_of(balance)
    waits_for_start = agent is not None and agent != "running" and agent not in _ON_ITS_WAY
    if agent == "running" and level is CreditLevel.CRITICAL:
        return failed(
            Check.CREDITS, f"{found}; the running agent is about to be stopped.", "credits_critical"
        )
    if level is CreditLevel.CRITICAL or (waits_for_start and not may_provision(balance)):
        return failed(Check.CREDITS, f"{found}; Eliza Cloud starts no agent.", "credits_exhausted")
    if level is CreditLevel.LOW:
        return passed(Check.CREDITS, f"{found}, which is low.", "credits_low")
    if not may_provision(balance):
        return passed(Check.CREDITS, f"{found}; no agent is started below $5.00.", "credits_below_minimum")
    return passed(Check.CREDITS, f"{found}.")


async def _desired_agent(client: ElizaCloudClient, agent_id: str | None) -> _DesiredAgent:
    """Look the agent up; that it is gone is believed when the cloud says so twice."""
    if agent_id is None:
        return _DesiredAgent(finding=_no_agent())
    found = await _outcome(client.get_agent(agent_id))
    if isinstance(found, NotFound) and found.is_json:
        found = await _outcome(client.get_agent(agent_id))
    if isinstance(found, Agent):
        return _DesiredAgent(agent=found)
    if isinstance(found, NotFound) and found.is_json:
        return _DesiredAgent(
            finding=failed(Check.AGENT, f"There is no agent {agent_id} any more.", "agent_gone")
        )
    return _DesiredAgent(finding=failed(Check.AGENT, str(found), cause_of(found)))


async def _agent(client: ElizaCloudClient, desired_agent: _DesiredAgent) -> Finding:
    agent = desired_agent.agent
    if agent is None:
        return desired_agent.finding or _no_agent()
    name = agent.name or agent.id
    if agent.status in _ON_ITS_WAY:
        return failed(Check.AGENT, f"{name} is still being started.", "agent_unreachable", _PATIENCE)
    if agent.status != "running":
        return failed(
            Check.AGENT, f"{name} does not run; Eliza Cloud says: {agent.status}.", "agent_unreachable"
        )
    error = await _problem(client.heartbeat(agent.id)) and await _problem(client.heartbeat(agent.id))
    if error is None:
        return passed(Check.AGENT, f"{name} runs and answered a heartbeat.")
    return failed(Check.AGENT, f"{name} runs, but answers no heartbeat: {error}", cause_of(error))


def _no_agent() -> Finding:
    return skipped(
        Check.AGENT,
        "This machine is to be linked to no agent.",
        remedy="Connect to one with `eliza-cloud agents connect`.",
    )


async def _outcome(call: Awaitable[T]) -> T | CloudError:
    try:
        return await call
    except CloudError as error:
        return error


async def _problem(call: Awaitable[object]) -> CloudError | None:
    outcome = await _outcome(call)
    return outcome if isinstance(outcome, CloudError) else None


def _seconds_left(expires_at: str | None) -> float | None:
    """Return how long a key is valid; None for one without an end."""
    end = seconds_of(expires_at)
    return None if end is None else end - time.time()
