"""What one more link costs in memory, its HTTP session aside."""

import asyncio
import gc
import tracemalloc

from eliza_cloud import CloudConfig, CloudManager
from eliza_cloud.redaction.secret import Secret
from eliza_cloud.runtime.cloud_session import CloudSession
from eliza_cloud.runtime.machines import Machines
from eliza_cloud.store.config.settings import Settings
from eliza_cloud.store.memory import memory_credentials
from tests.runtime.scripted_cloud import KEY, A, ScriptedCloud

WARM_UP, MEASURED, LIMIT = 10, 50, 25 * 1024


async def test_a_connected_link_costs_at_most_25_kib(figure, aiohttp_server):
    server = await aiohttp_server(ScriptedCloud().app)
    config = CloudConfig(KEY, str(server.make_url("/")), allow_loopback=True)
    cloud, machines = CloudSession(config.base_url, allow_loopback=True), Machines.build()

    async def connected() -> CloudManager:
        manager = CloudManager(
            settings=Settings(),
            credentials=memory_credentials(Secret(KEY), config.base_url),
            cloud=cloud,
            machines=machines,
        )
        await manager.start()
        await manager.connect(A)
        return manager

    async def settled() -> int:
        """Let what the connecting began end, and measure."""
        await asyncio.sleep(0.2)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        links = [await connected() for _ in range(WARM_UP)]
        before = await settled()
        links += [await connected() for _ in range(MEASURED)]
        each = (await settled() - before) / MEASURED
    finally:
        tracemalloc.stop()
    assert [link.facts.state.value for link in links] == ["connected"] * (WARM_UP + MEASURED)
    await asyncio.gather(*(link.stop() for link in links))
    figure(f"memory of one connected link: {each / 1024:.1f} KiB")
    assert each <= LIMIT
