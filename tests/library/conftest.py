"""An emulated cloud for programs that use the package as a library."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import structlog

from eliza_cloud import CloudConfig
from tests.harness.emulator import Emulator, emulator


@pytest.fixture
async def cloud() -> AsyncIterator[Emulator]:
    async with emulator() as started:
        yield started


@pytest.fixture
def make_config(cloud: Emulator) -> Callable[..., Awaitable[CloudConfig]]:
    """Make the configuration of a new key."""

    async def make(**members: object) -> CloudConfig:
        return CloudConfig(api_key=await cloud.mint(), base_url=cloud.url, allow_loopback=True, **members)

    return make


@pytest.fixture(autouse=True)
def _a_program_that_has_not_set_up_its_log() -> None:
    structlog.reset_defaults()
