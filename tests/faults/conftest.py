"""One cloud for all cells of a generation."""

import pytest_asyncio

from tests.faults.stage import Cloud


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cloud(request):
    async with Cloud("2026-04").running() as cloud:
        yield cloud
