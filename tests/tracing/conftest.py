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

from eliza_cloud.ops.logging.level import log_level
from eliza_cloud.ops.logging.setup import configure_logs
from eliza_cloud.redaction.log import LogRedactor
from tests.harness.emulator import Emulator, emulator
from tests.harness.service import TOKEN, Service, whole_service
from tests.harness.waiting import HANG, until
from tests.routing.conftest import provider  # noqa: F401 - fixture and helper


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

    def __init__(self, session: aiohttp.ClientSession, generation: str) -> None:
        super().__init__(session, generation)
        self.arrived: list[Arrived] = []

    @web.middleware
    async def watch(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith("/emulator/"):
            self.arrived.append(Arrived(request.method, request.path, request.headers))
        return await handler(request)

    def ids(self, since: int = 0) -> set[str]:
        return {call.request_id for call in self.arrived[since:]}


class LoggedService(Service):
    """A service and its log."""

    written: io.BytesIO

    @property
    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.written.getvalue().splitlines()]

    def lines(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.log if line["event"] == event]


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
async def serve(
    tmp_path: Path, cloud: WatchedEmulator
) -> AsyncIterator[Callable[..., Awaitable[LoggedService]]]:
    """Give a function that starts a signed-in service with these settings."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(settings: dict[str, Any] | None = None, level: str = "debug") -> LoggedService:
            (tmp_path / "eliza.json").write_text(json.dumps(settings or {}))
            redactor = LogRedactor([lambda: cloud.key, lambda: TOKEN])
            written = io.BytesIO()
            configure_logs(log_level({"ELIZA_LOG_LEVEL": level}), redactor, written)
            service = await stack.enter_async_context(
                whole_service(tmp_path, cloud.url, cloud.key, kind=LoggedService, redactor=redactor)
            )
            service.written = written
            await until(lambda: service.manager.status().connected)
            return service

        yield start


@pytest.fixture
async def service(serve) -> LoggedService:
    """A signed-in service."""
    return await serve()


async def raw(service: LoggedService, *requests: str) -> str:
    """Send each text once the one before it is answered; return all that comes until the connection ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
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
