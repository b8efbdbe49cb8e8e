"""One cloud for all cells of a generation."""

import pytest_asyncio

from tests.faults.breakable_emulator import breakable_emulator


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cloud(request):
    """An emulator of the generation that the cell names."""
    async with breakable_emulator(request.param) as cloud:
        yield cloud
