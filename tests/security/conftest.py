"""Fixtures of the attacks."""

import pytest
import pytest_asyncio

from tests.security import house as houses


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory):
    """One service for a whole module; no request that is refused leaves anything behind in it."""
    with pytest.MonkeyPatch.context() as patch:
        async with houses.house(tmp_path_factory.mktemp("house"), patch) as opened:
            yield opened
