"""One cloud for all cells of a generation."""

import pytest_asyncio

from tests.faults.emulated import Cloud


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cloud(request):
    """An emulator of the generation that the cell names."""
    async with Cloud(request.param).running() as cloud:
        yield cloud
