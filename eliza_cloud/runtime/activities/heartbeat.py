"""Heartbeats (architecture: A missed heartbeat)."""

from collections.abc import Callable

from eliza_cloud.cloud.errors import CloudError
from eliza_cloud.core.link import events
from eliza_cloud.runtime.activities.context import ActivityContext, classify_failure
from eliza_cloud.runtime.clock import Flag, wait_for


class ConnectionMonitor:
    """Sends one heartbeat after the other and posts what came of each; never two at a time.

    `interval` gives the seconds from the beginning of one to the beginning of the next; it is read for each,
    so that a changed setting takes effect with the next.
    """

    __slots__ = ("_context", "_interval", "_now")

    def __init__(self, context: ActivityContext, interval: Callable[[], float]) -> None:
        self._context = context
        self._interval = interval
        self._now = Flag()

    def retry_now(self) -> None:
        """The next heartbeat is now."""
        self._now.set()

    async def run(self) -> None:
        """Send heartbeats until cancelled; the first comes after one interval."""
        clock = self._context.clock
        begun = clock.monotonic()
        while True:
            await wait_for(clock, self._now, max(0.0, begun + self._interval() - clock.monotonic()))
            self._now.clear()
            begun = clock.monotonic()
            self._context.post(await self._beat())

    async def _beat(self) -> events.Event:
        begun = self._context.clock.monotonic()
        try:
            await self._context.client.heartbeat(self._context.agent_id)
        except CloudError as error:
            missed = events.HeartbeatMissed(self._context.epoch, error.problem)
            return await classify_failure(self._context, error) or missed
        return events.HeartbeatAnswered(self._context.epoch, self._context.clock.monotonic() - begun)
