"""How long each kind of call may take, in seconds."""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar

import msgspec

from eliza_cloud.cloud.errors import TimedOut
from eliza_cloud.core.problems import CLOUD_TIMEOUT


class Timeouts(msgspec.Struct, frozen=True):
    """Seconds for each kind of call; the defaults: local-api §14 and cloud-api §19."""

    rest: float = 30.0
    #: Deleting and suspending block in the first generation until the container has stopped.
    stop: float = 60.0
    restore: float = 130.0
    login: float = 10.0
    heartbeat: float = 10.0
    #: The newest generation tries four ways of 60 s each, and polls between them (cloud-api-latest L6).
    message: float = 300.0
    #: A bridge that is "unreachable" after this long was waited for by the cloud (its limit is 30 s or more).
    bridge_wait_limit: float = 25.0
    stream_connect: float = 10.0
    stream_idle: float = 125.0
    stream_total: float = 600.0


#: The bounds that this context works under.
_TIMEOUTS_IN_FORCE: ContextVar[tuple[asyncio.Timeout, ...]] = ContextVar("bounds", default=())


@asynccontextmanager
async def bounded(seconds: float) -> AsyncIterator[None]:
    """Raise `TimeoutError` when the body takes longer than `seconds`; the body can ask `is_overdue`."""
    async with asyncio.timeout(seconds) as timeout:
        before = _TIMEOUTS_IN_FORCE.set((*_TIMEOUTS_IN_FORCE.get(), timeout))
        try:
            yield
        finally:
            _TIMEOUTS_IN_FORCE.reset(before)


def is_overdue() -> bool:
    """Tell, to whom is being cancelled, whether that is because a bound was reached."""
    return any(timeout.expired() for timeout in _TIMEOUTS_IN_FORCE.get())


def time_left() -> float:
    """Return the seconds until the first bound of this context is reached."""
    ends = [end for timeout in _TIMEOUTS_IN_FORCE.get() if (end := timeout.when()) is not None]
    return min(ends, default=math.inf) - asyncio.get_running_loop().time()


@asynccontextmanager
async def deadline(seconds: float) -> AsyncIterator[None]:
    """Raise `TimedOut` when the body takes longer than `seconds`."""
    try:
        async with bounded(seconds):
            yield
    except TimeoutError:
        raise timed_out(seconds) from None


def timed_out(seconds: float) -> TimedOut:
    """Return the error for a call that had `seconds`."""
    return TimedOut(CLOUD_TIMEOUT.occurred(seconds=f"{seconds:g}"))
