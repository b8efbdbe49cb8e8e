"""The slow watch on the account's balance while a link stands."""

from collections.abc import Callable

import structlog

from eliza_cloud.cloud.errors import CloudError
from eliza_cloud.core import log_events
from eliza_cloud.core.link.events import CreditsRead
from eliza_cloud.runtime.activities.context import ActivityContext

log = structlog.get_logger()


class CreditsWatch:
    """Reads the balance once the link stands, then every `interval` seconds; never two calls at a time.

    It is asked for past the cloud's cache, because a top-up has to show. A reading that fails is left out:
    heartbeats show whether key or cloud is the reason.
    """

    __slots__ = ("_context", "_interval")

    def __init__(self, context: ActivityContext, interval: Callable[[], float]) -> None:
        self._context = context
        self._interval = interval

    async def run(self) -> None:
        """Read the balance until cancelled."""
        clock = self._context.clock
        while True:
            begun = clock.monotonic()
            await self._read()
            await self._context.sleep(max(0.0, begun + self._interval() - clock.monotonic()))

    async def _read(self) -> None:
        try:
            balance = await self._context.client.get_balance(fresh=True)
        except CloudError as error:
            log.debug(log_events.CREDITS_POLL_FAILED, code=error.code, detail=str(error))
        else:
            self._context.post(CreditsRead(self._context.epoch, balance))
