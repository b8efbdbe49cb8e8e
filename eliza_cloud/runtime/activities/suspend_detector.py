"""Noticing that the machine slept, or that its clock was set: wall and monotonic time go apart."""

from collections.abc import Callable

from eliza_cloud.core.link.events import ClockJumped, Event
from eliza_cloud.runtime.clock import Clock, sleep

CHECK_INTERVAL = 10.0
MIN_DELTA = 5.0


async def detect_suspend(clock: Clock, post: Callable[[Event], None]) -> None:
    """Post `ClockJumped` when the two clocks have gone apart by more than five seconds, either way."""
    offset = clock.wall() - clock.monotonic()
    while True:
        await sleep(clock, CHECK_INTERVAL)
        now = clock.wall() - clock.monotonic()
        if abs(now - offset) > MIN_DELTA:
            post(ClockJumped(now - offset))
        offset = now
