"""Waiting by a clock that is handed in."""

import asyncio

import pytest

from eliza_cloud.runtime.clock import Flag, SystemClock, sleep, timeout, wait_for
from tests.harness.clock import FakeClock


async def spin():
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_sleep_ends_when_its_time_has_come_and_not_before():
    clock = FakeClock()
    sleeping = asyncio.ensure_future(sleep(clock, 5.0))
    await spin()
    clock.advance(4.999)
    await spin()
    assert not sleeping.done()
    clock.advance(0.001)
    await sleeping
    assert clock.pending() == []


async def test_a_cancelled_sleep_leaves_no_timer():
    clock = FakeClock()
    sleeping = asyncio.ensure_future(sleep(clock, 5.0))
    await spin()
    sleeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sleeping
    assert clock.pending() == []


async def test_waiting_for_an_event_tells_whether_it_came():
    clock, event = FakeClock(), Flag()
    waiting = asyncio.ensure_future(wait_for(clock, event, 5.0))
    await spin()
    event.set()
    assert await waiting is True
    assert clock.pending() == []
    assert await wait_for(clock, event, 5.0) is True

    event.clear()
    waiting = asyncio.ensure_future(wait_for(clock, event, 5.0))
    await spin()
    clock.advance(5.0)
    assert await waiting is False


async def test_waiting_leaves_no_task():
    clock, before = FakeClock(), asyncio.all_tasks()
    waiting = asyncio.ensure_future(wait_for(clock, Flag(), 5.0))
    await spin()
    clock.advance(5.0)
    await waiting
    await spin()
    assert asyncio.all_tasks() == before


async def test_a_deadline_ends_a_block_that_takes_too_long():
    clock = FakeClock()

    async def block():
        async with timeout(clock, 8.0):
            await asyncio.Event().wait()

    blocked = asyncio.ensure_future(block())
    await spin()
    clock.advance(7.9)
    await spin()
    assert not blocked.done()
    clock.advance(0.1)
    with pytest.raises(TimeoutError):
        await blocked


async def test_a_block_that_ends_in_time_leaves_no_timer():
    clock = FakeClock()
    async with timeout(clock, 8.0):
        await asyncio.sleep(0)
    assert clock.pending() == []
    with pytest.raises(KeyError):
        async with timeout(clock, 8.0):
            raise KeyError("passed on")
    assert clock.pending() == []


async def test_a_cancellation_from_outside_is_no_timeout():
    clock = FakeClock()

    async def block():
        async with timeout(clock, 8.0):
            await asyncio.Event().wait()

    blocked = asyncio.ensure_future(block())
    await spin()
    blocked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await blocked


async def test_the_inner_of_two_deadlines_does_not_end_the_outer_block():
    clock, seen = FakeClock(), []

    async def block():
        async with timeout(clock, 8.0):
            try:
                async with timeout(clock, 2.0):
                    await asyncio.Event().wait()
            except TimeoutError:
                seen.append("inner")
            await asyncio.Event().wait()

    blocked = asyncio.ensure_future(block())
    await spin()
    clock.advance(2.0)
    await spin()
    assert seen == ["inner"]
    assert not blocked.done()
    clock.advance(6.0)
    with pytest.raises(TimeoutError):
        await blocked


async def test_the_system_clock_keeps_its_promises():
    clock, before = SystemClock(), SystemClock().monotonic()
    await sleep(clock, 0.01)
    assert clock.monotonic() - before >= 0.009
    assert clock.wall() > 1_700_000_000
    with pytest.raises(TimeoutError):
        async with timeout(clock, 0.01):
            await asyncio.Event().wait()
    timer = clock.call_at(clock.monotonic(), lambda: pytest.fail("a cancelled timer called"))
    timer.cancel()
    await spin()
