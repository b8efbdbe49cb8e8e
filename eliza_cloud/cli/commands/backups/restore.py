"""`eliza-cloud backups restore`: restore an agent's earlier state."""

import click

from eliza_cloud.cli.client.agents import agent_id
from eliza_cloud.cli.decorators import Invocation, service_command
from eliza_cloud.cli.output.agents import agent_words


@click.command()
@click.argument("agent", required=False, shell_complete=agent_words)
@click.option("--backup", "backup_id", metavar="ID", help="Which backup.  [default: the newest]")
@service_command
def restore(call: Invocation, *, agent: str | None, backup_id: str | None) -> None:
    """Restore an agent from a backup.

    AGENT is an id or a unique name; the connected agent by default. What it learned since that
    backup is lost.
    """
    identifier = agent_id(call.service, agent)
    request = {"backupId": backup_id} if backup_id else {}
    body = call.post_and_wait(f"/api/cloud/agents/{identifier}/restore", request, words="Restoring")
    if body.get("status") == "accepted":
        call.answer(
            body, "The cloud has accepted the restore and works on it; it did not say when it is done."
        )
    else:
        call.answer(body, f"✓ Restored from backup {body.get('restoredFromBackupId') or 'the cloud chose'}.")
