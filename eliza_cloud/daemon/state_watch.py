"""Noticing that the state directory is gone, or another one: a second service may run in its place."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from eliza_cloud.core import log_events
from eliza_cloud.core.problems import STATE_DIR_LOST
from eliza_cloud.runtime.conditions import Conditions
from eliza_cloud.runtime.manager import CloudManager
from eliza_cloud.store.instance_lock import InstanceLock

#: Seconds between two looks at the directory.
LOOKED_AFTER = 20.0

log = structlog.get_logger()


@asynccontextmanager
async def watched(
    lock: InstanceLock, directory: Path, manager: CloudManager, conditions: Conditions
) -> AsyncIterator[None]:
    """Look after the state directory within the block; once it is lost, say so and close the link."""
    watcher = asyncio.create_task(_watch(lock, directory, manager, conditions), name="state watch")
    try:
        yield
    finally:
        watcher.cancel()
        await asyncio.wait([watcher])


async def _watch(lock: InstanceLock, directory: Path, manager: CloudManager, conditions: Conditions) -> None:
    while True:
        await asyncio.sleep(LOOKED_AFTER)
        if not await asyncio.to_thread(lambda: lock.is_lost):
            if conditions.end(STATE_DIR_LOST.code):
                log.info(log_events.STORE_RECOVERED)
            continue
        problem = STATE_DIR_LOST.occurred(path=directory)
        if conditions.note(problem):
            log.error(log_events.STATE_DIR_LOST, cause=problem.code, detail=problem.message)
            await manager.close_link()
