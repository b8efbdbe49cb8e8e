"""What `connecting` and each try of `reconnecting` do: bring the agent up under a deadline, and report it."""

import asyncio

from eliza_cloud.cloud.errors import CloudError
from eliza_cloud.core import events
from eliza_cloud.core.failure import Failure
from eliza_cloud.link.bring_up import bring_up
from eliza_cloud.link.clock import deadline, wait_for
from eliza_cloud.link.errors import TOO_SLOW, failure_of
from eliza_cloud.link.scope import Scope
from eliza_cloud.link.verdict import verdict

COLD_START = 900.0  # a cold start pulls an image, three attempts of it
CONNECT_PATIENCE = 3


class Connector:
    """Connects once (seed: Connect Flow, steps 3 and 4)."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    async def run(self) -> None:
        """Post `Connected`, `ConnectFailed` or a confirmed verdict."""
        outcome = await _attempt(self._scope, CONNECT_PATIENCE)
        if isinstance(outcome, Failure):
            outcome = events.ConnectFailed(self._scope.epoch, outcome)
        elif not isinstance(outcome, events.Event):
            outcome = events.Connected(self._scope.epoch, outcome)
        self._scope.post(outcome)


class Reconnector:
    """Climbs one rung of the ladder: waits, then tries once (seed: Reconnection Strategy)."""

    def __init__(self, scope: Scope, delay: float) -> None:
        self._scope = scope
        self._delay = delay
        self._now = asyncio.Event()

    def hurry(self) -> None:
        """End the waiting; the try itself is not touched."""
        self._now.set()

    async def run(self) -> None:
        """Post `Reconnected`, `ReconnectFailed` or a confirmed verdict."""
        await wait_for(self._scope.clock, self._now, self._delay)
        outcome = await _attempt(self._scope, patience=1)
        if isinstance(outcome, Failure):
            outcome = events.ReconnectFailed(self._scope.epoch, outcome)
        elif not isinstance(outcome, events.Event):
            outcome = events.Reconnected(self._scope.epoch, outcome)
        self._scope.post(outcome)


async def _attempt(scope: Scope, patience: int) -> str | events.Event | Failure | None:
    try:
        async with deadline(scope.clock, COLD_START):
            return await bring_up(scope, patience=patience)
    except CloudError as error:
        return await verdict(scope, error) or failure_of(error)
    except TimeoutError:
        return TOO_SLOW
