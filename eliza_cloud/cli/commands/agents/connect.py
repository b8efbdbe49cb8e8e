"""`eliza-cloud agents connect` and `provision`: link this machine to an agent (architecture: Connect)."""

import click

from eliza_cloud.cli.client.agents import agent_id
from eliza_cloud.cli.decorators import Invocation, service_command
from eliza_cloud.cli.output.agents import agent_words
from eliza_cloud.cli.paid_start import Consent, post_at_price, price_options

AGENT = click.argument("agent", shell_complete=agent_words)


def _link(call: Invocation, agent: str, action: str, consent: Consent) -> None:
    path = f"/api/cloud/agents/{agent_id(call.service, agent)}/{action}"
    body = post_at_price(call, path, consent=consent, words=f"Connecting to {agent}")
    call.answer(body, f"✓ Connected to {body.get('agentName') or agent} ({body['agentId']}).")


@click.command()
@AGENT
@price_options
@service_command
def connect(call: Invocation, *, agent: str, consent: Consent) -> None:
    """Connect to an agent, starting it if necessary.

    AGENT is a name, an id or the beginning of one. A cold start takes minutes; interrupting the wait does
    not stop it. Where a start costs, its price is shown and asked for; repairs of this link may then cost
    the same.
    """
    _link(call, agent, "connect", consent)


@click.command()
@AGENT
@price_options
@service_command
def provision(call: Invocation, *, agent: str, consent: Consent) -> None:
    """Do the same as `connect`."""
    _link(call, agent, "provision", consent)
