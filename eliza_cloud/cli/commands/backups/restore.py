"""`eliza-cloud backups restore`: restore an agent's earlier state."""

import sys
from datetime import UTC, datetime

import click

from eliza_cloud.cli.client.agents import UUID, agent_id, beginning_with
from eliza_cloud.cli.client.http import Body, Service
from eliza_cloud.cli.decorators import Invocation, service_command
from eliza_cloud.cli.errors import CliError
from eliza_cloud.cli.exit_codes import ExitCode
from eliza_cloud.cli.output.agents import agent_words
from eliza_cloud.cli.output.text import printable, when
from eliza_cloud.core.backups import LARGEST_BACKUP
from eliza_cloud.core.problems import AMBIGUOUS_BACKUP, RESTORE_ENDS_AGENT, UNKNOWN_BACKUP
from eliza_cloud.core.timefmt import parse_iso

_WORDS = "Restoring"
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@click.command()
@click.argument("agent", required=False, shell_complete=agent_words)
@click.option(
    "--backup", "backup_id", metavar="ID", help="Which backup; the beginning will do.  [default: the newest]"
)
@click.option("--yes", is_flag=True, help="Do not ask, not even about a backup that may end the agent.")
@service_command
def restore(call: Invocation, *, agent: str | None, backup_id: str | None, yes: bool) -> None:
    """Restore an agent from a backup.

    AGENT is a name, an id or the beginning of one; the connected agent by default. What it learned since that
    backup is lost: on a terminal it is said from when the backup is, and asked. In some clouds an agent does
    not survive a backup of more than 1 MiB; such a one is asked about everywhere.
    """
    identifier = agent_id(call.service, agent)
    if backup_id and not UUID.fullmatch(backup_id):
        backup_id = _named(_backups(call.service, identifier), backup_id)
    if not yes and sys.stdin.isatty():
        backup_id = _agreed(call.service, agent or "the connected agent", identifier, backup_id)
    path = f"/api/cloud/agents/{identifier}/restore"
    request: Body = {"backupId": backup_id} if backup_id else {}
    if yes:
        request["acceptAgentLoss"] = True
    try:
        body = call.post_and_wait(path, request, words=_WORDS)
    except CliError as error:
        if error.body.get("code") != RESTORE_ENDS_AGENT.code:
            raise
        _confirm(error)
        body = call.post_and_wait(path, {**request, "acceptAgentLoss": True}, words=_WORDS)
    if body.get("status") == "accepted":
        call.answer(
            body, "The cloud has accepted the restore and works on it; it did not say when it is done."
        )
    else:
        call.answer(body, f"✓ Restored from backup {body.get('restoredFromBackupId') or 'the cloud chose'}.")


def _backups(service: Service, identifier: str) -> list[Body]:
    """Return the agent's backups, the newest first."""
    found: list[Body] = service.get(f"/api/cloud/agents/{identifier}/backups")["backups"]
    return sorted(found, key=lambda one: parse_iso(one.get("createdAt")) or _LONG_AGO, reverse=True)


def _named(backups: list[Body], prefix: str) -> str:
    """Return the id that alone begins so."""
    ids = beginning_with(prefix, (str(one["id"]) for one in backups))
    if not ids:
        raise CliError.of(UNKNOWN_BACKUP, id=prefix)
    if len(ids) > 1:
        raise CliError.of(AMBIGUOUS_BACKUP, ExitCode.USAGE, number=len(ids), id=prefix, ids=", ".join(ids))
    return ids[0]


def _agreed(service: Service, agent: str, identifier: str, backup_id: str | None) -> str | None:
    """Say from when the backup is and ask; return the id of the one that was shown. Raises for a no."""
    try:
        backups = _backups(service, identifier)
    except CliError:
        backups = []  # the restore itself says what is wrong; without a list no time is known
    chosen = next((one for one in backups if backup_id in {None, one["id"]}), None)
    which = f"backup {backup_id}" if backup_id else "the newest backup"
    if chosen is not None:
        which += f", taken {when(chosen.get('createdAt'))}"
        backup_id = str(chosen["id"])
    question = f"This restores {agent} from {which}. What it learned since then is lost. Restore it?"
    if not click.confirm(printable(question), err=True):
        raise _declined()
    return backup_id


def _confirm(refused: CliError) -> None:
    """Ask about a backup that ends the agent; raises where the answer is no, or nobody can be asked."""
    size = (refused.body.get("details") or refused.body).get("sizeBytes")
    why = RESTORE_ENDS_AGENT.says(size=size, limit=LARGEST_BACKUP)
    if not sys.stdin.isatty():
        raise CliError(why, remedy="Add --yes to restore it.", body=refused.body) from refused
    if not click.confirm(f"{why} Restore it all the same?", err=True):
        raise _declined()


def _declined() -> CliError:
    return CliError("Nothing was restored.", code="aborted")
