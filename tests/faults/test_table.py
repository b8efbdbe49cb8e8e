"""Each call of the cloud, each fault: the documented answer, a usable state, and recovery when it is over."""

import contextlib

import pytest

from tests.faults.endpoints import ENDPOINTS, Cell
from tests.faults.expected import expected
from tests.faults.faults import FAULTS, strike
from tests.faults.stage import SHORT, LONG, Patience, service, until

pytestmark = pytest.mark.asyncio(loop_scope="module")
CELLS = [(endpoint, fault) for endpoint in ENDPOINTS for fault in FAULTS]


@pytest.mark.parametrize(("endpoint", "fault"), CELLS, ids=lambda name: name.replace(" ", "-"))
async def test_cell(cloud, tmp_path, endpoint, fault):
    where, what = ENDPOINTS[endpoint], FAULTS[fault]
    key, patience = await cloud.new_key(), Patience()
    url = cloud.url("https" if fault == "distrusted" else "http")
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(cloud.heal)

        async def begin():
            if what.slow:
                patience.now = SHORT
            await strike(fault, where.method, where.path, cloud, key)

        if where.from_the_start:
            await begin()
        running = await stack.enter_async_context(
            service(tmp_path, url, key if where.signed_in else None, patience, where.settings)
        )
        cell = Cell(cloud, running, key, fault)
        if not where.from_the_start:
            if where.signed_in:
                await until(lambda: running.manager.status().connected)
            if where.prepare:
                await where.prepare(cell)
            await begin()

        assert await where.meet(cell) == expected(endpoint, fault)
        assert running.manager.running
        assert await running.status()

        patience.now = LONG
        await cloud.heal()
        await where.works(cell)
        assert running.manager.running
        assert key not in str(running.log)
