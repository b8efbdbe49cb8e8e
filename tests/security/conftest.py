"""Fixtures of the attacks."""

import pytest
import pytest_asyncio

from tests.security.guarded_service import guarded_service


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(tmp_path_factory):
    """One service for a whole module; no request that is refused leaves anything behind in it."""
    with pytest.MonkeyPatch.context() as patch:
        async with guarded_service(tmp_path_factory.mktemp("service"), patch) as opened:
            yield opened
