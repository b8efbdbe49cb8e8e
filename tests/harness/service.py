"""A service in this process, and calls of it.

`whole_service` puts one together as `serve` does, from a state directory and an environment.
`assembled_service` takes what no environment can choose: a clock, timeouts, a binding it does not listen on.
"""

import contextlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
from aiohttp import web

from eliza_cloud.api.app import SERVER_SETTINGS, create_app
from eliza_cloud.cloud.http.request import Timeouts
from eliza_cloud.daemon.service import running
from eliza_cloud.ops.metrics.service import Metrics
from eliza_cloud.redaction.log import LogRedactor
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
from tests.harness.waiting import until

TOKEN = "canary-token-7f3a9c51d2e84b60"
NOWHERE = "http://127.0.0.1:9"
ANY_PORT = Binding("127.0.0.1", (Port(0, "--port"),))
BOUND = Binding("127.0.0.1", (Port(31337, "ELIZA_API_PORT"),))
#: Seconds for requests under way when an assembled service ends.
SHUTDOWN_TIMEOUT = 0.1


class Service:
    """A service, its files, and calls of it with the token, unless they bring headers of their own."""

    url: str
    session: aiohttp.ClientSession

    def __init__(self, manager: CloudManager, directory: Path, environ: dict[str, str]) -> None:
        self.manager = manager
        self.directory = directory
        self.environ = environ

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def file(self) -> Path:
        return self.directory / "eliza.json"

    @property
    def config(self) -> ConfigFile:
        return ConfigFile(self.file)

    def document(self) -> dict[str, Any]:
        return dict(json.loads(self.file.read_text()))

    def edit(self, **members: Any) -> None:
        """Edit eliza.json by hand."""
        document = self.document() if self.file.exists() else {}
        self.file.write_text(json.dumps({**document, **members}))

    async def call(self, method: str, path: str, body: Any = None, **more: Any) -> aiohttp.ClientResponse:
        """Make a call and return the answer, read to its end."""
        token = self.environ.get("ELIZA_API_TOKEN", TOKEN)
        headers = {"Authorization": f"Bearer {token}", **(more.pop("headers", None) or {})}
        content = {} if body is None else {"json": body}
        answer = await self.session.request(method, f"{self.url}{path}", headers=headers, **content, **more)
        await answer.read()
        return answer

    async def ask(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, Any]:
        """Make a call and return status and body of the answer, which is JSON."""
        answer = await self.call(method, path, body, **more)
        return answer.status, await answer.json()

    async def get(self, path: str, **more: Any) -> Any:
        return (await self.ask("GET", path, **more))[1]

    async def post(self, path: str, body: Any = None, **more: Any) -> tuple[int, Any]:
        return await self.ask("POST", path, body, **more)

    async def agent(self, name: str = "my-cloud-agent") -> str:
        """Create an agent and return its id."""
        status, body = await self.post("/api/cloud/agents", {"agentName": name})
        assert status == 201, body
        return str(body["agent"]["id"])

    async def linked_agent(self) -> str:
        """Link to a new agent and return its id."""
        agent_id = await self.agent()
        status, body = await self.post(f"/api/cloud/agents/{agent_id}/connect")
        assert status == 200, body
        return agent_id

    async def until_connected(self) -> None:
        """Wait until the cloud has accepted the key."""
        await until(lambda: self.manager.status().connected)


S = TypeVar("S", bound=Service)


@contextlib.asynccontextmanager
async def whole_service(
    directory: Path,
    base_url: str = NOWHERE,
    key: str | None = None,
    *,
    kind: type[S] = Service,
    redactor: LogRedactor | None = None,
    observers: Sequence[Observer] = (),
    **environ: str,
) -> AsyncIterator[S]:
    """Run a service whose state is in `directory`, with a key from its environment or without."""
    given = {
        "ELIZA_STATE_DIR": str(directory),
        "ELIZA_API_TOKEN": TOKEN,
        "ELIZA_CLOUD_ALLOW_LOOPBACK": "1",
        "ELIZAOS_CLOUD_BASE_URL": base_url,
        **({"ELIZAOS_CLOUD_API_KEY": key} if key else {}),
        **environ,
    }
    async with running(given, ANY_PORT, redactor or LogRedactor(), observers) as parts:
        started = kind(parts.manager, directory, given)
        started.url = parts.urls[0]
        async with aiohttp.ClientSession() as started.session:
            yield started


class AssembledService(Service):
    """A service and the parts of it that a test chose or looks into."""

    runner: web.AppRunner

    @property
    def app(self) -> web.Application:
        return self.runner.app


A = TypeVar("A", bound=AssembledService)


@contextlib.asynccontextmanager
async def assembled_service(
    directory: Path,
    base_url: str = NOWHERE,
    key: str | None = None,
    *,
    kind: type[A] = AssembledService,
    bound: Binding = BOUND,
    settings: Mapping[str, Any] | None = None,
    timeouts: Timeouts = Timeouts(),  # noqa: B008 - frozen
    clock: Clock | None = None,
    journal: Journal | None = None,
    observers: Sequence[Observer] = (),
    **app: Any,
) -> AsyncIterator[A]:
    """Run a service of these parts, the usual ones where none is given; `app` is for `create_app`."""
    environ = {} if key is None else {"ELIZAOS_CLOUD_API_KEY": key}
    config = ConfigFile(directory / "eliza.json")
    metrics = Metrics()
    async with contextlib.AsyncExitStack() as stack:
        database = Database(directory / "agent.sqlite3")
        store = SqliteStore(database)
        stack.push_async_callback(store.close)
        if journal is None:
            journal = Journal(SqliteJournal(database), SystemClock())
            stack.push_async_callback(journal.close)
            await journal.open()
        traces = [metrics.cloud.trace()]
        cloud = CloudSession(base_url, allow_loopback=True, timeouts=timeouts, traces=traces)
        stack.push_async_callback(cloud.close)
        manager = CloudManager(
            settings=Settings(**(settings or {})),
            credentials=Credentials(config, store, environ, base_url),
            cloud=cloud,
            clock=clock,
            observers=[*observers, journal, metrics.link],
        )
        await manager.start()
        stack.push_async_callback(manager.stop)
        gateway = Gateway(manager=manager, config=config, environ=environ, called=metrics.gateway.note)
        stack.push_async_callback(gateway.close)
        parts = {"gateway": gateway, "journal": journal, "metrics": metrics}
        started = kind(manager, directory, environ)
        started.runner = web.AppRunner(
            create_app(manager, **parts, token=Secret(TOKEN), bound=bound, **app),
            shutdown_timeout=SHUTDOWN_TIMEOUT,
            **SERVER_SETTINGS,
        )
        stack.push_async_callback(started.runner.cleanup)
        await started.runner.setup()
        await web.TCPSite(started.runner, "127.0.0.1", 0).start()
        started.url = f"http://127.0.0.1:{started.runner.addresses[0][1]}"
        started.session = await stack.enter_async_context(aiohttp.ClientSession())
        yield started
