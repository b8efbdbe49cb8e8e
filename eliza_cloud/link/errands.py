"""One-off work on behalf of a caller. It goes on when the caller goes away, and ends with the link."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from eliza_cloud.core.failure import STOPPING
from eliza_cloud.link.errors import LinkError

T = TypeVar("T")


class Errands:
    """Owns the tasks of callers' calls to the cloud."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._shared: dict[str, asyncio.Task[Any]] = {}

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what the work returns; cancelling the caller does not cancel the work."""
        return await _result(self._start(work))

    async def run_once(self, name: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The same, but callers who come while work of this name is under way share its result."""
        task = self._shared.get(name)
        if task is None or task.done():
            task = self._shared[name] = self._start(work())
        result: T = await _result(task)
        return result

    async def close(self) -> None:
        """Cancel what is under way and wait for it."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work, name="errand")
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # a caller that went away leaves nobody to look at it


async def _result(task: asyncio.Task[T]) -> T:
    """Wait for a task without cancelling it; one that `close` cancelled is a `LinkError` for its callers."""
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        caller = asyncio.current_task()
        if task.cancelled() and not (caller and caller.cancelling()):
            raise LinkError(STOPPING) from None
        raise
