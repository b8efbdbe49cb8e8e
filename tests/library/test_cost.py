"""What one more link costs in memory, its HTTP session aside."""

import asyncio
import gc
import tracemalloc

from eliza_cloud import CloudManager
from eliza_cloud.redaction.secret import Secret
from eliza_cloud.runtime.cloud_session import CloudSession
from eliza_cloud.runtime.loop import Machines
from eliza_cloud.store.config.settings import Settings
from eliza_cloud.store.memory import memory_credentials
from tests.harness.scripted_cloud import KEY, A, ScriptedCloud

WARM_UP, MEASURED, LIMIT = 10, 50, 25 * 1024


async def test_a_connected_link_costs_at_most_25_kib(figure, aiohttp_server):
    server = await aiohttp_server(ScriptedCloud().app)
    url, machines = str(server.make_url("/")), Machines.build()

    async def connected(cloud: CloudSession) -> CloudManager:
        manager = CloudManager(
            settings=Settings(),
            credentials=memory_credentials(Secret(KEY), url),
            cloud=cloud,
            machines=machines,
        )
        await manager.start()
        await manager.connect(A)
        return manager

    async def settled(links: list[CloudManager]) -> int:
        """Let what the connecting began end, and measure."""
        turns = 0
        while turns < 100:
            await asyncio.sleep(0)
            turns = turns + 1 if all(link.is_idle and link.facts.spending for link in links) else 0
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        async with CloudSession(url, allow_loopback=True) as cloud:
            links = [await connected(cloud) for _ in range(WARM_UP)]
            before = await settled(links)
            links += [await connected(cloud) for _ in range(MEASURED)]
            each = (await settled(links) - before) / MEASURED
            assert {link.facts.state.value for link in links} == {"connected"}
            await asyncio.gather(*(link.stop() for link in links))
    finally:
        tracemalloc.stop()
    figure(f"memory of one connected link: {each / 1024:.1f} KiB")
    assert each <= LIMIT
