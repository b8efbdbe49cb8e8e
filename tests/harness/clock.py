"""Time that a test moves by hand."""

import asyncio
import heapq
import itertools
from collections.abc import Callable

WAKE = "wake"  # the one activity that always waits


def _nothing() -> None:
    pass


class FakeTimer:
    def __init__(self, callback: Callable[[], object], owner: str) -> None:
        self.callback = callback
        self.owner = owner
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True
        self.callback = _nothing  # as the loop's own timers do, so that it keeps nothing alive


class FakeClock:
    """Starts at wall 1 000 000 and monotonic 100; `advance` fires what is due, in order."""

    def __init__(self) -> None:
        self._monotonic = 100.0
        self._offset = 999_900.0
        self._order = itertools.count()
        self._timers: list[tuple[float, int, FakeTimer]] = []

    def wall(self) -> float:
        return self._monotonic + self._offset

    def monotonic(self) -> float:
        return self._monotonic

    def call_at(self, when: float, callback: Callable[[], object]) -> FakeTimer:
        task = asyncio.current_task()
        timer = FakeTimer(callback, task.get_name() if task else "")
        heapq.heappush(self._timers, (when, next(self._order), timer))
        return timer

    def pending(self, owner: str | None = None) -> list[float]:
        """Seconds until each armed timer, soonest first: of one activity, or of all but the wake watch."""
        return sorted(
            round(when - self._monotonic, 6)
            for when, _, timer in self._timers
            if not timer.cancelled and (timer.owner == owner if owner else timer.owner != WAKE)
        )

    def advance(self, seconds: float) -> None:
        until = self._monotonic + seconds
        while self._timers and self._timers[0][0] <= until:
            when, _, timer = heapq.heappop(self._timers)
            if not timer.cancelled:
                self._monotonic = max(self._monotonic, when)
                timer.callback()
        self._monotonic = until

    def jump(self, seconds: float) -> None:
        """Move the wall clock alone: the machine slept, or somebody set its clock."""
        self._offset += seconds
