"""Time, handed in: nothing in the link asks the operating system for it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
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

    __slots__ = ()

    def wall(self) -> float:
        """Return seconds since 1970, UTC."""
        return time.time()

    def monotonic(self) -> float:
        """Return the loop's time."""
        return asyncio.get_running_loop().time()

    def call_at(self, when: float, callback: Callable[[], object]) -> Timer:
        """Call back at the loop time `when`."""
        return asyncio.get_running_loop().call_at(when, callback)


class Flag:
    """Something one task waits for until it is set: an `asyncio.Event` for one waiter.

    It is a tenth of an event's size, because every idle link holds some; a second waiter is a `RuntimeError`.
    """

    __slots__ = ("_is_set", "_waiter")

    def __init__(self) -> None:
        self._is_set = False
        self._waiter: asyncio.Future[None] | None = None

    def is_set(self) -> bool:
        """Tell whether it is set."""
        return self._is_set

    def set(self) -> None:
        """Set it, and wake the task that waits."""
        self._is_set = True
        if self._waiter is not None:
            _resolve(self._waiter)

    def clear(self) -> None:
        """Unset it; a task that was woken before goes on."""
        self._is_set = False

    async def wait(self) -> None:
        """Wait until it is set."""
        await wait_for_any(self)

    def attach(self, waiter: asyncio.Future[None]) -> None:
        """Resolve this future when the flag is set, at once if it is set already."""
        if self._waiter is not None:
            raise RuntimeError("another task waits for this flag")
        self._waiter = waiter
        if self._is_set:
            _resolve(waiter)

    def detach(self) -> None:
        """Forget the future."""
        self._waiter = None


async def wait_for_any(*flags: Flag) -> None:
    """Wait until one of the flags is set."""
    await _wait(asyncio.get_running_loop().create_future(), flags)


async def wait_for(clock: Clock, flag: Flag, seconds: float) -> bool:
    """Wait until the flag is set, at most `seconds`; tell whether it was."""
    if not flag.is_set():
        await sleep(clock, seconds, flag)
    return flag.is_set()


async def sleep(clock: Clock, seconds: float, *flags: Flag) -> None:
    """Wait `seconds` of monotonic time, or until one of the flags is set."""
    due = asyncio.get_running_loop().create_future()
    timer = clock.call_at(clock.monotonic() + seconds, partial(_resolve, due))
    try:
        await _wait(due, flags)
    finally:
        timer.cancel()


async def _wait(waiter: asyncio.Future[None], flags: tuple[Flag, ...]) -> None:
    attached = 0
    try:
        for flag in flags:
            flag.attach(waiter)
            attached += 1
        await waiter
    finally:
        for flag in flags[:attached]:
            flag.detach()


def _resolve(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


@asynccontextmanager
async def timeout(clock: Clock, seconds: float) -> AsyncIterator[None]:
    """Raise `TimeoutError` when the block takes longer than `seconds` of monotonic time."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(None) as limit:
        timer = clock.call_at(clock.monotonic() + seconds, lambda: limit.reschedule(loop.time()))
        try:
            yield
        finally:
            timer.cancel()
