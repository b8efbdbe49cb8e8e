"""A real link: real store, real HTTP to a scripted cloud, time moved by hand."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from eliza_cloud.link.access import CloudAccess
from eliza_cloud.link.manager import CloudManager
from eliza_cloud.link.report import Report
from eliza_cloud.store.config_file import ConfigFile
from eliza_cloud.store.credentials import Credentials
from eliza_cloud.store.paths import StatePaths, state_paths
from eliza_cloud.store.record import SqliteStore
from eliza_cloud.store.settings import Settings
from tests.link.fake_clock import FakeClock
from tests.link.scripted_cloud import KEY, ScriptedCloud


class Rig:
    """One machine with one link."""

    def __init__(self, paths: StatePaths, cloud: ScriptedCloud, server: TestServer) -> None:
        self.paths = paths
        self.cloud = cloud
        self.server = server
        self.clock = FakeClock()
        self.environ: dict[str, str] = {}
        self.settings = Settings()
        self.reports: list[Report] = []
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

    async def start(self, *, key: str | None = KEY) -> CloudManager:
        """Start the service part; with a key it is signed in."""
        base_url = str(self.server.make_url("/"))
        self._store = SqliteStore(self.paths.database)
        credentials = Credentials(
            ConfigFile(self.paths.config), self._store, self.environ, base_url.rstrip("/")
        )
        if key is not None:
            ConfigFile(self.paths.config).update(lambda document: _sign_in(document, key))
        self._manager = CloudManager(
            settings=self.settings,
            credentials=credentials,
            cloud=CloudAccess(base_url, allow_loopback=True),
            clock=self.clock,
            chance=lambda: 1.0,
            observers=[self._observe],
        )
        await self._manager.start()
        if key is not None:
            await self.until(lambda: self.link.status().connected)
        return self._manager

    async def stop(self) -> None:
        if self._manager is not None:
            await self._manager.stop()
            self._manager = None
        if self._store is not None:
            await self._store.close()
            self._store = None

    async def until(self, true: Callable[[], object]) -> None:
        """Let everything run that needs no time, until something holds."""
        async with asyncio.timeout(10):
            while not true():
                await asyncio.sleep(0)

    async def after(self, seconds: float, true: Callable[[], object]) -> None:
        """Wait for a timer of exactly this delay, let the time pass, and wait until something holds."""
        await self.until(lambda: round(seconds, 6) in self.clock.pending())
        self.clock.advance(seconds)
        await self.until(true)

    def tasks(self) -> set[str]:
        """The names of the tasks that run beside the test's own and the server's."""
        return {name for name in self.link._loop.activities.names if name not in {"consumer", "wake"}}

    def _observe(self, report: Report) -> None:
        self.reports.append(report)
        self.moves += [(source.value, target.value) for source, target in report.step.moves]


def _sign_in(document: dict, key: str) -> None:
    document.setdefault("cloud", {}).update(apiKey=key, enabled=True)


@pytest.fixture
def cloud() -> ScriptedCloud:
    return ScriptedCloud()


@pytest.fixture
async def rig(tmp_path: Path, cloud: ScriptedCloud) -> AsyncIterator[Rig]:
    server = TestServer(cloud.app)
    await server.start_server()
    rig = Rig(state_paths({"ELIZA_STATE_DIR": str(tmp_path / "state")}), cloud, server)
    try:
        yield rig
    finally:
        for gate in cloud.gates.values():
            gate.set()
        await rig.stop()
        await server.close()
