"""`eliza-cloud backups list`: what an agent can be restored from."""

import click

from eliza_cloud.cli.client.agents import agent_id
from eliza_cloud.cli.decorators import Invocation, print_json, service_command
from eliza_cloud.cli.output.agents import agent_words
from eliza_cloud.cli.output.table import print_table
from eliza_cloud.cli.output.text import day_and_time


@click.command("list")
@click.argument("agent", required=False, shell_complete=agent_words)
@service_command
def list_backups(call: Invocation, *, agent: str | None) -> None:
    """List the backups.

    AGENT is a name, an id or the beginning of one; the connected agent by default.
    """
    identifier = agent_id(call.service, agent)
    body = call.service.get(f"/api/cloud/agents/{identifier}/backups")
    if call.as_json:
        print_json(body)
    elif not body["backups"]:
        click.echo("There are no backups.")
    else:
        rows = [
            (
                day_and_time(backup.get("createdAt")),
                str(backup.get("snapshotType") or "-"),
                str(backup.get("sizeBytes") if backup.get("sizeBytes") is not None else "-"),
                str(backup.get("id")),
            )
            for backup in body["backups"]
        ]
        print_table(("TAKEN", "TYPE", "BYTES", "ID"), rows)
