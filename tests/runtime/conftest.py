"""A real link: real store, real HTTP to a scripted cloud, time moved by hand."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import aiohttp
import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestServer

from eliza_cloud.cloud.http.request import Timeouts
from eliza_cloud.runtime.cloud_session import CloudSession
from eliza_cloud.runtime.manager import CloudManager
from eliza_cloud.runtime.observers import Observer, StepRecord
from eliza_cloud.store.config.file import ConfigFile
from eliza_cloud.store.config.settings import Settings
from eliza_cloud.store.credentials import Credentials
from eliza_cloud.store.paths import StatePaths, state_paths
from eliza_cloud.store.sqlite.database import Database, SqliteStore
from tests.harness.waiting import HANG
from tests.journals import Recording
from tests.observing import OnStep
from tests.runtime.fake_clock import FakeClock
from tests.runtime.scripted_cloud import KEY, A, ScriptedCloud, heartbeat_dead

T = TypeVar("T")


class Rig:
    """One machine with one link. `log` holds what was logged, `moves` the transitions."""

    def __init__(
        self,
        paths: StatePaths,
        cloud: ScriptedCloud,
        server: TestServer,
        log: list[structlog.typing.EventDict],
    ) -> None:
        self.paths = paths
        self.cloud = cloud
        self.server = server
        self.log = log
        self.base_url = str(server.make_url("/"))
        self.pages_url: str | None = None
        self.allow_loopback = True
        self.clock = FakeClock()
        self.jitter = 1.0
        self.environ: dict[str, str] = {}
        self.settings = Settings()
        self.timeouts = Timeouts()
        self.observers: list[Observer] = []
        self.traces: list[aiohttp.TraceConfig] = []
        self.reports: list[StepRecord] = []
        self.moves: list[tuple[str, str]] = []
        self._store: SqliteStore | None = None
        self._manager: CloudManager | None = None

    @property
    def link(self) -> CloudManager:
        assert self._manager is not None, "start() comes first"
        return self._manager

    @property
    def state(self) -> str:
        return self.link.status().connection.state

    async def start(self, *, key: str | None = KEY, verified: bool = True) -> CloudManager:
        """Start the service part; with a key it is signed in, and waited for until the cloud accepts it."""
        base_url = self.base_url
        self._store = SqliteStore(Database(self.paths.database))
        credentials = Credentials(
            ConfigFile(self.paths.config), self._store, self.environ, base_url.rstrip("/")
        )
        if key is not None:
            ConfigFile(self.paths.config).update(lambda document: _sign_in(document, key))
        self._journal = Recording(self.clock)
        self._session = CloudSession(
            base_url,
            allow_loopback=self.allow_loopback,
            pages_url=self.pages_url,
            timeouts=self.timeouts,
            traces=self.traces,
        )
        self._manager = CloudManager(
            settings=self.settings,
            credentials=credentials,
            cloud=self._session,
            clock=self.clock,
            jitter=lambda: self.jitter,
            observers=[self._journal, OnStep(self._observe), *self.observers],
        )
        await self._manager.start()
        if key is not None and verified:
            await self.until(lambda: self.link.status().connected)
        return self._manager

    async def sign_in(self, answer: web.Response) -> str:
        """Sign in through the browser: the first poll is answered like this; return the session's id."""
        session = (await self.link.start_login()).session_id
        self.cloud.script["poll"] = [answer]
        await self.after(
            2.0, lambda: self.link.login_status(session).status != "pending", f"poller {session}"
        )
        await self.quiet()
        return session

    async def connected(self, agent_id: str = A) -> CloudManager:
        """Start signed in and link to an agent."""
        link = await self.start()
        await link.connect(agent_id)
        return link

    async def lose(self) -> None:
        """Let the sandbox die and three heartbeats miss it: the ladder begins, its first rung armed."""
        self.cloud.always["heartbeat"] = heartbeat_dead()
        for missed in range(1, 4):
            beats = self.cloud.count("heartbeat")
            await self.after(
                30.0,
                lambda n=missed, b=beats: self.cloud.count("heartbeat") == b + 1 and self._missed(n),
                "monitor",
            )
        await self.until(lambda: self.state == "reconnecting" and self.clock.pending("reconnector"))

    def _missed(self, times: int) -> bool:
        return self.link.facts.missed_heartbeats == times or self.state == "reconnecting"

    async def restart(self) -> CloudManager:
        """Stop as SIGTERM does, and start with what was left behind."""
        await self.stop()
        return await self.start(key=None)

    async def kill(self) -> None:
        """End as SIGKILL does: nothing is said, stored or taken leave of."""
        assert self._manager is not None
        assert self._store is not None
        self._journal.check()
        await self._manager._background_tasks.close()
        await self._manager._loop.activities.close()
        await self._session.close()
        await self._store.close()
        self._manager = self._store = None

    async def stop(self) -> None:
        if self._manager is not None:
            await self._manager.stop()
            await self._session.close()
            self._journal.check()
            self._manager = None
        if self._store is not None:
            await self._store.close()
            self._store = None

    async def until(self, true: Callable[[], object]) -> None:
        """Let everything run that needs no time, until something holds."""
        async with asyncio.timeout(HANG):
            while not true():  # noqa: ASYNC110 - what is waited for is not ours to announce itself
                await asyncio.sleep(0)

    async def after(self, seconds: float, true: Callable[[], object], of: str | None = None) -> None:
        """Wait for a timer of exactly this delay, let the time pass, and wait until something holds."""
        await self.until(lambda: round(seconds, 6) in self.clock.pending(of))
        self.clock.advance(seconds)
        await self.until(true)

    async def quiet(self) -> None:
        """Let everything run that needs no time, until nothing has happened for 20 ms and 100 turns."""
        seen, since, turns = None, 0.0, 0
        while turns < 100 or time.monotonic() - since < 0.02:
            await asyncio.sleep(0)
            now = (len(self.cloud.calls), dict(self.cloud.under_way), len(self.reports), len(self.log))
            turns += 1
            if now != seen or self._works():
                seen, since, turns = now, time.monotonic(), 0

    def _works(self) -> bool:
        """Whether the consumer or the store is at work, which may take longer than a turn."""
        consumes = self.link.running and not self.link.is_idle
        return consumes or any(_what(task) == "Credentials._in_turn" for task in asyncio.all_tasks())

    async def outlast(self, work: Awaitable[T]) -> tuple[T, float]:
        """Let as much time pass as the work needs; return its result and the seconds."""
        task, begun = asyncio.ensure_future(work), self.clock.monotonic()
        while not task.done():
            await self.quiet()
            if not task.done() and (pending := self.clock.pending()):
                self.clock.advance(pending[0])
        return await task, self.clock.monotonic() - begun

    async def long_time(self) -> None:
        """Let an hour pass in small steps."""
        for _ in range(60):
            self.clock.advance(60.0)
            await asyncio.sleep(0)
        await self.quiet()

    def running(self) -> Counter[str]:
        """What runs beside the test and the server, by name, or by what it does where it has none."""
        tasks = (_what(task) for task in asyncio.all_tasks() - {asyncio.current_task()})
        return Counter(what for what in tasks if not what.startswith("RequestHandler"))

    def logged(self, event: str) -> list[structlog.typing.EventDict]:
        """The log's lines of one kind."""
        return [entry for entry in self.log if entry["event"] == event]

    def tasks(self) -> set[str]:
        """The names of the tasks that run beside the test's own and the server's."""
        return {name for name in self.link._loop.activities.names if name not in {"consumer", "wake"}}

    def _observe(self, report: StepRecord) -> None:
        self.reports.append(report)
        self.moves += [(source.value, target.value) for source, target in report.step.moves]


def _sign_in(document: dict, key: str) -> None:
    document.setdefault("cloud", {}).update(apiKey=key, enabled=True)


def _what(task: asyncio.Task) -> str:
    name = task.get_name()
    return task.get_coro().__qualname__ if name.startswith("Task-") else name


@pytest.fixture
def log() -> Iterator[list[structlog.typing.EventDict]]:
    with structlog.testing.capture_logs() as entries:
        yield entries


@pytest.fixture
def cloud() -> ScriptedCloud:
    return ScriptedCloud()


@pytest.fixture
async def rig(tmp_path: Path, cloud: ScriptedCloud, log: list) -> AsyncIterator[Rig]:
    server = TestServer(cloud.app)
    await server.start_server()
    faults: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
    rig = Rig(state_paths({"ELIZA_STATE_DIR": str(tmp_path / "state")}), cloud, server, log)
    try:
        yield rig
    finally:
        for gate in cloud.gates.values():
            gate.set()
        async with asyncio.timeout(HANG):
            await rig.stop()
        await server.close()
    assert faults == [], "an exception that nobody looked at"
