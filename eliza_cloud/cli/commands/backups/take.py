"""`eliza-cloud backups take`: a backup now."""

import click

from eliza_cloud.cli.client.agents import agent_id
from eliza_cloud.cli.decorators import Invocation, service_command
from eliza_cloud.cli.output.agents import agent_words


@click.command()
@click.argument("agent", required=False, shell_complete=agent_words)
@service_command
def take(call: Invocation, *, agent: str | None) -> None:
    """Take a backup now.

    AGENT is a name, an id or the beginning of one; the connected agent by default.
    """
    identifier = agent_id(call.service, agent)
    body = call.post_and_wait(f"/api/cloud/agents/{identifier}/backups", words="Taking a backup")
    backup = body.get("backup") or {}
    size = f", {backup['sizeBytes']} bytes" if backup.get("sizeBytes") is not None else ""
    call.answer(body, f"✓ Backup taken: {backup.get('backupId') or 'the cloud named no id'}{size}.")
