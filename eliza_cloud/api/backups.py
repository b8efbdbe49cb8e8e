"""Backups of an agent: list, take one now, restore (contract eliza-cloud-api §14)."""

from aiohttp import web
from msgspec import UNSET

from eliza_cloud.api.answers import answer
from eliza_cloud.api.body import agent_id_of, read_object, text_of, uuid_of
from eliza_cloud.api.keys import MANAGER
from eliza_cloud.api.wire.backups import Backups, BackupTaken, Restored, TakenBackup


async def list_backups(request: web.Request) -> web.Response:
    """GET …/{id}/backups: the cloud's own objects, newest first."""
    agent_id = agent_id_of(request)
    backups = await request.app[MANAGER].ask_cloud(lambda cloud: cloud.list_backups(agent_id))
    return answer(Backups(ok=True, agent_id=agent_id, backups=[backup.raw for backup in backups]))


async def take_backup(request: web.Request) -> web.Response:
    """POST …/{id}/backups: answers when the backup is taken."""
    agent_id = agent_id_of(request)
    taken = await request.app[MANAGER].take_backup(agent_id)
    backup = TakenBackup(taken.backup_id, taken.size, taken.created_at)
    return answer(BackupTaken(ok=True, agent_id=agent_id, backup=backup))


async def restore(request: web.Request) -> web.Response:
    """POST …/{id}/restore {backupId?}: 200 when restored, 202 where the cloud has only accepted it."""
    agent_id = agent_id_of(request)
    body = await read_object(request, may_be_empty=True)
    backup_id = None
    if body.get("backupId") is not None:
        backup_id = uuid_of(text_of(body, "backupId"), "backupId must be a UUID")
    restored = await request.app[MANAGER].restore(agent_id, backup_id)
    result = Restored(
        ok=True,
        agent_id=agent_id,
        restored_from_backup_id=restored.backup_id,
        created_at=restored.created_at,
        status="accepted" if restored.accepted_only else UNSET,
    )
    return answer(result, 202 if restored.accepted_only else 200)
