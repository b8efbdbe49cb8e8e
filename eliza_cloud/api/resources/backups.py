"""Backups of an agent: list, take one now, restore (cloud-api §14)."""

from typing import Annotated, Literal, TypedDict, cast

import msgspec
from aiohttp import web
from msgspec import UNSET, Meta, UnsetType

from eliza_cloud.api.app_keys import MANAGER
from eliza_cloud.api.http.inputs import Body
from eliza_cloud.api.http.responses import answer
from eliza_cloud.api.openapi.error_examples import BACKUP, CLOUD
from eliza_cloud.api.openapi.operation import Operation, SuccessResponse
from eliza_cloud.api.resources.agents import AGENT, AGENT_ID, AgentId, Ok, Uuid
from eliza_cloud.core.problems import RESTORE_ENDS_AGENT

_BACKUP = "5c1d7e52-8a0b-4c35-bb0e-62f4a1c3d9e8"
_WHEN = "2026-11-23T20:15:00.000Z"

Moment = Annotated[str, Meta(description="ISO 8601, in UTC.")]


class CloudBackup(TypedDict, total=False):
    """The cloud's own object, untouched: these members if it has them, and more."""

    id: str
    snapshotType: str
    sizeBytes: int | None
    createdAt: str | None


class Backups(msgspec.Struct, frozen=True, rename="camel"):
    """The backups the cloud keeps of an agent, newest first."""

    ok: Ok
    agent_id: AgentId
    backups: list[CloudBackup]


class TakenBackup(msgspec.Struct, frozen=True, rename="camel"):
    """A backup that was taken; null where the cloud gave none."""

    backup_id: str | None
    size_bytes: int | None
    created_at: Moment | None


class AgentBackup(msgspec.Struct, frozen=True, rename="camel"):
    """The agent and its new backup."""

    ok: Ok
    agent_id: AgentId
    backup: TakenBackup


class BackupToRestore(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Which backup to restore; the newest when none is named.

    `acceptAgentLoss` also restores one that the agent does not survive.
    """

    backup_id: Uuid | None = None
    accept_agent_loss: bool | None = None


class AgentRestored(msgspec.Struct, frozen=True, rename="camel"):
    """What the agent's memory is now. `status` is there only where the restore has no more than begun."""

    ok: Ok
    agent_id: AgentId
    restored_from_backup_id: str | None
    created_at: Moment | None
    status: Literal["accepted"] | UnsetType = UNSET


BACKUP_TO_RESTORE = Body(BackupToRestore(_BACKUP), required=False)

LIST = Operation(
    id="listBackups",
    group="Backups",
    summary="List an agent's backups",
    parameters=(AGENT_ID,),
    answers=(
        SuccessResponse(
            200,
            "The backups, as the cloud describes them.",
            Backups,
            Backups(
                True,
                AGENT,
                [{"id": _BACKUP, "snapshotType": "manual", "sizeBytes": 2048, "createdAt": _WHEN}],
            ),
        ),
    ),
    errors=CLOUD,
)
TAKE = Operation(
    id="takeBackup",
    group="Backups",
    summary="Take a backup now",
    about="Answers when it is taken. The cloud keeps the newest ten.",
    parameters=(AGENT_ID,),
    answers=(
        SuccessResponse(
            200, "Taken.", AgentBackup, AgentBackup(True, AGENT, TakenBackup(_BACKUP, 2048, _WHEN))
        ),
    ),
    errors=BACKUP,
)
RESTORE = Operation(
    id="restoreBackup",
    group="Backups",
    summary="Restore a backup",
    about="The agent's memory becomes that of the backup. In some clouds an agent does not survive a backup"
    " of more than 1 MiB: such a one is 409 `restore_ends_agent`, and restored only with `acceptAgentLoss`.",
    parameters=(AGENT_ID,),
    body=BACKUP_TO_RESTORE,
    answers=(
        SuccessResponse(200, "Restored.", AgentRestored, AgentRestored(True, AGENT, _BACKUP, _WHEN)),
        SuccessResponse(
            202,
            "The cloud has begun it and reports no end.",
            AgentRestored,
            AgentRestored(True, AGENT, _BACKUP, _WHEN, "accepted"),
        ),
    ),
    errors=(*BACKUP, RESTORE_ENDS_AGENT.example()),
)


async def list_backups(request: web.Request) -> web.Response:
    """GET …/{id}/backups: the cloud's own objects, newest first."""
    agent_id = AGENT_ID.read(request)
    backups = await request.app[MANAGER].ask_cloud(lambda cloud: cloud.list_backups(agent_id))
    return answer(
        Backups(ok=True, agent_id=agent_id, backups=[cast("CloudBackup", backup.raw) for backup in backups])
    )


async def take_backup(request: web.Request) -> web.Response:
    """POST …/{id}/backups: answers when the backup is taken."""
    agent_id = AGENT_ID.read(request)
    taken = await request.app[MANAGER].take_backup(agent_id)
    backup = TakenBackup(taken.backup_id, taken.size, taken.created_at)
    return answer(AgentBackup(ok=True, agent_id=agent_id, backup=backup))


async def restore(request: web.Request) -> web.Response:
    """POST …/{id}/restore {backupId?, acceptAgentLoss?}: 200 when restored, 202 where it is only accepted."""
    agent_id = AGENT_ID.read(request)
    wanted = await BACKUP_TO_RESTORE.read(request)
    backup_id = None if wanted.backup_id is None else wanted.backup_id.lower()
    restored = await request.app[MANAGER].restore(
        agent_id, backup_id, accept_agent_loss=bool(wanted.accept_agent_loss)
    )
    result = AgentRestored(
        ok=True,
        agent_id=agent_id,
        restored_from_backup_id=restored.backup_id,
        created_at=restored.created_at,
        status="accepted" if restored.accepted_only else UNSET,
    )
    return answer(result, 202 if restored.accepted_only else 200)
