"""Backups and restores that a caller asked for: in the backup loop where there is one, else by themselves."""

import itertools
from collections.abc import Awaitable, Callable
from typing import TypeVar

from eliza_cloud.cloud.client import ElizaCloudClient
from eliza_cloud.cloud.types.models import Restored, Snapshot
from eliza_cloud.core.backups import LARGEST_BACKUP
from eliza_cloud.core.link import events
from eliza_cloud.core.link.effects import Pending
from eliza_cloud.core.problems import RESTORE_ENDS_AGENT, Problem
from eliza_cloud.runtime.activities.backup import BackupRequest, Request, RestoreRequest, take_snapshot
from eliza_cloud.runtime.errors import LinkError
from eliza_cloud.runtime.loop import LinkLoop
from eliza_cloud.runtime.operations.cloud_calls import AuthorizedCalls

T = TypeVar("T")


class BackupCalls:
    """Serves callers; what fails is a `LinkError`."""

    __slots__ = ("_calls", "_loop", "_sleep", "_tickets")

    def __init__(
        self, loop: LinkLoop, calls: AuthorizedCalls, sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        self._loop = loop
        self._calls = calls
        self._sleep = sleep
        self._tickets = itertools.count(1)

    async def take(self, agent_id: str) -> Snapshot:
        """Take a backup now."""
        request = BackupRequest()
        if await self._in_backup_loop(events.TakeBackup(agent_id, next(self._tickets)), request):
            return await _answer(request)
        return await self._calls.with_key(lambda client: take_snapshot(client, agent_id, self._sleep))

    async def restore(
        self, agent_id: str, backup_id: str | None, *, accept_agent_loss: bool = False
    ) -> Restored:
        """Go back to a backup; None is the newest.

        Raises `LinkError` `restore_ends_agent`, before anything is done, for one that the agent does not
        survive, unless that is accepted.
        """
        if not accept_agent_loss:
            await self._calls.with_key(lambda client: _raise_if_deadly(client, agent_id, backup_id))
        request = RestoreRequest(backup_id)
        if await self._in_backup_loop(events.Restore(agent_id, next(self._tickets)), request):
            return await _answer(request)
        return await self._calls.with_key(lambda client: client.restore(agent_id, backup_id))

    async def _in_backup_loop(
        self, event: events.TakeBackup | events.Restore, request: BackupRequest | RestoreRequest
    ) -> bool:
        requests = self._loop.effect_runner.requests
        requests[event.ticket] = request
        try:
            return isinstance(await self._loop.ask(event).accepted(), Pending)
        finally:
            requests.pop(event.ticket, None)  # the loop has taken it by now, or never will


async def _raise_if_deadly(client: ElizaCloudClient, agent_id: str, backup_id: str | None) -> None:
    backups = await client.list_backups(agent_id)
    backup = next((one for one in backups if backup_id is None or one.id == backup_id), None)
    if backup is not None and backup.ends_the_agent:
        details = {"backupId": backup.id, "sizeBytes": backup.size}
        raise LinkError(RESTORE_ENDS_AGENT.occurred(size=backup.size, limit=LARGEST_BACKUP, details=details))


async def _answer(request: Request[T]) -> T:
    result = await request.answer
    if isinstance(result, Problem):
        raise LinkError(result)
    return result
