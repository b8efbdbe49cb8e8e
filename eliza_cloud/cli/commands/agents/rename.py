"""`eliza-cloud agents rename`: another name for an agent."""

import click

from eliza_cloud.cli.client.agents import agent_id
from eliza_cloud.cli.decorators import Invocation, service_command
from eliza_cloud.cli.output.agents import agent_words


@click.command()
@click.argument("agent", shell_complete=agent_words)
@click.argument("name")
@service_command
def rename(call: Invocation, *, agent: str, name: str) -> None:
    """Give an agent another name.

    AGENT is a name, an id or the beginning of one. The id stays.
    """
    path = f"/api/cloud/agents/{agent_id(call.service, agent)}"
    body = call.service.request("PATCH", path, {"agentName": name})
    call.answer(body, f"✓ {agent} is called {body['agentName']} now.")
