"""Noticing that the machine slept, or that its clock was set: wall and monotonic time go apart."""

from collections.abc import Callable

from eliza_cloud.core.link.events import ClockJumped, Event
from eliza_cloud.runtime.clock import Clock, sleep

LOOK_EVERY = 10.0
GAP = 5.0


async def watch_for_wake(clock: Clock, post: Callable[[Event], None]) -> None:
    """Post `ClockJumped` when the two clocks have gone apart by more than five seconds, either way."""
    offset = clock.wall() - clock.monotonic()
    while True:
        await sleep(clock, LOOK_EVERY)
        now = clock.wall() - clock.monotonic()
        if abs(now - offset) > GAP:
            post(ClockJumped(now - offset))
        offset = now
