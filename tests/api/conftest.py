"""The application over the real manager, the real store and an Eliza Cloud in this process."""

import asyncio
import contextlib
import functools
import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from eliza_cloud.api.app import SERVER_SETTINGS, create_app
from eliza_cloud.ops.metrics.service import Metrics
from eliza_cloud.redaction.secret import Secret
from eliza_cloud.routing.gateway import Gateway
from eliza_cloud.runtime.clock import Clock, SystemClock
from eliza_cloud.runtime.cloud_session import CloudSession
from eliza_cloud.runtime.journal import Journal
from eliza_cloud.runtime.manager import CloudManager
from eliza_cloud.runtime.observers import Observer
from eliza_cloud.store.config.file import ConfigFile
from eliza_cloud.store.config.listen_address import Binding, Port
from eliza_cloud.store.config.settings import Settings
from eliza_cloud.store.credentials import Credentials
from eliza_cloud.store.sqlite.database import Database, SqliteStore
from eliza_cloud.store.sqlite.journal import SqliteJournal
from tests.api.contract import check_answer
from tests.harness.emulator import emulator
from tests.harness.observers import Crash
from tests.harness.waiting import HANG, until

TOKEN = "canary-token-7f3a9c51d2e84b60"
NOWHERE = "http://127.0.0.1:9"
BOUND = Binding("127.0.0.1", (Port(31337, "ELIZA_API_PORT"),))
FAST = {"login_poll_interval": 0.02, "heartbeat_interval": 5.0, "reconnect_interval": 0.05}


class SettledServer(TestServer):
    """Runs the application as the service does: aiohttp's own cancels handlers whose client goes away."""

    shutdown_timeout: ClassVar[float] = 0.1

    async def _make_runner(self, **_: Any) -> web.AppRunner:
        return web.AppRunner(self.app, shutdown_timeout=self.shutdown_timeout, **SERVER_SETTINGS)


@dataclass
class Service:
    """One service and a client that sends the token unless told otherwise.

    Every answer it gets must be one that the API's document describes.
    """

    client: TestClient
    manager: CloudManager
    directory: Path
    environ: dict[str, str] = field(default_factory=dict)
    crash: Crash = field(default_factory=Crash)

    async def call(self, method: str, path: str, **more: Any) -> aiohttp.ClientResponse:
        headers = {"Authorization": f"Bearer {TOKEN}", **more.pop("headers", {})}
        answer = await self.client.request(method, path, headers=headers, **more)
        check_answer(method, answer.url.raw_path, answer.status, answer.headers, await answer.read())
        return answer

    async def get(self, path: str, **more: Any) -> Any:
        return await (await self.call("GET", path, **more)).json()

    async def post(self, path: str, body: Any = None, **more: Any) -> tuple[int, Any]:
        content = {} if body is None else {"json": body}
        answer = await self.call("POST", path, **content, **more)
        return answer.status, await answer.json()

    async def agent(self, name: str = "my-cloud-agent") -> str:
        status, body = await self.post("/api/cloud/agents", {"agentName": name})
        assert status == 201, body
        return body["agent"]["id"]

    async def linked_agent(self) -> str:
        agent_id = await self.agent()
        status, body = await self.post(f"/api/cloud/agents/{agent_id}/connect")
        assert status == 200, body
        return agent_id

    async def until_connected(self) -> None:
        await until(lambda: self.manager.status().connected)


def request(head: str, *headers: str, host: str | None = "Host: localhost:31337") -> str:
    """Write a request for `raw`; `host` None leaves the header out."""
    lines = [f"{head} HTTP/1.1", *([host] if host is not None else []), *headers, "Connection: close"]
    return "\n".join(lines) + "\n\n"


async def raw(service: Service, request: str) -> tuple[int, dict[str, str], bytes]:
    """Send a request byte by byte as it is given; return status, headers in lower case, body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", service.client.port)
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


async def start_service(
    stack: contextlib.AsyncExitStack,
    directory: Path,
    base_url: str,
    *,
    key: str | None = None,
    bound: Binding = BOUND,
    settings: dict[str, Any] | None = None,
    observers: Sequence[Observer] = (),
    clock: Clock | None = None,
    make_client: Any = TestClient,
    **app: Any,
) -> Service:
    """Start a service whose state is in `directory`; `stack` ends it."""
    environ = {} if key is None else {"ELIZAOS_CLOUD_API_KEY": key}
    database = Database(directory / "agent.sqlite3")
    store = SqliteStore(database)
    stack.push_async_callback(store.close)
    crash = Crash()
    journal = Journal(SqliteJournal(database), SystemClock())
    stack.push_async_callback(journal.close)
    await journal.open()
    metrics = Metrics()
    cloud = CloudSession(base_url, allow_loopback=True, traces=[metrics.cloud.trace()])
    stack.push_async_callback(cloud.close)
    manager = CloudManager(
        settings=Settings(**{**FAST, **(settings or {})}),
        credentials=Credentials(ConfigFile(directory / "eliza.json"), store, environ, base_url),
        cloud=cloud,
        clock=clock,
        observers=[crash, journal, metrics.link, *observers],
    )
    await manager.start()
    stack.push_async_callback(manager.stop)
    gateway = Gateway(
        manager=manager,
        config=ConfigFile(directory / "eliza.json"),
        environ=environ,
        called=metrics.gateway.note,
    )
    stack.push_async_callback(gateway.close)
    client = make_client(
        SettledServer(
            create_app(
                manager,
                gateway=gateway,
                journal=journal,
                metrics=metrics,
                token=Secret(TOKEN),
                bound=bound,
                **app,
            )
        )
    )
    if make_client is TestClient:
        await stack.enter_async_context(client)
    else:
        client = await client
    return Service(client, manager, directory, environ, crash)


@pytest.fixture
async def serve(aiohttp_client, tmp_path):
    """Give a function that starts a service for a base URL; they all end with the test."""
    async with contextlib.AsyncExitStack() as stack:
        yield functools.partial(start_service, stack, tmp_path, make_client=aiohttp_client)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def idle(tmp_path_factory):
    """One service for a whole module: without a key, and for tests that leave nothing behind."""
    async with contextlib.AsyncExitStack() as stack:
        yield await start_service(
            stack,
            tmp_path_factory.mktemp("idle"),
            NOWHERE,
            allowed_hosts=["Eliza.Example"],
            allowed_origins=["https://app.example/"],
            monotonic=itertools.count(0.0, 60.0).__next__,
        )


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
