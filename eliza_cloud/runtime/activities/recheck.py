"""Asking a cloud that was given up whether it is back (architecture: Repair)."""

from eliza_cloud.cloud.errors import CloudError
from eliza_cloud.core.link import events
from eliza_cloud.runtime.activities.connector import ActivityContext


class CloudRecheck:
    """Asks about the agent every `interval` seconds; any answer of the cloud's own ends it."""

    __slots__ = ("_context", "_interval")

    def __init__(self, context: ActivityContext, interval: float) -> None:
        self._context = context
        self._interval = interval

    async def run(self) -> None:
        """Post `CloudAnswered` once, when the cloud has answered."""
        while True:
            await self._context.sleep(self._interval)
            try:
                await self._context.client.get_agent(self._context.agent_id)
            except CloudError as error:
                if error.retryable:
                    continue
            self._context.post(events.CloudAnswered(self._context.epoch))
            return
