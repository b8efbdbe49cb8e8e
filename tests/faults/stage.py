"""The real service, in a hurry."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import structlog
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from eliza_cloud.api.app import SERVER_SETTINGS, create_app
from eliza_cloud.cloud.http.request import Timeouts
from eliza_cloud.ops.metrics.service import Metrics
from eliza_cloud.redaction.secret import Secret
from eliza_cloud.routing.gateway import Gateway
from eliza_cloud.runtime.clock import Timer
from eliza_cloud.runtime.cloud_session import CloudSession
from eliza_cloud.runtime.manager import CloudManager
from eliza_cloud.store.config.file import ConfigFile
from eliza_cloud.store.config.listen_address import Binding, Port
from eliza_cloud.store.config.settings import Settings
from eliza_cloud.store.credentials import Credentials
from eliza_cloud.store.sqlite.database import Database, SqliteStore
from tests.harness.journals import Recording
from tests.harness.observers import OnStep

TOKEN = "token-of-the-fault-table-0123456789"
BOUND = Binding("127.0.0.1", (Port(31337, "ELIZA_API_PORT"),))
#: While nothing is wrong, and for what a fault catches that was on its way already.
LONG = Timeouts(**dict.fromkeys(Timeouts.__struct_fields__, 5.0))
SHORT = Timeouts(**dict.fromkeys(Timeouts.__struct_fields__, 0.06))
HASTE = 100


class Haste:
    """Seconds that pass a hundred times as fast, or so, for the pauses the link makes on its own."""

    def __init__(self, haste: float = HASTE) -> None:
        self._haste = haste
        self._wall = time.time()
        self._begun = time.monotonic()
        self.armed = 0

    def wall(self) -> float:
        return self._wall + (self.monotonic() - self._begun * self._haste)

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time() * self._haste

    def call_at(self, when: float, callback: Any) -> Timer:
        self.armed += 1
        return asyncio.get_running_loop().call_at(when / self._haste, callback)


class Patience:
    """The client's timeouts, which a cell shortens while it waits for one of them."""

    def __init__(self) -> None:
        self.now = LONG

    def __getattr__(self, name: str) -> float:
        seconds: float = getattr(self.now, name)
        return seconds


class SettledServer(TestServer):
    """Runs the application as the service does."""

    async def _make_runner(self, **_: Any) -> web.AppRunner:
        return web.AppRunner(self.app, shutdown_timeout=0.1, **SERVER_SETTINGS)


@dataclass
class Service:
    """One service: its API, its manager, what it logged."""

    client: TestClient[web.Request, web.Application]
    manager: CloudManager
    clock: Haste
    log: list[Any]
    #: How often each event of the link has happened.
    events: Counter[str]

    async def call(self, method: str, path: str, body: Any = None) -> aiohttp.ClientResponse:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        content = {} if body is None else {"json": body}
        where = path if path.startswith(("/v1/", "/rpc/")) else f"/api{path}"
        answer = await self.client.request(method, where, headers=headers, **content)
        await answer.read()
        return answer

    async def status(self) -> dict[str, Any]:
        answer = await self.call("GET", "/cloud/status")
        assert answer.status == 200
        found: dict[str, Any] = await answer.json()
        return found

    def link(self) -> str:
        """Say how the link stands, with the reason where there is one."""
        link = self.manager.status().connection
        return link.state if link.reason is None else f"{link.state} {link.reason}"

    def logged(self, event: str) -> int:
        return sum(line["event"] == event for line in self.log)


@contextlib.asynccontextmanager
async def service(
    directory: Path,
    base_url: str,
    key: str | None,
    patience: Patience,
    settings: Mapping[str, float],
    *,
    haste: float = HASTE,
) -> Any:
    """Run a service over an empty state directory; a key comes from its environment."""
    clock, seen = Haste(haste), Counter[str]()
    recording = Recording(clock)
    store = SqliteStore(Database(directory / "agent.sqlite3"))
    environ = {} if key is None else {"ELIZAOS_CLOUD_API_KEY": key}
    calm = {
        "heartbeat_interval": 1e6,
        "backup_interval": 1e6,
        "login_poll_interval": 1.0,
        "login_timeout": 1e6,
        "max_reconnect_attempts": 0,
        "max_hourly_usd": 1.0,
        "max_start_usd": 1.0,
    }
    with structlog.testing.capture_logs() as log:
        cloud = CloudSession(base_url, allow_loopback=True, timeouts=patience)  # type: ignore[arg-type]
        manager = CloudManager(
            settings=Settings(**{**calm, **settings}),  # type: ignore[arg-type]
            credentials=Credentials(ConfigFile(directory / "eliza.json"), store, environ, base_url),
            cloud=cloud,
            clock=clock,
            observers=[recording, OnStep(lambda report: seen.update([type(report.event).__name__]))],
        )
        gateway = Gateway(manager=manager, config=ConfigFile(directory / "eliza.json"), environ=environ)
        app = create_app(
            manager,
            gateway=gateway,
            journal=recording,
            metrics=Metrics(),
            token=Secret(TOKEN),
            bound=BOUND,
        )
        server = SettledServer(app)
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(store.close)
            stack.push_async_callback(cloud.close)
            await manager.start()
            stack.push_async_callback(manager.stop)
            client = await stack.enter_async_context(TestClient(server))
            yield Service(client, manager, clock, log, seen)
        recording.check()
