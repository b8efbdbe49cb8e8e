"""Calls made with the key on behalf of callers: a sign-out ends them, for a key given up is used no more."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from eliza_cloud.core.events import Disconnect
from eliza_cloud.core.failure import Failure
from eliza_cloud.link.errors import LinkError
from eliza_cloud.link.report import Observer, Report

SIGNED_OUT = Failure(
    code="signed_out",
    status=409,
    message="You signed out before this was done. Sign in again to see what came of it.",
)


class KeyInUse(Observer):
    """Knows the tasks that use the key just now, and ends them when the link hears of a sign-out."""

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
            raise LinkError(SIGNED_OUT) from None
        finally:
            self._users.discard(task)

    def stepped(self, report: Report) -> None:
        """Give the key up at a sign-out."""
        if isinstance(report.event, Disconnect):
            users, self._users = self._users, set()
            for task in users:
                task.cancel()
