"""What readers cost: the link nothing it could notice, the service a bounded amount of memory."""

import asyncio
import gc
import statistics
import time
import tracemalloc

from eliza_cloud.api.http import event_hub as event_stream
from eliza_cloud.api.http import sse
from eliza_cloud.runtime.observers import Observer
from tests.events.conftest import Reader, Stage, staged
from tests.events.test_keeping_up import LARGE, ROOM
from tests.harness.waiting import HANG, until

MEBIBYTE = 2**20


class Took(Observer):
    """Keeps how long each event took the link's consumer."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def on_event_handled(self, kind: str, waited: float, took: float) -> None:
        self.seconds.append(took)


async def test_stalled_readers_cost_the_link_no_time(serve, cloud, monkeypatch, figure):
    monkeypatch.setattr(sse, "STALLED_AFTER", HANG)
    took = Took()

    async def median() -> float:
        took.seconds.clear()
        await stage.change(2000, size=500)
        return statistics.median(took.seconds)

    async with staged(await serve(cloud.url, observers=[took])) as stage:
        await median()
        alone = await median()
        readers = [await stage.read(room=ROOM) for _ in range(50)]
        watched = await median()
        for reader in readers:
            reader.close()
        await until(lambda: stage.hub.readers == 0)
        alone = min(alone, await median())
    figure(
        f"event stream: handling an event takes {alone * 1e6:.0f} us, with 50 stalled readers"
        f" {watched * 1e6:.0f} us"
    )
    assert watched < 3 * alone


async def test_stalled_readers_take_a_bounded_amount_of_memory(stage, monkeypatch, figure):
    monkeypatch.setattr(sse, "STALLED_AFTER", 60.0)
    tracemalloc.start()
    try:
        alone = await _held_after(stage, 1000)
        readers = [await stage.read(room=ROOM) for _ in range(50)]
        for _ in range(30):
            await stage.change(size=LARGE)  # so that every one of them stalls
        stalled = await _held_after(stage, 1000)
        at_the_end = await _held_after(stage, 10_000)
    finally:
        tracemalloc.stop()
    assert stage.hub.readers == len(readers)
    held = (at_the_end - alone) / MEBIBYTE
    figure(f"event stream: 50 stalled readers hold {held:.1f} MiB, also while 10,000 changes pass")
    assert held < 20
    assert at_the_end < stalled + MEBIBYTE


async def _held_after(stage: Stage, changes: int) -> int:
    """How much memory is in use after so many changes, of which the history holds the last."""
    for _ in range(changes // 500):
        await stage.change(500, size=500)
    await stage.journal.flush()
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


async def test_one_change_reaches_a_hundred_readers_at_once(stage, monkeypatch, figure):
    monkeypatch.setattr(event_stream, "MOST_READERS", 100)
    readers = [await stage.read()]
    await readers[0].next()
    alone = await _span_of_a_change(stage, readers)
    readers += [await stage.read() for _ in range(99)]
    for reader in readers[1:]:
        await reader.next()
    span = await _span_of_a_change(stage, readers)
    figure(f"event stream: a change reaches 100 readers within {span * 1e3:.1f} ms, one in {alone * 1e3:.1f}")
    assert span < 3 * 100 * alone  # a busy machine gives or takes something


async def _span_of_a_change(stage: Stage, readers: list[Reader]) -> float:
    """Return how many seconds pass until every reader has read a change."""
    spans = []
    for _ in range(20):
        begun = time.perf_counter()
        stage.service.manager.change_settings(stage.service.manager.settings, [str(begun)])
        frames = await asyncio.gather(*(reader.next() for reader in readers))
        spans.append(time.perf_counter() - begun)
        assert len({frame.text for frame in frames}) == 1
    return statistics.median(spans)
