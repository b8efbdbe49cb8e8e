"""The emulated cloud in this process, and its control endpoints."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any, TypeVar

import aiohttp
from aiohttp import web
from aiohttp.typedefs import Handler

from eliza_cloud.emulator import GENERATIONS, create_app

#: An emulator that loses no time.
FAST = {"poll_interval_ms": 20, "job_seconds": 0.02, "job_retry_seconds": (0.02, 0.02), "rate_limits": False}


class Emulator:
    """One emulator: `url` is where it answers, `key` one of its default user, `session` a caller of it."""

    runner: web.AppRunner

    def __init__(self, session: aiohttp.ClientSession, generation: str) -> None:
        self.session = session
        self.generation = generation
        self.url = ""
        self.key = ""

    @web.middleware
    async def watch(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """See every request before it is answered."""
        return await handler(request)

    async def control(self, where: str, **body: Any) -> dict[str, Any]:
        """Change something that no client of the cloud could."""
        async with self.session.post(f"{self.url}/emulator/{where}", json=body) as answer:
            assert answer.status < 300, await answer.text()
            return dict(await answer.json())

    async def call(
        self, key: str, method: str, path: str, body: Any = None, **headers: str
    ) -> dict[str, Any]:
        """Call the cloud as the owner of this key would from another machine."""
        headers["X-API-Key"] = key
        async with self.session.request(method, f"{self.url}{path}", json=body, headers=headers) as answer:
            assert answer.status < 300, await answer.text()
            return dict(await answer.json())

    async def mint(self, **user: Any) -> str:
        """Return a new key."""
        return str((await self.control("keys", **user))["apiKey"])

    async def fault(self, path: str, fault: str, **more: Any) -> None:
        """Let calls of this path meet a fault, those of one `method` if it is given."""
        await self.control("faults", path=path, fault=fault, **more)

    async def faults_met(self) -> int:
        """How many calls have met a fault."""
        async with self.session.get(f"{self.url}/emulator/faults") as answer:
            return sum(fault["used"] for fault in (await answer.json())["data"])

    async def heal(self) -> None:
        """End every fault."""
        async with self.session.delete(f"{self.url}/emulator/faults") as answer:
            assert answer.status < 300, await answer.text()

    async def balance(self, dollars: float) -> None:
        await self.control("organization", balance=dollars)

    async def state(self) -> dict[str, Any]:
        async with self.session.get(f"{self.url}/emulator/state") as answer:
            return dict(await answer.json())


E = TypeVar("E", bound=Emulator)


@contextlib.asynccontextmanager
async def emulator(
    kind: type[E] = Emulator,
    generation: str = GENERATIONS[0],
    *,
    middlewares: Sequence[Any] = (),
    **options: Any,
) -> AsyncIterator[E]:
    """Run an emulator; the middlewares come after its own `watch`."""
    async with aiohttp.ClientSession() as session:
        started = kind(session, generation)
        app = create_app(**{**FAST, "generation": generation, **options})
        app.middlewares[:0] = [started.watch, *middlewares]
        started.runner = web.AppRunner(app, shutdown_timeout=0.1)
        try:
            await started.runner.setup()
            await web.TCPSite(started.runner, "127.0.0.1", 0).start()
            started.url = f"http://127.0.0.1:{started.runner.addresses[0][1]}"
            started.key = await started.mint()
            yield started
        finally:
            await started.runner.cleanup()
