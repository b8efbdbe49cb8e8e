"""The application over the real manager, the real store and an Eliza Cloud in this process."""

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from eliza_cloud.runtime.observers import Observer
from tests.api.contract import check_answer
from tests.harness.emulator import emulator
from tests.harness.observers import Crash
from tests.harness.service import AssembledService, Service, assembled_service
from tests.harness.waiting import HANG

FAST = {"login_poll_interval": 0.02, "heartbeat_interval": 5.0, "reconnect_interval": 0.05}


class DocumentedService(AssembledService):
    """A service of which every answer must be one that the API's document describes."""

    crash: Crash

    async def call(self, method: str, path: str, body: Any = None, **more: Any) -> aiohttp.ClientResponse:
        answer = await super().call(method, path, body, **more)
        check_answer(method, answer.url.raw_path, answer.status, answer.headers, await answer.read())
        return answer


def request(head: str, *headers: str, host: str | None = "Host: localhost:31337") -> str:
    """Write a request for `raw`; `host` None leaves the header out."""
    lines = [f"{head} HTTP/1.1", *([host] if host is not None else []), *headers, "Connection: close"]
    return "\n".join(lines) + "\n\n"


async def raw(service: Service, request: str) -> tuple[int, dict[str, str], bytes]:
    """Send a request byte by byte as it is given; return status, headers in lower case, body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    writer.write(request.replace("\n", "\r\n").encode("latin-1"))
    async with asyncio.timeout(HANG):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {line.split(": ")[0].lower(): line.split(": ", 1)[1] for line in head[1:] if line}
        body = await reader.readexactly(
            0 if request.startswith("HEAD") else int(headers.get("content-length", 0))
        )
    writer.close()
    await writer.wait_closed()
    return int(head[0].split(" ")[1]), headers, body


@contextlib.asynccontextmanager
async def started_service(
    *where: Any, settings: Any = (), observers: Sequence[Observer] = (), **options: Any
) -> AsyncIterator[DocumentedService]:
    """Run a service that loses no time."""
    crash = Crash()
    options |= {"settings": {**FAST, **dict(settings)}, "observers": [crash, *observers]}
    async with assembled_service(*where, kind=DocumentedService, **options) as service:
        service.crash = crash
        yield service


@pytest.fixture
async def serve(tmp_path):
    """Give a function that starts a service for a base URL; they all end with the test."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(*where: Any, **options: Any) -> DocumentedService:
            return await stack.enter_async_context(started_service(tmp_path, *where, **options))

        yield start


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def idle(tmp_path_factory):
    """One service for a whole module: without a key, and for tests that leave nothing behind."""
    async with started_service(
        tmp_path_factory.mktemp("idle"),
        allowed_hosts=["Eliza.Example"],
        allowed_origins=["https://app.example/"],
        monotonic=itertools.count(0.0, 60.0).__next__,
    ) as service:
        yield service


@pytest.fixture
async def scripted():
    """Give a function that starts a cloud made of the handlers given by "METHOD path"."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(handlers: dict[str, Any]) -> str:
            app = web.Application()
            for route, handler in handlers.items():
                method, path = route.split(" ")
                app.router.add_route(method, path, handler)
            server = await stack.enter_async_context(TestServer(app))
            return str(server.make_url("")).rstrip("/")

        yield start


@pytest.fixture
async def cloud():
    """An emulator of the first generation that loses no time."""
    async with emulator(models=("m",)) as started:
        yield started


@pytest.fixture
async def latest():
    """An emulator of the newest generation that loses no time."""
    async with emulator(generation="latest", models=("m",)) as started:
        yield started


@pytest.fixture
async def on_latest(latest, serve):
    """A service whose key the newest cloud has accepted."""
    service = await serve(latest.url, key=latest.key)
    await service.until_connected()
    return service


@pytest.fixture
async def service(cloud, serve):
    """A service that is not signed in."""
    return await serve(cloud.url)


@pytest.fixture
async def signed_in(cloud, serve):
    """A service whose key the cloud has accepted."""
    service = await serve(cloud.url, key=cloud.key)
    await service.until_connected()
    return service


def frames(text: str) -> list[dict[str, Any]]:
    """Read an event stream that has `data:` frames only."""
    assert text.endswith("\n\n")
    return [json.loads(frame.removeprefix("data: ")) for frame in text[:-2].split("\n\n")]
