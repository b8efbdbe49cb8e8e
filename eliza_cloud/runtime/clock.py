"""Time, handed in: nothing in the link asks the operating system for it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol


class Timer(Protocol):
    """A call that is still to come."""

    def cancel(self) -> None:
        """Do not make the call."""
        ...


class Clock(Protocol):
    """Wall time for people, monotonic time for waiting; both in seconds."""

    def wall(self) -> float:
        """Return seconds since 1970, UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that only ever go forward."""
        ...

    def call_at(self, when: float, callback: Callable[[], object]) -> Timer:
        """Call back at the monotonic time `when`, on the loop."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def wall(self) -> float:
        """Return seconds since 1970, UTC."""
        return time.time()

    def monotonic(self) -> float:
        """Return the loop's time."""
        return asyncio.get_running_loop().time()

    def call_at(self, when: float, callback: Callable[[], object]) -> Timer:
        """Call back at the loop time `when`."""
        return asyncio.get_running_loop().call_at(when, callback)


async def sleep(clock: Clock, seconds: float) -> None:
    """Wait `seconds` of monotonic time."""
    await wait_for(clock, asyncio.Event(), seconds)


async def wait_for(clock: Clock, event: asyncio.Event, seconds: float) -> bool:
    """Wait until the event is set, at most `seconds`; tell whether it was."""
    if event.is_set():
        return True
    over = asyncio.get_running_loop().create_future()
    timer = clock.call_at(clock.monotonic() + seconds, over.cancel)
    set_first = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait((over, set_first), return_when=asyncio.FIRST_COMPLETED)
        return event.is_set()
    finally:
        timer.cancel()
        set_first.cancel()


@asynccontextmanager
async def deadline(clock: Clock, seconds: float) -> AsyncIterator[None]:
    """Bound a block: raises `TimeoutError` when it takes longer than `seconds` of monotonic time."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(None) as timeout:
        timer = clock.call_at(clock.monotonic() + seconds, lambda: timeout.reschedule(loop.time()))
        try:
            yield
        finally:
            timer.cancel()
