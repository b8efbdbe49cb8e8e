"""The whole service with its log, before an emulator that writes down the headers of what reaches it."""

import asyncio
import contextlib
import io
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import structlog
from aiohttp import web
from aiohttp.typedefs import Handler
from multidict import CIMultiDictProxy

from eliza_cloud.daemon.service import Running, running
from eliza_cloud.ops.logging.level import log_level
from eliza_cloud.ops.logging.setup import configure_logs
from eliza_cloud.redaction.log import LogRedactor
from eliza_cloud.store.config.env import API_KEY, API_TOKEN, value_of
from eliza_cloud.store.config.listen_address import Binding, Port
from tests.harness.emulator import Emulator, emulator
from tests.harness.waiting import HANG, until
from tests.routing.conftest import provider  # noqa: F401 - fixture and helper

TOKEN = "canary-token-7f3a9c51d2e84b60"
ANY_PORT = Binding("127.0.0.1", (Port(0, "--port"),))


@dataclass
class Arrived:
    """One call as it reached the cloud."""

    method: str
    path: str
    headers: CIMultiDictProxy[str]

    @property
    def request_id(self) -> str:
        (given,) = self.headers.getall("X-Request-Id")
        return given

    @property
    def trace_id(self) -> str:
        return self.headers["traceparent"].split("-")[1]

    @property
    def span_id(self) -> str:
        return self.headers["traceparent"].split("-")[2]


class WatchedEmulator(Emulator):
    """An emulator, and what has reached it."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        super().__init__(session)
        self.arrived: list[Arrived] = []

    @web.middleware
    async def watch(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith("/emulator/"):
            self.arrived.append(Arrived(request.method, request.path, request.headers))
        return await handler(request)

    def ids(self, since: int = 0) -> set[str]:
        return {call.request_id for call in self.arrived[since:]}


@dataclass
class House:
    """A service, its log, and a client of it."""

    service: Running
    session: aiohttp.ClientSession
    written: io.BytesIO

    @property
    def url(self) -> str:
        return self.service.urls[0]

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.written.getvalue().splitlines()]

    def lines(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.log if line["event"] == event]

    async def call(
        self, method: str, path: str, body: Any = None, headers: Any = None
    ) -> aiohttp.ClientResponse:
        given = {"Authorization": f"Bearer {TOKEN}", **(headers or {})}
        content = {} if body is None else {"json": body}
        answer = await self.session.request(method, f"{self.url}{path}", headers=given, **content)
        await answer.read()
        return answer

    async def agent(self) -> str:
        answer = await self.call("POST", "/api/cloud/agents", {"agentName": "ada"})
        assert answer.status == 201, await answer.text()
        return (await answer.json())["agent"]["id"]

    async def linked(self) -> str:
        agent_id = await self.agent()
        assert (await self.call("POST", f"/api/cloud/agents/{agent_id}/connect")).status == 200
        return agent_id


@pytest.fixture(autouse=True)
def log_as_before():
    """Leave logging as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
async def cloud() -> AsyncIterator[WatchedEmulator]:
    async with emulator(WatchedEmulator) as started:
        yield started


@pytest.fixture
async def serve(tmp_path: Path, cloud: WatchedEmulator) -> AsyncIterator[Callable[..., Awaitable[House]]]:
    """Give a function that starts a signed-in service with these settings."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(settings: dict[str, Any] | None = None, level: str = "debug") -> House:
            (tmp_path / "eliza.json").write_text(json.dumps(settings or {}))
            environ = {
                "ELIZA_STATE_DIR": str(tmp_path),
                "ELIZA_API_TOKEN": TOKEN,
                "ELIZA_CLOUD_ALLOW_LOOPBACK": "1",
                "ELIZAOS_CLOUD_BASE_URL": cloud.url,
                "ELIZAOS_CLOUD_API_KEY": cloud.key,
            }
            redaction = LogRedactor(
                [lambda: value_of(environ, API_KEY), lambda: value_of(environ, API_TOKEN)]
            )
            written = io.BytesIO()
            configure_logs(log_level({"ELIZA_LOG_LEVEL": level}), redaction, written)
            service = await stack.enter_async_context(running(environ, ANY_PORT, redaction))
            await until(lambda: service.manager.status().connected)
            session = await stack.enter_async_context(aiohttp.ClientSession())
            return House(service, session, written)

        yield start


@pytest.fixture
async def house(serve) -> House:
    """A signed-in service."""
    return await serve()


async def raw(house: House, *requests: str) -> str:
    """Send each text once the one before it is answered; return all that comes until the connection ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    answers = b""
    async with asyncio.timeout(HANG):
        for number, request in enumerate(requests, 1):
            writer.write(request.encode())
            while number < len(requests) and answers.count(b"\r\n\r\n") < number:
                answers += await reader.read(65536)
        answers += await reader.read()
    writer.close()
    await writer.wait_closed()
    return answers.decode()
