"""File descriptors: what clients may use of them, and what happens when there are none left.

Whoever can reach the port can hold connections open. They are bounded, so that the link's own calls, the
database and the log always find a descriptor; the connection that has been idle longest makes room.
"""

import asyncio
import errno
import resource
from typing import Any

import structlog

from eliza_cloud.core import log_events
from eliza_cloud.core.problems import DESCRIPTORS_EXHAUSTED
from eliza_cloud.runtime.conditions import Conditions

WANTED = 8192
MOST_CONNECTIONS = 2000
#: Descriptors that no client's connection gets.
RESERVE = 64
#: A request that is passed on holds two: the client's and the one to the cloud or the provider.
EACH = 2
LEAST_CONNECTIONS = 8
#: Connections that are accepted before the bound is looked at again, and how many may wait for that.
ACCEPTED_AT_ONCE = 8
BACKLOG = 1024
MINUTE = 60.0

_EXHAUSTED = {errno.EMFILE, errno.ENFILE}

log = structlog.get_logger()


def raise_limit() -> int:
    """Ask for as many descriptors as are wanted and allowed; return how many there are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return WANTED if soft == resource.RLIM_INFINITY else soft


def connections_allowed(descriptors: int) -> int:
    """Return how many connections of clients leave the reserve alone."""
    return max(LEAST_CONNECTIONS, min(MOST_CONNECTIONS, (descriptors - RESERVE) // EACH))


class DescriptorWatch:
    """Hears from the event loop that a connection could not be accepted for want of a descriptor.

    asyncio says so for each connection that waits, and pauses for a second; here it is one line a minute and
    a condition that ends a minute after the last time.
    """

    def __init__(self, conditions: Conditions) -> None:
        self._conditions = conditions
        self._end: asyncio.TimerHandle | None = None
        self._said_at = -MINUTE

    def handle(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Take an exception that nobody else handled, as the event loop's exception handler."""
        error = context.get("exception")
        if not (isinstance(error, OSError) and error.errno in _EXHAUSTED):
            loop.default_exception_handler(context)
            return
        self._conditions.note(DESCRIPTORS_EXHAUSTED.occurred())
        if loop.time() - self._said_at >= MINUTE:
            self._said_at = loop.time()
            log.warning(log_events.DESCRIPTORS_EXHAUSTED, cause=DESCRIPTORS_EXHAUSTED.code)
        if self._end is not None:
            self._end.cancel()
        self._end = loop.call_later(MINUTE, self._conditions.end, DESCRIPTORS_EXHAUSTED.code)
