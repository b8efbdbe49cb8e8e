"""Waiting for what offers no event to wait for."""

import asyncio
import inspect
import time
from collections.abc import Callable
from typing import Any

#: Seconds after which something counts as hanging. It only bounds a failure: a busy machine takes its time.
HANG = 60.0


async def until(holds: Callable[[], Any], why: Callable[[], object] = str) -> Any:
    """Wait until a function, plain or async, returns something true, and return that."""
    end = time.monotonic() + HANG
    pause = 0.001
    while True:
        now = holds()
        if now := await now if inspect.isawaitable(now) else now:
            return now
        assert time.monotonic() < end, f"it never holds: {why()}"
        await asyncio.sleep(pause)
        pause = min(1.2 * pause, 0.01)


def wait_until(holds: Callable[[], Any], why: Callable[[], object] = str) -> Any:
    """Do the same as `until` where there is no event loop."""
    end = time.monotonic() + HANG
    while not (now := holds()):
        assert time.monotonic() < end, f"it never holds: {why()}"
        time.sleep(0.002)
    return now
