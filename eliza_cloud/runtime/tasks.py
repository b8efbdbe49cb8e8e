"""Who owns the tasks, and on whose behalf they run: activities of states, background work for callers."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractContextManager
from contextvars import Context as TaskContext
from contextvars import ContextVar, copy_context
from typing import Any, TypeVar

import msgspec
from structlog.contextvars import bind_contextvars, bound_contextvars, get_contextvars, unbind_contextvars

from eliza_cloud.cloud.http.trace_context import TRACE_MEMBERS
from eliza_cloud.core.problems import STOPPING
from eliza_cloud.runtime.errors import LinkError

_ACTOR: ContextVar[str] = ContextVar("actor", default="service")


class EventSource(msgspec.Struct, frozen=True):
    """`by` is an activity's name, `request`, `signal` or `service`; `trace` leads back to a request."""

    by: str
    trace: Mapping[str, str]

    @property
    def request_id(self) -> str | None:
        """The id of the request it goes back to."""
        return self.trace.get("request_id")

    def bind(self) -> AbstractContextManager[None]:
        """Let the block's log lines, tasks and calls carry the request's ids."""
        return bound_contextvars(**self.trace)


def event_source() -> EventSource:
    """Return who is acting in this context."""
    bound = get_contextvars()
    return EventSource(_ACTOR.get(), {name: str(bound[name]) for name in TRACE_MEMBERS if name in bound})


def set_actor(name: str) -> None:
    """Act under this name from now on, in this context."""
    _ACTOR.set(name)


def context_of(name: str, *, detached: bool, **bound: str) -> TaskContext:
    """Make the context of a task that acts under this name, with names bound for its log lines.

    A `detached` one goes on for its own sake: it does not carry the ids of the request that led to it.
    """
    context = copy_context()
    context.run(set_actor, name)
    if detached:
        context.run(unbind_contextvars, *TRACE_MEMBERS)
    context.run(bind_contextvars, **bound)
    return context


class Activities:
    """Named tasks. `on_crash` gets name and exception of one that ended by an unexpected error."""

    __slots__ = ("_ending", "_on_crash", "_running")

    def __init__(self, on_crash: Callable[[str, BaseException], None]) -> None:
        self._on_crash = on_crash
        self._running: dict[str, asyncio.Task[None]] = {}
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def names(self) -> frozenset[str]:
        """The activities that run, for looking at."""
        return frozenset(self._running)

    def start(
        self, name: str, work: Coroutine[Any, Any, None], *, detached: bool = False, **bound: str
    ) -> None:
        """Run `work`; an activity of the same name is cancelled first. For the others see `context_of`."""
        self.cancel(name)
        context = context_of(kind_of(name), detached=detached, **bound)
        task = asyncio.create_task(work, name=name, context=context)
        self._running[name] = task
        task.add_done_callback(self._ended)

    def cancel(self, *names: str) -> None:
        """Tell activities to end; `settled` waits until they have."""
        for name in names:
            task = self._running.pop(name, None)
            if task is not None:
                self._ending.add(task)
                task.cancel()

    async def settled(self) -> None:
        """Wait until every cancelled activity has ended, the calling one excepted."""
        ending = self._ending - {asyncio.current_task()}
        if ending:
            await asyncio.wait(ending)

    async def ended(self, name: str) -> None:
        """Wait until the activity of this name has ended by itself."""
        task = self._running.get(name)
        if task is not None:
            await asyncio.wait([task])

    async def close(self) -> None:
        """Cancel everything and wait for it."""
        self.cancel(*self._running)
        await self.settled()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._ending.discard(task)
        if self._running.get(task.get_name()) is task:
            del self._running[task.get_name()]
        if not task.cancelled() and (error := task.exception()) is not None:
            self._on_crash(task.get_name(), error)


def kind_of(name: str) -> str:
    """Return an activity's name without what tells it from others of its kind: a sign-in's id is a secret."""
    return name.partition(" ")[0]


T = TypeVar("T")


class BackgroundTasks:
    """Owns the tasks of callers' calls to the cloud."""

    __slots__ = ("_shared", "_tasks", "_to_finish")

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._to_finish: set[asyncio.Task[Any]] = set()
        self._shared: dict[str, asyncio.Task[Any]] = {}

    def __len__(self) -> int:
        return len(self._tasks)

    async def run(self, work: Coroutine[Any, Any, T], *, finish: bool = False) -> T:
        """Return what the work returns; cancelling the caller does not cancel the work.

        Work that is to `finish` is what `finished` waits for.
        """
        task = self._start(work)
        if finish:
            self._to_finish.add(task)
            task.add_done_callback(self._to_finish.discard)
        return await _result(task)

    async def finished(self) -> None:
        """Wait until the work that is to finish has ended."""
        if self._to_finish:
            await asyncio.wait(self._to_finish)

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
        task = asyncio.create_task(work, name="background_task")
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
            raise LinkError(STOPPING.occurred()) from None
        raise
