"""`eliza-cloud agents list`: the account's agents."""

import click

from eliza_cloud.cli.agent_names import named
from eliza_cloud.cli.table import print_table
from eliza_cloud.cli.terminal import age
from eliza_cloud.cli.verb import Call, client_verb, print_json


@click.command("list")
@client_verb
def list_agents(call: Call) -> None:
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
            str(link.get("state")) if agent["id"] == link.get("agentId") else "",
            age(agent.get("createdAt")),
            str(agent["id"]),
        )
        for agent in body["agents"]
    ]
    print_table(("NAME", "STATUS", "LINK", "CREATED", "ID"), rows)
