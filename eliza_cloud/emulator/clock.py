"""Time as the emulator sees it: one object hands out the hour and the pauses, so that tests own both."""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """What every duration in the emulator goes through."""

    def time(self) -> float:
        """Seconds since the epoch."""

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds` of this clock's time."""


class RealClock:
    """Wall time; with a `scale` above 1 an hour of the emulator's time passes in less than one."""

    def __init__(self, scale: float = 1.0) -> None:
        self._scale = scale
        self._epoch = time.time()
        self._started = time.monotonic()

    def time(self) -> float:
        """Seconds since the epoch, running `scale` times as fast from the moment this clock was made."""
        return self._epoch + (time.monotonic() - self._started) * self._scale

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds` of this clock's time."""
        await asyncio.sleep(seconds / self._scale)
