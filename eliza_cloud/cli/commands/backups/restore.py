"""`eliza-cloud backups restore`: restore an agent's earlier state."""

import sys
from typing import Any

import click

from eliza_cloud.cli.client.agents import agent_id
from eliza_cloud.cli.decorators import Invocation, service_command
from eliza_cloud.cli.errors import CliError
from eliza_cloud.cli.output.agents import agent_words

#: Bytes above which a restored backup may end the agent (cloud-api §23).
_SAFE_SIZE = 1_048_576


@click.command()
@click.argument("agent", required=False, shell_complete=agent_words)
@click.option("--backup", "backup_id", metavar="ID", help="Which backup.  [default: the newest]")
@click.option("--yes", is_flag=True, help="Do not ask about a backup that may end the agent.")
@service_command
def restore(call: Invocation, *, agent: str | None, backup_id: str | None, yes: bool) -> None:
    """Restore an agent from a backup.

    AGENT is an id or a unique name; the connected agent by default. What it learned since that
    backup is lost. A backup of more than 1 MiB ends the agents of some clouds for good, so that one is asked
    about.
    """
    identifier = agent_id(call.service, agent)
    if not yes:
        _confirm_size(call.service.get(f"/api/cloud/agents/{identifier}/backups")["backups"], backup_id)
    request = {"backupId": backup_id} if backup_id else {}
    body = call.post_and_wait(f"/api/cloud/agents/{identifier}/restore", request, words="Restoring")
    if body.get("status") == "accepted":
        call.answer(
            body, "The cloud has accepted the restore and works on it; it did not say when it is done."
        )
    else:
        call.answer(body, f"✓ Restored from backup {body.get('restoredFromBackupId') or 'the cloud chose'}.")


def _confirm_size(backups: list[dict[str, Any]], backup_id: str | None) -> None:
    """Ask where the backup, by default the newest, is large enough to end the agent."""
    size = next((one.get("sizeBytes") for one in backups if backup_id in {None, one.get("id")}), None)
    if size is None or size <= _SAFE_SIZE:
        return
    why = (
        f"The backup has {size} bytes; in some clouds an agent with one of more than 1 MiB cannot run again."
    )
    if not sys.stdin.isatty():
        raise click.UsageError(f"{why} Nobody can be asked here: add --yes to restore it.")
    if not click.confirm(f"{why} Restore it?", err=True):
        raise CliError("Nothing was restored.", code="aborted")
