"""The emulated cloud in this process, and its strings behind the stage."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any, TypeVar

import aiohttp
from aiohttp.test_utils import TestServer

from eliza_cloud.emulator import create_app

#: An emulator that loses no time.
FAST = {"poll_interval_ms": 20, "job_seconds": 0.02, "job_retry_seconds": (0.02, 0.02), "rate_limits": False}


class Emulator:
    """One emulator: `url` is where it answers, `key` one of its default user, `session` a caller of it."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session
        self.url = ""
        self.key = ""

    async def control(self, where: str, method: str = "POST", **body: Any) -> Any:
        """Change something behind the stage."""
        async with self.session.request(method, f"{self.url}/emulator/{where}", json=body) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()

    async def mint(self) -> str:
        """Return a new key."""
        return str((await self.control("keys"))["apiKey"])

    async def fault(self, path: str, fault: str, **more: Any) -> None:
        await self.control("faults", path=path, fault=fault, **more)

    async def faults_met(self) -> int:
        """How many calls have met a fault."""
        async with self.session.get(f"{self.url}/emulator/faults") as answer:
            return sum(fault["used"] for fault in (await answer.json())["data"])

    async def heal(self) -> None:
        """End every fault."""
        await self.control("faults", method="DELETE")

    async def balance(self, dollars: float) -> None:
        await self.control("organization", balance=dollars)

    async def state(self) -> dict[str, Any]:
        async with self.session.get(f"{self.url}/emulator/state") as answer:
            return dict(await answer.json())


E = TypeVar("E", bound=Emulator)


@contextlib.asynccontextmanager
async def emulator(kind: type[E] = Emulator, **options: Any) -> AsyncIterator[E]:
    """Run an emulator; one of a kind with a `watch` sees every request before it is answered."""
    async with aiohttp.ClientSession() as session:
        started = kind(session)
        app = create_app(**{**FAST, **options})
        if hasattr(started, "watch"):
            app.middlewares.insert(0, started.watch)
        async with TestServer(app) as server:
            started.url = str(server.make_url("")).rstrip("/")
            started.key = await started.mint()
            yield started
