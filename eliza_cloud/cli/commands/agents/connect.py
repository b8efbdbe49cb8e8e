"""`eliza-cloud agents connect` and `provision`: link this machine to an agent (architecture: Connect)."""

import click

from eliza_cloud.cli.client.agents import agent_id
from eliza_cloud.cli.decorators import Invocation, service_command
from eliza_cloud.cli.output.agents import agent_words

AGENT = click.argument("agent", shell_complete=agent_words)


def _link(call: Invocation, agent: str, action: str) -> None:
    path = f"/api/cloud/agents/{agent_id(call.service, agent)}/{action}"
    body = call.post_and_wait(path, words=f"Connecting to {agent}")
    call.answer(body, f"✓ Connected to {body.get('agentName') or agent} ({body['agentId']}).")


@click.command()
@AGENT
@service_command
def connect(call: Invocation, *, agent: str) -> None:
    """Connect to an agent, starting it if necessary.

    AGENT is an id or a unique name. A cold start takes minutes; interrupting the wait does not stop it.
    """
    _link(call, agent, "connect")


@click.command()
@AGENT
@service_command
def provision(call: Invocation, *, agent: str) -> None:
    """Do the same as `connect`."""
    _link(call, agent, "provision")
