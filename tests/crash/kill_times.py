"""When a service is killed: at a counted call, after a delay, or when a file changes."""

import json
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.crash.processes import Child

FILES = ("eliza.json", ".eliza.json.tmp", "eliza.json.bak", "agent.sqlite3", "agent.sqlite3-wal")


@dataclass(frozen=True)
class AtCall:
    """The n-th point before or after a call that `kill_points` counts; 0 only notes which there are."""

    number: int


@dataclass(frozen=True)
class AfterDelay:
    """So many seconds after the act began."""

    seconds: float


@dataclass(frozen=True)
class AtChange:
    """As soon as a file of the state directory comes, goes or changes."""

    name: str


KillTime = AtCall | AfterDelay | AtChange


def kill_times(rng: random.Random, points: int, seconds: float, count: int) -> Iterator[KillTime]:
    """Spread a count of kills over an act that had so many points and took so long."""
    calls = count // 2
    chosen: list[KillTime] = [
        AtCall(round(points * (number + rng.random()) / calls) or 1) for number in range(calls)
    ]
    chosen += [AfterDelay(seconds * 1.2 * rng.random()) for _ in range(count // 4)]
    chosen += [AtChange(rng.choice(FILES)) for _ in range(count - len(chosen))]
    rng.shuffle(chosen)
    yield from chosen


class Armed:
    """One time of a kill for one service."""

    def __init__(self, time_of_kill: KillTime, notes: Path, state: Path) -> None:
        self.plan = notes / "plan"
        self.took = 0.0  # seconds from the beginning of the act to the kill
        self.points = 0  # how many there were, where they were only noted
        self._when = time_of_kill
        self._state = state
        self._fell = notes / "fell"
        self._seen = notes / "seen"
        for path in (self.plan, self._fell, self._seen):
            path.unlink(missing_ok=True)

    def kill_during(self, service: Child, act: Callable[[], None]) -> str:
        """Let `act` run and the service be killed at that time, or after the act; return where it fell."""
        self.arm()
        before = self._look()
        acting = threading.Thread(target=act)
        begun = time.monotonic()
        acting.start()
        while acting.is_alive() and not service.ended and not self._has_come(begun, before):
            time.sleep(0)
        struck = acting.is_alive()
        self.took = time.monotonic() - begun
        service.kill()
        acting.join()
        self.plan.unlink(missing_ok=True)
        if self._seen.exists():
            self.points = len(self._seen.read_text().splitlines())
        return self.place or (self._words() if struck else "after the answer")

    def arm(self) -> None:
        """Tell the service at which call to kill itself."""
        if isinstance(self._when, AtCall):
            plan = {"at": self._when.number, "fell": str(self._fell), "seen": str(self._seen)}
            fresh = self.plan.with_suffix(".new")
            fresh.write_text(json.dumps(plan))
            fresh.replace(self.plan)

    @property
    def place(self) -> str | None:
        """Return the call at which the service killed itself."""
        return self._fell.read_text().strip() if self._fell.exists() else None

    def _has_come(self, begun: float, before: object) -> bool:
        match self._when:
            case AfterDelay(seconds):
                return time.monotonic() - begun >= seconds
            case AtChange():
                return self._look() != before
        return False

    def _look(self) -> object:
        if isinstance(self._when, AtChange):
            with suppress(OSError):
                found = os.stat(self._state / self._when.name)  # noqa: PTH116 - quick
                return found.st_ino, found.st_mtime_ns, found.st_size
        return None

    def _words(self) -> str:
        if isinstance(self._when, AtChange):
            return f"at a change of {self._when.name}"
        return "after a random delay"
