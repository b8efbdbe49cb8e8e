"""Noticing that the machine slept, or that its clock was set: wall and monotonic time go apart."""

from collections.abc import Callable

from eliza_cloud.core.link.events import Event, Woke
from eliza_cloud.runtime.clock import Clock, sleep

LOOK_EVERY = 10.0
GAP = 5.0


async def watch_for_wake(clock: Clock, post: Callable[[Event], None]) -> None:
    """Post `Woke` when the two clocks have gone apart by more than five seconds, in either direction."""
    offset = clock.wall() - clock.monotonic()
    while True:
        await sleep(clock, LOOK_EVERY)
        now = clock.wall() - clock.monotonic()
        if abs(now - offset) > GAP:
            post(Woke(now - offset))
        offset = now
