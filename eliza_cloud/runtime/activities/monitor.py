"""What is watched while a link stands: heartbeats (architecture: A missed heartbeat) and the balance."""

from collections.abc import Callable

import structlog

from eliza_cloud.cloud.errors import AgentUnreachable, CloudError
from eliza_cloud.core import log_events
from eliza_cloud.core.link import events
from eliza_cloud.core.link.events import CreditsRead
from eliza_cloud.core.problems import AGENT_STOPPED
from eliza_cloud.runtime.activities.connector import (
    ActivityContext,
    Suspended,
    classify_failure,
    raise_if_stopped,
)
from eliza_cloud.runtime.clock import Flag, wait_for


class ConnectionMonitor:
    """Sends one heartbeat after the other and posts what came of each; never two at a time.

    `interval` gives the seconds from the beginning of one to the beginning of the next; it is read for each,
    so that a changed setting takes effect with the next.
    """

    __slots__ = ("_context", "_interval", "_now", "_shared")

    def __init__(self, context: ActivityContext, interval: Callable[[], float], *, shared: bool) -> None:
        self._context = context
        self._interval = interval
        self._shared = shared
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
        context, begun = self._context, self._context.clock.monotonic()
        try:
            beat = await context.client.heartbeat(context.agent_id)
            if beat.from_shared_runtime and not self._shared:
                await self._require_running()
        except Suspended as suspended:
            return events.AgentSuspended(context.epoch, suspended.problem)
        except CloudError as error:
            missed = events.HeartbeatMissed(context.epoch, error.problem)
            return await self._suspension(error) or await classify_failure(context, error) or missed
        return events.HeartbeatAnswered(context.epoch, context.clock.monotonic() - begun)

    async def _require_running(self) -> None:
        """The shared runtime answers for a dedicated agent that is not up: then its record decides."""
        agent = await self._context.client.get_agent(self._context.agent_id)
        raise_if_stopped(agent)
        if agent.status != "running":
            raise AgentUnreachable(
                AGENT_STOPPED.occurred(name=agent.name or agent.id, agent_status=agent.status)
            )

    async def _suspension(self, error: CloudError) -> events.Event | None:
        """Look whether the agent was stopped, which no attempt may undo; a look that fails says nothing."""
        if isinstance(error, AgentUnreachable):
            try:
                raise_if_stopped(await self._context.client.get_agent(self._context.agent_id))
            except Suspended as suspended:
                return events.AgentSuspended(self._context.epoch, suspended.problem)
            except CloudError:
                return None
        return None


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
