"""`eliza-cloud backups restore`: restore an agent's earlier state."""

import sys

import click

from eliza_cloud.cli.client.agents import agent_id
from eliza_cloud.cli.client.http import Body
from eliza_cloud.cli.decorators import Invocation, service_command
from eliza_cloud.cli.errors import CliError
from eliza_cloud.cli.output.agents import agent_words
from eliza_cloud.core.backups import LARGEST_BACKUP
from eliza_cloud.core.problems import RESTORE_ENDS_AGENT

_WORDS = "Restoring"


@click.command()
@click.argument("agent", required=False, shell_complete=agent_words)
@click.option("--backup", "backup_id", metavar="ID", help="Which backup.  [default: the newest]")
@click.option("--yes", is_flag=True, help="Do not ask about a backup that may end the agent.")
@service_command
def restore(call: Invocation, *, agent: str | None, backup_id: str | None, yes: bool) -> None:
    """Restore an agent from a backup.

    AGENT is an id or a unique name; the connected agent by default. What it learned since that
    backup is lost. In some clouds an agent does not survive a backup of more than 1 MiB; such a one is
    asked about.
    """
    path = f"/api/cloud/agents/{agent_id(call.service, agent)}/restore"
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


def _confirm(refused: CliError) -> None:
    """Ask about a backup that ends the agent; raises where the answer is no, or nobody can be asked."""
    size = (refused.body.get("details") or refused.body).get("sizeBytes")
    why = RESTORE_ENDS_AGENT.says(size=size, limit=LARGEST_BACKUP)
    if not sys.stdin.isatty():
        raise CliError(why, remedy="Add --yes to restore it.", body=refused.body) from refused
    if not click.confirm(f"{why} Restore it all the same?", err=True):
        raise CliError("Nothing was restored.", code="aborted")
