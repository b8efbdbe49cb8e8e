"""Readers that are slow, stall, leave, or stay until the end: none of them is anybody else's trouble."""

import asyncio
import time

import pytest
from structlog.testing import capture_logs

from eliza_cloud.api.http import event_hub as event_stream
from eliza_cloud.api.http import sse
from eliza_cloud.core import log_events
from tests.events.conftest import staged
from tests.harness import service as harness
from tests.harness.waiting import HANG, until

ROOM = 4096
#: Characters of a change of which a few fill a connection with little room.
LARGE = 20_000


async def test_a_slow_reader_is_told_what_it_lost_and_goes_on_with_the_oldest_there_is(
    serve, cloud, monkeypatch
):
    monkeypatch.setattr(event_stream, "HISTORY", 10)
    async with staged(await serve(cloud.url)) as stage:
        reader = await stage.read(room=ROOM)
        place = (await reader.next()).seq
        with capture_logs() as logged:
            await stage.change(60, size=LARGE)
            lost = gaps = 0
            while place < stage.journal.seq:
                frame = await reader.next()
                if frame.event == "gap":
                    assert frame.data == {
                        "after": place,
                        "missed": frame.seq - place,
                        "reason": "slow_reader",
                    }
                    lost += frame.data["missed"]
                    gaps += 1
                else:
                    assert frame.seq == place + 1
                place = frame.seq
        assert lost > 20
        assert stage.hub.lost == lost
        metrics = await (await stage.service.call("GET", "/metrics")).text()
        assert f"eliza_cloud_event_stream_lost_total {float(lost)}" in metrics
        assert "eliza_cloud_event_stream_readers 1.0" in metrics
        lags = [line for line in logged if line["event"] == log_events.EVENT_STREAM_LAGGING]
        assert [line["log_level"] for line in lags] == ["warning", *["debug"] * (gaps - 1)]
        assert sum(line["lost"] for line in lags) == lost


async def test_the_second_time_a_reader_lags_is_no_warning_any_more(serve, cloud, monkeypatch):
    monkeypatch.setattr(event_stream, "HISTORY", 10)
    async with staged(await serve(cloud.url)) as stage:
        reader = await stage.read(room=ROOM)
        with capture_logs() as logged:
            for _ in range(2):
                await stage.change(60, size=LARGE)
                while (await reader.next()).seq < stage.journal.seq:
                    pass
        levels = [line["log_level"] for line in logged if line["event"] == log_events.EVENT_STREAM_LAGGING]
        assert levels[0] == "warning"
        assert len(levels) > 1
        assert set(levels[1:]) == {"debug"}


async def test_a_slow_reader_costs_the_others_nothing(serve, cloud, monkeypatch):
    monkeypatch.setattr(event_stream, "HISTORY", 10)
    async with staged(await serve(cloud.url)) as stage:
        await stage.read(room=ROOM)
        quick = await stage.read()
        place = (await quick.next()).seq
        for _ in range(60):
            await stage.change(size=LARGE)
            place += 1
            frame = await quick.next()
            assert (frame.seq, frame.event) == (place, "status")


async def test_a_reader_that_does_not_read_is_cut_off(stage, monkeypatch):
    monkeypatch.setattr(sse, "STALLED_AFTER", 0.1)
    stalled, available = await stage.read(room=ROOM), await stage.read()
    await available.next()
    await stage.change(40, size=LARGE)
    await available.frames(40)
    await until(lambda: stage.hub.readers == 1)
    assert not (await stalled.rest()).endswith(b"0\r\n\r\n")
    await stage.change()
    assert (await available.next()).seq == stage.journal.seq


async def test_comments_keep_a_quiet_stream_alive(stage, monkeypatch):
    monkeypatch.setattr(event_stream, "KEEP_ALIVE", 0.02)
    reader = await stage.read()
    await reader.next()
    async with asyncio.timeout(HANG):
        assert [await reader.piece() for _ in range(3)] == [": still here"] * 3
    await stage.change()
    assert (await reader.next()).seq == stage.journal.seq


async def test_a_reader_that_leaves_is_forgotten(stage):
    reader = await stage.read()
    await reader.next()
    assert stage.hub.readers == 1
    reader.close()
    await until(lambda: stage.hub.readers == 0)


@pytest.fixture
def patient(monkeypatch) -> None:
    """Let the server wait for handlers as long as it takes, so that it has no need to cancel one."""
    monkeypatch.setattr(harness, "SHUTDOWN_TIMEOUT", HANG)


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("stalled", [0, 10])
async def test_every_stream_ends_in_order_when_the_service_stops_which_waits_for_none(stage, stalled, figure):
    readers = [await stage.read() for _ in range(10)]
    for reader in readers:
        await reader.next()
    deaf = [await stage.read(room=ROOM) for _ in range(stalled)]
    if deaf:
        await stage.change(40, size=LARGE)
        for reader in readers:
            await reader.frames(40)
    begun = time.monotonic()
    with capture_logs() as logged:
        closing = asyncio.create_task(stage.service.runner.cleanup())
        for reader in readers:
            assert await reader.piece() is None
            assert reader.ended
        await closing
    took = time.monotonic() - begun
    ends = [line for line in logged if line["event"] == log_events.REQUEST_ANSWERED]
    assert len(ends) == 10 + stalled  # no handler was cancelled
    assert took < sse.STALLED_AFTER
    assert stage.hub.readers == 0
    figure(f"event stream: 10 readers and {stalled} stalled ones: stopped in {took * 1000:.0f} ms")


async def test_a_reader_is_refused_while_the_service_stops(stage):
    await stage.service.app.shutdown()
    reader = await stage.read()
    assert reader.status == 503
    assert (await reader.body())["code"] == "stopping"
