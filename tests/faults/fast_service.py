"""A service whose clock runs fast and whose timeouts a test changes while it runs."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import structlog

from eliza_cloud.cloud.http.request import Timeouts
from eliza_cloud.runtime.clock import Timer
from tests.harness.journals import Recording
from tests.harness.observers import OnStep
from tests.harness.service import AssembledService, assembled_service

#: While nothing is wrong, and for what a fault catches that was on its way already.
LONG = Timeouts(**dict.fromkeys(Timeouts.__struct_fields__, 5.0))
SHORT = Timeouts(**dict.fromkeys(Timeouts.__struct_fields__, 0.06))
SPEED = 100
SELDOM: dict[str, Any] = {
    "heartbeat_interval": 1e6,
    "backup_interval": 1e6,
    "login_poll_interval": 1.0,
    "login_timeout": 1e6,
    "max_reconnect_attempts": 0,
    "max_hourly_usd": 1.0,
    "max_start_usd": 1.0,
}


class FastClock:
    """Seconds that pass a hundred times as fast, or so, for the pauses the link makes on its own."""

    def __init__(self, speed: float = SPEED) -> None:
        self._speed = speed
        self._wall = time.time()
        self._begun = time.monotonic()
        self.armed = 0

    def wall(self) -> float:
        return self._wall + (self.monotonic() - self._begun * self._speed)

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time() * self._speed

    def call_at(self, when: float, callback: Any) -> Timer:
        self.armed += 1
        return asyncio.get_running_loop().call_at(when / self._speed, callback)


class AdjustableTimeouts:
    """The client's timeouts, which a test shortens while it waits for one of them."""

    def __init__(self) -> None:
        self.now = LONG

    def __getattr__(self, name: str) -> float:
        seconds: float = getattr(self.now, name)
        return seconds


class FastService(AssembledService):
    """One service, what it logged, and how often each event of its link has happened."""

    clock: FastClock
    log: list[Any]
    events: Counter[str]

    async def status(self) -> dict[str, Any]:
        status, found = await self.ask("GET", "/api/cloud/status")
        assert status == 200
        return dict(found)

    def link(self) -> str:
        """Say how the link stands, with the reason where there is one."""
        link = self.manager.status().connection
        return link.state if link.reason is None else f"{link.state} {link.reason}"

    def logged(self, event: str) -> int:
        return sum(line["event"] == event for line in self.log)


@contextlib.asynccontextmanager
async def fast_service(
    directory: Path,
    base_url: str,
    key: str | None,
    timeouts: AdjustableTimeouts,
    settings: Mapping[str, float],
    *,
    speed: float = SPEED,
) -> AsyncIterator[FastService]:
    """Run a service over an empty state directory; a key comes from its environment."""
    clock, seen = FastClock(speed), Counter[str]()
    recording = Recording(clock)
    parts: dict[str, Any] = {
        "settings": {**SELDOM, **settings},
        "timeouts": timeouts,
        "clock": clock,
        "journal": recording,
        "observers": [OnStep(lambda report: seen.update([type(report.event).__name__]))],
    }
    with structlog.testing.capture_logs() as log:
        async with assembled_service(directory, base_url, key, kind=FastService, **parts) as service:
            service.clock, service.log, service.events = clock, log, seen
            yield service
        recording.check()
