"""Calls to the cloud with the key that is held now, bounded in time; what fails arrives as a `LinkError`."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from eliza_cloud.cloud.client import ElizaCloudClient
from eliza_cloud.cloud.errors import CloudError, KeyRefused
from eliza_cloud.core import events
from eliza_cloud.core.failure import NOT_SIGNED_IN
from eliza_cloud.core.states import KeyState
from eliza_cloud.link.access import CloudAccess
from eliza_cloud.link.clock import Clock, deadline
from eliza_cloud.link.errors import CALL_TOO_SLOW, LinkError, failure_of
from eliza_cloud.link.key_in_use import KeyInUse
from eliza_cloud.link.loop import LinkLoop

CALL_BOUND = 900.0  # seconds; a call may wait for a job of the cloud

T = TypeVar("T")


class CloudCalls:
    """Makes calls for callers of the link; a key that is refused in one of them is verified anew."""

    def __init__(self, loop: LinkLoop, access: CloudAccess, clock: Clock, key_in_use: KeyInUse) -> None:
        self._loop = loop
        self._access = access
        self._clock = clock
        self._key_in_use = key_in_use

    def client(self) -> ElizaCloudClient:
        """Return a client with the present key; raises `LinkError` when there is none to be had."""
        if not self._loop.running:
            raise LinkError(self._loop.why_not_running)
        client = self._access.client(self._loop.interpreter.key)
        if self._loop.interpreter.key is None:
            raise LinkError(NOT_SIGNED_IN)
        return client

    def doubt_key(self) -> None:
        """Have the key verified, because the cloud has just refused it in some call."""
        if self._loop.facts.key is KeyState.ACCEPTED:
            self._loop.post(events.KeyDoubted(self._loop.facts.key_number))

    async def with_key(self, call: Callable[[ElizaCloudClient], Coroutine[Any, Any, T]]) -> T:
        """Make a call with the key that is held now, until it is done or given up."""
        client = self.client()
        with self._key_in_use.until_sign_out():
            return await self.bounded(call(client))

    async def bounded(self, call: Awaitable[T]) -> T:
        """Make a call that may take up to 15 minutes."""
        try:
            async with deadline(self._clock, CALL_BOUND):
                return await call
        except TimeoutError as error:
            raise LinkError(CALL_TOO_SLOW) from error
        except CloudError as error:
            if isinstance(error, KeyRefused):
                self.doubt_key()
            raise LinkError(failure_of(error)) from error
