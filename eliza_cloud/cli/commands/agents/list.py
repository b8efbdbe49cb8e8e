"""`eliza-cloud agents list`: the account's agents."""

import click

from eliza_cloud.cli.client.agents import named
from eliza_cloud.cli.decorators import Invocation, print_json, service_command
from eliza_cloud.cli.output.table import print_table
from eliza_cloud.cli.output.text import day_and_time


@click.command("list")
@service_command
def list_agents(call: Invocation) -> None:
    """Show the agents of the account."""
    body = call.service.get("/api/cloud/agents")
    if call.as_json:
        print_json(body)
        return
    if not body["agents"]:
        click.echo("There are no agents. Create one with: eliza-cloud agents create NAME")
        return
    link = call.service.get("/api/cloud/status").get("connection") or {}
    rows = [
        (
            named(agent) or "-",
            str(agent.get("status")),
            str(agent.get("executionTier") or "-"),
            str(link.get("state")) if agent["id"] == link.get("agentId") else "",
            day_and_time(agent.get("createdAt")),
            str(agent["id"]),
        )
        for agent in body["agents"]
    ]
    print_table(("NAME", "STATUS", "TIER", "LINK", "CREATED", "ID"), rows)
