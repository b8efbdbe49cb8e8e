"""Each call of the cloud, each fault: the documented answer, a usable state, and recovery when it is over."""

import contextlib

import pytest

from tests.faults.endpoints import ENDPOINTS, LEFT_OUT, LINK, is_met
from tests.faults.expected import EXCEPTIONS, expected, link_after
from tests.faults.fast_service import LONG, SHORT, AdjustableTimeouts, fast_service
from tests.faults.faults import FAULTS, strike
from tests.faults.steps import Cell
from tests.harness.waiting import until

GENERATIONS = ["2026-04", "next", "latest"]
CELLS = [
    (generation, endpoint, fault)
    for generation in GENERATIONS
    for endpoint in ENDPOINTS
    for fault in FAULTS
    if is_met(endpoint, fault, generation)
]

HASTY_LOGIN = {"login_request_timeout": 0.25}


@contextlib.asynccontextmanager
async def staged(cloud, directory, endpoint, fault):
    """Give a cell whose fault has struck and whose call is still to come; `heal` ends the fault."""
    where, what = ENDPOINTS[endpoint], FAULTS[fault]
    key, timeouts = await cloud.new_key(), AdjustableTimeouts()
    url = cloud.base_url("https" if fault == "distrusted" else "http")
    settings = {**where.settings, **(HASTY_LOGIN if what.slow else {})}

    async def begin():
        if what.slow:
            timeouts.now = SHORT
        await strike(fault, where.method, where.path, cloud, key)

    async def heal():
        timeouts.now = LONG
        await cloud.heal()

    async with contextlib.AsyncExitStack() as stack:
        stack.callback(cloud.hang_up)
        stack.push_async_callback(cloud.heal)
        if where.from_the_start:
            await begin()
        given = key if where.signed_in else None
        running = await stack.enter_async_context(fast_service(directory, url, given, timeouts, settings))
        cell = Cell(cloud, running, key, fault)
        if not where.from_the_start:
            if where.signed_in:
                await until(lambda: running.manager.status().connected)
            if where.prepare:
                await where.prepare(cell)
            await begin()
        yield cell, heal


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("cloud", "endpoint", "fault"),
    CELLS,
    indirect=["cloud"],
    scope="module",
    ids=lambda name: name.replace(" ", "-"),
)
async def test_cell(cloud, tmp_path, endpoint, fault):
    async with staged(cloud, tmp_path, endpoint, fault) as (cell, heal):
        service = cell.service
        assert await ENDPOINTS[endpoint].meet(cell) == expected(endpoint, fault)
        after = link_after(endpoint, fault)
        await until(lambda: service.link() == after)
        is_accepted = service.manager.facts.key.value == "accepted"
        assert (await service.status())["connected"] is is_accepted
        await heal()
        await ENDPOINTS[endpoint].works(cell)
        assert service.manager.running
        assert cell.key not in str(service.log)


def test_the_table_is_complete(figure):
    for generation in GENERATIONS:
        met = {(endpoint, fault) for where, endpoint, fault in CELLS if where == generation}
        old = {fault for fault in FAULTS if not FAULTS[fault].is_new}
        assert {(endpoint, fault) for endpoint in LINK for fault in old} - met == LEFT_OUT[generation]
    of_the_newest = {(endpoint, fault) for where, endpoint, fault in CELLS if where == GENERATIONS[-1]}
    assert {endpoint for endpoint, _ in of_the_newest} == set(ENDPOINTS)
    assert EXCEPTIONS.keys() <= of_the_newest
    assert all(reason for _, reason in EXCEPTIONS.values())
    figure(
        f"faults on the wire: {len(ENDPOINTS)} endpoints, {len(FAULTS)} faults, {len(GENERATIONS)} "
        f"generations: {len(CELLS)} cells, with {len(EXCEPTIONS)} exceptions to the rules"
    )
