"""An emulated cloud for programs that use the package as a library."""

from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest
import structlog
from aiohttp.test_utils import TestServer

from eliza_cloud import CloudConfig
from eliza_cloud.emulator import create_app


class Cloud:
    """The emulator, and what a test does in it that the library does not."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url = url
        self._session = session

    async def post(self, path: str, body: dict[str, object]) -> dict[str, object]:
        async with self._session.post(f"{self.url}{path}", json=body) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def state(self) -> dict[str, object]:
        async with self._session.get(f"{self.url}/emulator/state") as answer:
            return await answer.json()


@pytest.fixture
async def cloud() -> AsyncIterator[Cloud]:
    app = create_app(job_seconds=0.02, poll_interval_ms=20, rate_limits=False)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        yield Cloud(str(server.make_url("/")).rstrip("/"), session)


@pytest.fixture
def make_config(cloud: Cloud) -> Callable[..., Awaitable[CloudConfig]]:
    """Make the configuration of a new key."""

    async def make(**members: object) -> CloudConfig:
        key = (await cloud.post("/emulator/keys", {}))["apiKey"]
        return CloudConfig(api_key=key, base_url=cloud.url, allow_loopback=True, **members)

    return make


@pytest.fixture(autouse=True)
def _a_program_that_has_not_set_up_its_log() -> None:
    structlog.reset_defaults()
