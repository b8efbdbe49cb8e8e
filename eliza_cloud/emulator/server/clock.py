"""The emulator's time: one object gives the time and the pauses, so that tests control both."""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """The source of all times and pauses in the emulator."""

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
