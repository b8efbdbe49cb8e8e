"""The key, the credits and the agent: what the cloud says of this machine's login."""

import asyncio
import time
from collections.abc import Awaitable, Mapping
from typing import TypeVar

import msgspec

from eliza_cloud.cloud.client import ElizaCloudClient
from eliza_cloud.cloud.errors import CloudError, KeyRefused, NotFound
from eliza_cloud.cloud.types.models import Agent
from eliza_cloud.core.credits import MINIMUM_DEPOSIT, CreditLevel, level_of, may_provision
from eliza_cloud.core.problems import (
    AGENT_GONE,
    AGENT_NOT_RUNNING,
    AGENT_STARTING,
    AGENT_STOPPED,
    BALANCE_TOO_LOW,
    CREDITS_BELOW_MINIMUM,
    CREDITS_CRITICAL,
    CREDITS_LOW,
    KEY_EXPIRING,
    KEY_REFUSED_TWICE,
    NOT_SIGNED_IN,
)
from eliza_cloud.core.timefmt import seconds_of
from eliza_cloud.core.views.health import DAY, EXPIRES_SOON
from eliza_cloud.ops.doctor.result import Check, Finding, Result, failed, failed_by, passed, skipped, waits
from eliza_cloud.store.credentials import Held

T = TypeVar("T")

_SOURCES: Mapping[str | None, str] = {
    "file": "eliza.json",
    "environment": "the environment",
    "record": "the agent's record",
}
_ON_ITS_WAY = {"pending", "provisioning"}


class _DesiredAgent(msgspec.Struct, frozen=True, kw_only=True):
    """The agent the machine is to be linked to: as the cloud has it, or why that is not known."""

    agent: Agent | None = None
    finding: Finding | None = None


def signed_out() -> tuple[Finding, ...]:
    """Return the findings where there is no key."""
    key = skipped(Check.KEY, NOT_SIGNED_IN.title, NOT_SIGNED_IN)
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
        return failed(Check.KEY, KEY_REFUSED_TWICE, source=source)
    if error is not None:
        return skipped(Check.KEY, f"The key of {source} could not be verified: {error}")
    left = _seconds_left(held.key_expires_at)
    if left is not None and left <= EXPIRES_SOON:
        days = f"in {left / DAY:.1f} days" if left > 0 else "about now"
        return passed(Check.KEY, f"The key of {source} is valid, but expires {days}.", KEY_EXPIRING)
    return passed(Check.KEY, f"The key of {source} is valid.")


async def _refused_twice(client: ElizaCloudClient) -> CloudError | None:
    """Return None for a key that is accepted, `KeyRefused` for one that was refused in two calls."""
    error = await _problem(client.get_user())
    return await _problem(client.get_user()) if isinstance(error, KeyRefused) else error


def _credits(balance: float | CloudError, agent: str | None) -> Finding:
    """Judge the balance by its purpose: starting an agent takes more than letting it run.

    `agent` is the status of the desired agent, if there is one and it is known.
    """
    if isinstance(balance, CloudError):
        return skipped(Check.CREDITS, f"The balance could not be read: {balance}")
    shown = f"{balance:.2f}"
    level = level_of(balance)
    waits_for_start = agent is not None and agent != "running" and agent not in _ON_ITS_WAY
    if agent == "running" and level is CreditLevel.CRITICAL:
        return failed(Check.CREDITS, CREDITS_CRITICAL, balance=shown)
    if level is CreditLevel.CRITICAL or (waits_for_start and not may_provision(balance)):
        return failed(Check.CREDITS, BALANCE_TOO_LOW, balance=shown)
    if level is CreditLevel.LOW:
        return passed(Check.CREDITS, CREDITS_LOW.says(balance=shown), CREDITS_LOW)
    if not may_provision(balance):
        said = CREDITS_BELOW_MINIMUM.says(balance=shown, minimum=f"{MINIMUM_DEPOSIT:.2f}")
        return passed(Check.CREDITS, said, CREDITS_BELOW_MINIMUM)
    return passed(Check.CREDITS, f"The balance is ${shown}.")


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
        return _DesiredAgent(finding=failed(Check.AGENT, AGENT_GONE, agent_id=agent_id))
    return _DesiredAgent(finding=failed_by(Check.AGENT, found.problem))


async def _agent(client: ElizaCloudClient, desired_agent: _DesiredAgent) -> Finding:
    agent = desired_agent.agent
    if agent is None:
        return desired_agent.finding or _no_agent()
    name = agent.name or agent.id
    if agent.status in _ON_ITS_WAY:
        return failed(Check.AGENT, AGENT_STARTING, name=name)
    if agent.status != "running":
        return failed(Check.AGENT, AGENT_STOPPED, name=name, agent_status=agent.status)
    error = await _problem(client.heartbeat(agent.id)) and await _problem(client.heartbeat(agent.id))
    if error is None:
        return passed(Check.AGENT, f"{name} runs and answered a heartbeat.")
    return failed_by(Check.AGENT, error.problem)


def _no_agent() -> Finding:
    return skipped(Check.AGENT, "No agent is to be linked.", remedy=AGENT_NOT_RUNNING.remedy)


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
