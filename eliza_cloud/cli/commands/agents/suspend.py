"""`eliza-cloud agents suspend`, `resume` and `restart`: what runs costs, and what is stopped is kept."""

import click

from eliza_cloud.cli.client.agents import agent_id
from eliza_cloud.cli.decorators import Invocation, service_command
from eliza_cloud.cli.output.agents import agent_words
from eliza_cloud.cli.paid_start import Consent, post_at_price, price_options
from eliza_cloud.core.problems import NOT_STARTED_AGAIN


def _path(call: Invocation, agent: str, action: str) -> str:
    return f"/api/cloud/agents/{agent_id(call.service, agent)}/{action}"


@click.command()
@click.argument("agent", shell_complete=agent_words)
@service_command
def suspend(call: Invocation, *, agent: str) -> None:
    """Stop an agent and keep it.

    AGENT is a name, an id or the beginning of one. Its memory stays; the cost of running it ends.
    """
    body = call.post_and_wait(_path(call, agent, "suspend"), words=f"Suspending {agent}")
    call.answer(body, f"✓ {agent} is suspended.", f"Start it again: eliza-cloud agents resume {agent}")


@click.command()
@click.argument("agent", shell_complete=agent_words)
@price_options
@service_command
def resume(call: Invocation, *, agent: str, consent: Consent) -> None:
    """Start a suspended agent again.

    AGENT is a name, an id or the beginning of one. It runs then, but is not connected to. Where a start
    costs, its price is shown and asked for.
    """
    path = _path(call, agent, "resume")
    body = post_at_price(call, path, consent=consent, words=f"Resuming {agent}")
    call.answer(body, f"✓ {agent} is running.", f"Connect to it: eliza-cloud agents connect {agent}")


@click.command()
@click.argument("agent", shell_complete=agent_words)
@price_options
@service_command
def restart(call: Invocation, *, agent: str, consent: Consent) -> None:
    """Stop an agent and start it again.

    AGENT is a name, an id or the beginning of one. A link to it is restored. Where a start costs, its
    price is asked for once the agent is stopped, unless it was accepted with `connect`.
    """
    path = _path(call, agent, "restart")
    body = post_at_price(
        call,
        path,
        consent=consent,
        words=f"Restarting {agent}",
        without=NOT_STARTED_AGAIN,
    )
    call.answer(body, f"✓ {agent} is running again.")
