"""A running emulator, a client that holds a key, and a clock that moves when it is told to."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from aiohttp import ClientResponse, DummyCookieJar
from aiohttp.test_utils import TestClient, TestServer

from eliza_cloud.emulator import GENERATIONS, create_app

C, N, L = GENERATIONS
PREFIX = {C: "/api/v1/milady/agents", N: "/api/v1/eliza/agents", L: "/api/v1/eliza/agents"}
PRICE = "dedicated-compute-v1:USD:0.010000:0.020000"
START = 1_800_000_000.0


class ManualClock:
    """Time that stands still until `advance` moves it, waking sleepers in the order of their hours."""

    def __init__(self) -> None:
        self._now = START
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def time(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        wake = asyncio.get_running_loop().create_future()
        sleeper = (self._now + seconds, next(self._order), wake)
        self._sleepers.append(sleeper)
        try:
            await wake
        finally:
            with contextlib.suppress(ValueError):
                self._sleepers.remove(sleeper)

    async def advance(self, seconds: float) -> None:
        target = self._now + seconds
        await self.settle()
        while self._sleepers and min(self._sleepers)[0] <= target:
            hour, _, wake = min(self._sleepers)
            self._now = hour
            wake.set_result(None)
            await self.settle()
        self._now = target

    async def settle(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)

    async def until_asleep(self, seconds: float) -> None:
        """Wait until someone sleeps for so long from now."""
        for _ in range(20_000):
            if any(hour == self._now + seconds for hour, _, _ in self._sleepers):
                return
            await asyncio.sleep(0)
        raise AssertionError(f"no one sleeps for {seconds} s")


@dataclass
class Answer:
    status: int
    body: object
    headers: dict[str, str]


@dataclass
class Api:
    """A caller of one emulator: with a key, or without."""

    client: TestClient
    generation: str
    clock: ManualClock
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def agents(self) -> str:
        return PREFIX[self.generation]

    async def raw(self, method: str, path: str, **more: object) -> ClientResponse:
        more.setdefault("headers", self.headers)
        return await self.client.request(method, path, allow_redirects=False, **more)

    async def call(self, method: str, path: str, **more: object) -> Answer:
        async with await self.raw(method, path, **more) as response:
            is_json = response.content_type == "application/json"
            body = await (response.json() if is_json else response.text())
            return Answer(response.status, body, dict(response.headers))

    async def get(self, path: str, **more: object) -> Answer:
        return await self.call("GET", path, **more)

    async def post(self, path: str, json: object = None, **more: object) -> Answer:
        return (
            await self.call("POST", path, json=json, **more)
            if json is not None
            else await self.call("POST", path, **more)
        )

    async def control(self, path: str, /, **body: object) -> Answer:
        answer = await self.post(f"/emulator/{path}", json=body)
        assert answer.status < 300, answer
        return answer

    async def key(self, **body: object) -> "Api":
        minted = (await self.control("keys", **body)).body
        return Api(self.client, self.generation, self.clock, {"X-Api-Key": minted["apiKey"]})

    async def create(self, name: str = "ada", **more: object) -> str:
        answer = await self.post(self.agents, json={"agentName": name, **more})
        assert answer.status < 300, answer
        return answer.body["data"]["id"]

    async def dedicated(self, name: str = "ada", **more: object) -> str:
        """A new agent of one's own, which runs (generation L)."""
        body = {"agentName": name, "alwaysOn": True, "forceCreate": True, **more}
        answer = await self.post(self.agents, json=body, headers=self.paying)
        assert answer.status == 202, answer
        await self.clock.advance(3)
        assert await self.status(answer.body["data"]["id"]) == "running"
        return answer.body["data"]["id"]

    @property
    def paying(self) -> dict[str, str]:
        """The headers of a call that accepts the usual price."""
        return {**self.headers, "X-Eliza-Dedicated-Price": PRICE}

    async def job(self, job_id: str) -> dict:
        answer = await self.get(f"/api/v1/jobs/{job_id}")
        assert answer.status == 200, answer
        return answer.body["data"]

    async def running(self, name: str = "ada") -> str:
        """A new agent, provisioned."""
        agent_id = await self.create(name)
        await self.post(f"{self.agents}/{agent_id}/provision")
        await self.clock.advance(3)
        assert await self.status(agent_id) == "running"
        return agent_id

    async def status(self, agent_id: str) -> str:
        return (await self.get(f"{self.agents}/{agent_id}")).body["data"]["status"]

    async def rpc(self, agent_id: str, method: str, params: dict | None = None, **more: object) -> Answer:
        body = {"jsonrpc": "2.0", "id": 7, "method": method, **({} if params is None else {"params": params})}
        return await self.post(f"{self.agents}/{agent_id}/bridge", json={**body, **more})

    async def say(self, agent_id: str, text: str) -> str:
        return (await self.rpc(agent_id, "message.send", {"text": text})).body["result"]["text"]

    async def snapshot(self, agent_id: str) -> str:
        answer = await self.post(f"{self.agents}/{agent_id}/snapshot")
        if self.generation != C:
            await self.clock.advance(3)
            job = await self.get(answer.body["polling"]["endpoint"])
            return job.body["data"]["result"]["backupId"]
        return answer.body["data"]["backupId"]


Start = Callable[..., Awaitable[Api]]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def start(clock: ManualClock) -> AsyncIterator[Start]:
    """Start an emulator; the caller it gives has a key of the default user."""
    async with contextlib.AsyncExitStack() as running:

        async def started(generation: str = C, *, signed_in: bool = True, **options: object) -> Api:
            server = TestServer(create_app(generation=generation, clock=clock, **options))
            client = await running.enter_async_context(TestClient(server, cookie_jar=DummyCookieJar()))
            anonymous = Api(client, generation, clock)
            return await anonymous.key() if signed_in else anonymous

        yield started


@pytest.fixture(params=[C, N])
async def api(request: pytest.FixtureRequest, start: Start) -> Api:
    """A caller with a key, once for each generation."""
    return await start(request.param)


@pytest.fixture
async def api_c(start: Start) -> Api:
    return await start(C)


@pytest.fixture
async def api_n(start: Start) -> Api:
    return await start(N)


@pytest.fixture
async def api_l(start: Start) -> Api:
    return await start(L)
