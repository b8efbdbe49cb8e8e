"""Closing a link (seed: Disconnect Flow): one last snapshot, begun after the command, then nothing more."""

from collections.abc import Awaitable, Callable

from eliza_cloud.core.events import Drained
from eliza_cloud.link.backup import take_final_snapshot
from eliza_cloud.link.scope import Scope


async def drain(scope: Scope, *, snapshot: bool, paused: Callable[[], Awaitable[None]]) -> None:
    """Wait until what the link was doing has ended, save the agent's state, and post `Drained` anyway."""
    await paused()
    if snapshot:
        await take_final_snapshot(scope)
    scope.post(Drained(scope.epoch))
