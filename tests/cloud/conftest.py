"""A cloud scripted by each test: what it answers is written there, what it was asked is recorded."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from eliza_cloud.cloud.client import ElizaCloudClient
from eliza_cloud.cloud.config import CloudConfig
from eliza_cloud.cloud.http.address import BaseUrl, CloudAddress, parse_base_url
from eliza_cloud.cloud.http.request import Timeouts
from eliza_cloud.cloud.http.session import open_session
from eliza_cloud.redaction.secret import Secret

AGENT = "3f8e2d9a-0000-4000-8000-000000000001"
KEY = "eliza_" + "ab12" * 16


@dataclass
class Asked:
    """One request the cloud received."""

    method: str
    path: str
    query: str
    headers: Any
    body: bytes


@dataclass
class RawCloud:
    """Answers by path; a path that has no script is an HTML 404, as the real server's unknown paths are.

    It is not the harness's `ScriptedCloud` because it has no routes and no usual answers: these tests are
    about prefixes and bodies that are not in the contract.

    An answer is `(status, JSON body or bytes[, headers])` or a coroutine function of the request; several are
    given in order, the last one for ever.
    """

    asked: list[Asked] = field(default_factory=list)
    script: dict[tuple[str, str], list[Any]] = field(default_factory=dict)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0

    def on(self, method, path, *answers):
        self.script[method, path] = list(answers)

    def agents(self, prefix="milady", agents=()):
        """Have the list of agents under a prefix, and return the path of one agent."""
        path = f"/api/v1/{prefix}/agents"
        self.on("GET", path, (200, {"success": True, "data": list(agents)}))
        return f"{path}/{AGENT}"

    def count(self, method, path):
        return sum(1 for asked in self.asked if (asked.method, asked.path) == (method, path))

    async def hang(self, request):
        """Say nothing until the test is over."""
        await self.released.wait()
        return web.Response()

    async def handle(self, request):
        self.asked.append(
            Asked(request.method, request.path, request.query_string, request.headers, await request.read())
        )
        answers = self.script.get((request.method, request.path))
        if answers is None:
            return web.Response(status=404, text="<!doctype html><h1>404</h1>", content_type="text/html")
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if callable(answer):
            return await answer(request)
        status, body, *rest = answer
        headers = rest[0] if rest else {}
        if isinstance(body, bytes):
            return web.Response(status=status, body=body, headers=headers)
        return web.json_response(body, status=status, headers=headers)

    @property
    def base_url(self) -> BaseUrl:
        return parse_base_url(f"http://127.0.0.1:{self.port}", allow_loopback=True)


@pytest.fixture
async def make_cloud(aiohttp_server):
    """Start as many scripted clouds as a test needs."""
    clouds = []

    async def make():
        cloud = RawCloud()
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", cloud.handle)
        cloud.port = (await aiohttp_server(app)).port
        clouds.append(cloud)
        return cloud

    yield make
    for cloud in clouds:
        cloud.released.set()


@pytest.fixture
async def cloud(make_cloud):
    return await make_cloud()


@pytest.fixture
def waits():
    """The seconds that were waited before requests were repeated; no time passes."""
    return []


@pytest.fixture
async def make_client(cloud, waits):
    """Make a client of the scripted cloud, over the guarded session."""
    sessions = []

    async def sleep(seconds):
        waits.append(seconds)

    def make(key=KEY, base_url=None, session=None, **timeouts):
        base_url = base_url or cloud.base_url
        if session is None:
            session = open_session(getattr(base_url, "base_url", base_url))
            sessions.append(session)
        address = base_url if isinstance(base_url, CloudAddress) else CloudAddress(base_url)
        config = CloudConfig(None if key is None else Secret(key))
        return ElizaCloudClient(
            config, session=session, address=address, timeouts=Timeouts(**timeouts), sleep=sleep
        )

    yield make
    for session in sessions:
        await session.close()


@pytest.fixture
async def client(make_client):
    return make_client()
