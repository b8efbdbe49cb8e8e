"""Calls to the cloud with the key that is held now, bounded in time; what fails arrives as a `LinkError`."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from eliza_cloud.cloud.client import ElizaCloudClient
from eliza_cloud.cloud.errors import CloudError, InsufficientCredits, KeyRefused
from eliza_cloud.core.link import events
from eliza_cloud.core.link.events import Disconnect
from eliza_cloud.core.problems import CALL_TOO_SLOW, NOT_AUTHENTICATED, SIGNED_OUT
from eliza_cloud.core.states import KeyState
from eliza_cloud.runtime.clock import Clock, timeout
from eliza_cloud.runtime.cloud_session import CloudSession
from eliza_cloud.runtime.errors import LinkError
from eliza_cloud.runtime.loop import LinkLoop
from eliza_cloud.runtime.observers import Observer, StepRecord


class KeyLease(Observer):
    """Knows the tasks that use the key just now, and ends them when the link hears of a sign-out."""

    __slots__ = ("_users",)

    def __init__(self) -> None:
        self._users: set[asyncio.Task[object]] = set()

    @contextmanager
    def until_sign_out(self) -> Iterator[None]:
        """Let the current task use the key; raises `LinkError` in it when a sign-out comes first."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("only a task uses the key")
        self._users.add(task)
        try:
            yield
        except asyncio.CancelledError:
            if task in self._users or task.uncancel() > 0:
                raise
            raise LinkError(SIGNED_OUT.occurred()) from None
        finally:
            self._users.discard(task)

    def on_step(self, record: StepRecord) -> None:
        """Give the key up at a sign-out."""
        if isinstance(record.event, Disconnect):
            users, self._users = self._users, set()
            for task in users:
                task.cancel()


CALL_TIMEOUT = 900.0  # seconds; a call may wait for a job of the cloud

T = TypeVar("T")


class AuthorizedCalls:
    """Makes calls for callers of the link; a key that is refused in one of them is verified again."""

    __slots__ = ("_clock", "_cloud_session", "_key_lease", "_loop")

    def __init__(
        self, loop: LinkLoop, cloud_session: CloudSession, clock: Clock, key_lease: KeyLease
    ) -> None:
        self._loop = loop
        self._cloud_session = cloud_session
        self._clock = clock
        self._key_lease = key_lease

    def client(self) -> ElizaCloudClient:
        """Return a client with the present key; raises `LinkError` when there is none to be had."""
        if not self._loop.running:
            raise LinkError(self._loop.why_not_running)
        client = self._cloud_session.client(self._loop.effect_runner.key)
        if self._loop.effect_runner.key is None:
            raise LinkError(NOT_AUTHENTICATED.occurred())
        return client

    def reverify_key(self) -> None:
        """Have the key verified, because the cloud has just refused it in some call."""
        if self._loop.facts.key is KeyState.ACCEPTED:
            self._loop.post(events.KeySuspected(self._loop.facts.key_generation))

    async def with_key(self, call: Callable[[ElizaCloudClient], Coroutine[Any, Any, T]]) -> T:
        """Make a call with the key that is held now, until it is done or given up."""
        client = self.client()
        with self._key_lease.until_sign_out():
            result = await self.bounded(call(client))
        if self._loop.facts.key is KeyState.REJECTED:  # the cloud accepts it again
            self._loop.post(events.KeySuspected(self._loop.facts.key_generation))
        return result

    async def bounded(self, call: Awaitable[T]) -> T:
        """Make a call that may take up to 15 minutes."""
        try:
            async with timeout(self._clock, CALL_TIMEOUT):
                return await call
        except TimeoutError as error:
            raise LinkError(CALL_TOO_SLOW.occurred(minutes=round(CALL_TIMEOUT / 60))) from error
        except CloudError as error:
            if isinstance(error, KeyRefused):
                self.reverify_key()
            if isinstance(error, InsufficientCredits) and error.required_balance is not None:
                self._loop.post(events.MinimumBalanceSeen(error.required_balance))
            raise LinkError(error.problem) from error
