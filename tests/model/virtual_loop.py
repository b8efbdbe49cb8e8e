"""An event loop whose time and whose disk are moved by hand: every interleaving can be had, and had again.

Nothing runs beside the loop. Work for threads (the store's database and files) is done on the loop, at once,
or when `disk_works` lets it.
"""

import asyncio
import selectors
from collections import deque
from collections.abc import Callable
from typing import Any

from eliza_cloud.store.errors import StoreError

MOST_TURNS = 20_000


def _full() -> None:
    raise StoreError("No space is left on the device; make some and try again.")


class _Nothing(selectors.SelectSelector):
    """No file is waited for, and no time."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Begins at 100 s. `faults` collects what nobody caught; `turns` counts the loop's rounds."""

    def __init__(self) -> None:
        self.now = 100.0
        super().__init__(_Nothing())
        self.faults: list[dict[str, Any]] = []
        self.turns = 0
        self.disk_is_slow = False
        self.disk_is_full = False
        self._jobs: deque[tuple[asyncio.Future[Any], Callable[[], Any]]] = deque()
        self.set_exception_handler(lambda _loop, context: self.faults.append(context))

    def time(self) -> float:
        return self.now

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        done: asyncio.Future[Any] = self.create_future()
        self._jobs.append((done, lambda: func(*args)))
        if not self.disk_is_slow:
            self.disk_works()
        return done

    @property
    def disk_waits(self) -> bool:
        """Whether something is still to be written or read."""
        return bool(self._jobs)

    def disk_works(self) -> None:
        """Do what the disk has to do, in order."""
        while self._jobs:
            done, work = self._jobs.popleft()
            try:
                result = _full() if self.disk_is_full else work()
            except Exception as error:  # noqa: BLE001 - handed to whoever waits, as a thread's would be
                if not done.cancelled():
                    done.set_exception(error)
            else:
                if not done.cancelled():
                    done.set_result(result)

    def turn(self) -> None:
        """Run everything that is ready, once."""
        self.turns += 1
        self.call_soon(self.stop)
        self.run_forever()

    def settle(self) -> None:
        """Run until nothing more happens without time, the disk or the cloud."""
        first = self.turns
        while self._ready or self._due() <= self.now:
            self.turn()
            assert self.turns - first < MOST_TURNS, "the loop does not come to rest"

    def pass_time(self, seconds: float) -> None:
        """Let time pass, from timer to timer."""
        until = self.now + seconds
        self.settle()
        while (due := self._due()) <= until:
            self.now = max(self.now, due)
            self.settle()
        self.now = until

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing is ready to run."""
        return not self._ready

    @property
    def scheduled(self) -> int:
        """How many timers there are, those included that are cancelled and not swept yet."""
        return len(self._scheduled)

    def timers(self) -> list[asyncio.TimerHandle]:
        """The timers that are armed."""
        return [timer for timer in self._scheduled if not timer.cancelled()]

    def _due(self) -> float:
        return min((timer.when() for timer in self.timers()), default=float("inf"))


class LoopClock:
    """The loop's time as the link's clock; `offset` is the wall clock's lead, moved by sleep and by hand."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self.offset = 1_000_000.0

    def wall(self) -> float:
        return self._loop.now + self.offset

    def monotonic(self) -> float:
        return self._loop.now

    def call_at(self, when: float, callback: Callable[[], object]) -> asyncio.TimerHandle:
        return self._loop.call_at(when, callback)
