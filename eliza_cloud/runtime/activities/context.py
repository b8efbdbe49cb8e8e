"""Whether a failure is one that waiting cannot mend. Nothing is believed on one call alone.

The key is rejected when the call for the user is refused too; the agent is gone when the cloud says so, in
JSON, for the agent itself; credits are exhausted when provisioning says 402.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from eliza_cloud.cloud.client import ElizaCloudClient
from eliza_cloud.cloud.errors import (
    CloudError,
    InsufficientCredits,
    KeyRefused,
    NotFound,
    PriceConfirmationRequired,
)
from eliza_cloud.core.link import events
from eliza_cloud.core.link.events import Event
from eliza_cloud.runtime.clock import Clock, sleep


@dataclass(frozen=True, slots=True)
class ActivityContext:
    """One activity's surroundings."""

    client: ElizaCloudClient
    agent_id: str
    epoch: int
    key_generation: int
    clock: Clock
    post: Callable[[Event], None]

    async def sleep(self, seconds: float) -> None:
        """Wait by the link's clock."""
        await sleep(self.clock, seconds)


async def classify_failure(context: ActivityContext, error: CloudError) -> events.Event | None:
    """Confirm what the error seems to say; None when it is a failure like any other."""
    if isinstance(error, PriceConfirmationRequired):
        return events.PriceRefused(context.epoch, error.problem)
    if isinstance(error, KeyRefused):
        refusal = await _refusal(context.client.get_user())
        if isinstance(refusal, KeyRefused):
            return events.KeyRejected(context.key_generation, refusal.problem)
    elif isinstance(error, NotFound):
        refusal = await _refusal(context.client.get_agent(context.agent_id))
        if isinstance(refusal, NotFound) and refusal.is_json:
            return events.AgentGone(context.epoch, refusal.problem)
    elif isinstance(error, InsufficientCredits):
        if error.required_balance is not None:
            context.post(events.MinimumBalanceSeen(error.required_balance))
        return events.CreditsExhausted(context.epoch, error.problem)
    return None


async def _refusal(call: Awaitable[object]) -> CloudError | None:
    try:
        await call
    except CloudError as error:
        return error
    return None
