"""A real link: real store, real HTTP to a scripted cloud, time moved by hand."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog
from aiohttp.test_utils import TestServer

from eliza_cloud.store.paths import state_paths
from tests.harness.link import LinkHarness
from tests.harness.scripted_cloud import ScriptedCloud
from tests.harness.waiting import HANG


@pytest.fixture
def log() -> Iterator[list[structlog.typing.EventDict]]:
    with structlog.testing.capture_logs() as entries:
        yield entries


@pytest.fixture
def cloud() -> ScriptedCloud:
    return ScriptedCloud()


@pytest.fixture
async def rig(tmp_path: Path, cloud: ScriptedCloud, log: list) -> AsyncIterator[LinkHarness]:
    server = TestServer(cloud.app)
    await server.start_server()
    faults: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
    rig = LinkHarness(state_paths({"ELIZA_STATE_DIR": str(tmp_path / "state")}), cloud, server, log)
    try:
        yield rig
    finally:
        for gate in cloud.gates.values():
            gate.set()
        async with asyncio.timeout(HANG):
            await rig.stop()
        await server.close()
    assert faults == [], "an exception that nobody looked at"
