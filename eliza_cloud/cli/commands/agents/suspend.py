"""`eliza-cloud agents suspend` and `resume`: stop paying for an agent without losing it."""

import click

from eliza_cloud.cli.client.agents import agent_id
from eliza_cloud.cli.client.http import Body
from eliza_cloud.cli.decorators import Invocation, service_command
from eliza_cloud.cli.output.agents import agent_words


def _ask(call: Invocation, agent: str, action: str, words: str) -> Body:
    path = f"/api/cloud/agents/{agent_id(call.service, agent)}/{action}"
    return call.post_and_wait(path, words=words)


@click.command()
@click.argument("agent", shell_complete=agent_words)
@service_command
def suspend(call: Invocation, *, agent: str) -> None:
    """Stop an agent and keep it.

    AGENT is an id or a unique name. Its memory stays; the cost of running it ends.
    """
    body = _ask(call, agent, "suspend", f"Suspending {agent}")
    call.answer(body, f"✓ {agent} is suspended.", f"Start it again: eliza-cloud agents resume {agent}")


@click.command()
@click.argument("agent", shell_complete=agent_words)
@service_command
def resume(call: Invocation, *, agent: str) -> None:
    """Start a suspended agent again.

    AGENT is an id or a unique name. It runs then, but is not connected to.
    """
    body = _ask(call, agent, "resume", f"Resuming {agent}")
    call.answer(body, f"✓ {agent} is running.", f"Connect to it: eliza-cloud agents connect {agent}")
