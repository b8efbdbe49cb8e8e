"""Time that a test moves by hand."""

import heapq
import itertools
from collections.abc import Callable


class FakeTimer:
    def __init__(self, when: float, callback: Callable[[], object]) -> None:
        self.when = when
        self.callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


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
        timer = FakeTimer(when, callback)
        heapq.heappush(self._timers, (when, next(self._order), timer))
        return timer

    def pending(self) -> list[float]:
        """Seconds until each armed timer, soonest first."""
        return sorted(
            round(when - self._monotonic, 6) for when, _, timer in self._timers if not timer.cancelled
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
