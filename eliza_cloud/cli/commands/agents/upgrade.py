"""`eliza-cloud agents upgrade`: make a shared agent dedicated, once its owner agrees to what that costs."""

import click

from eliza_cloud.cli.client.agents import agent_id
from eliza_cloud.cli.client.http import Body
from eliza_cloud.cli.decorators import Invocation, service_command
from eliza_cloud.cli.errors import CliError
from eliza_cloud.cli.output.agents import agent_words
from eliza_cloud.cli.output.text import say
from eliza_cloud.cli.paid_start import Consent, ask_on_a_terminal, limit_options, post_at_price, price_words


@click.command()
@click.argument("agent", shell_complete=agent_words)
@limit_options
@service_command
def upgrade(call: Invocation, *, agent: str, consent: Consent) -> None:
    """Make a shared agent dedicated, and connect to it.

    AGENT is a name, an id or the beginning of one. What it costs is shown and asked for. The dedicated
    agent has a container and backups, and an id of its own.
    """
    path = f"/api/cloud/agents/{agent_id(call.service, agent)}/upgrade"
    quote = call.service.get(path)["quote"]
    _show(agent, quote)
    if not quote["canActivate"]:
        raise CliError(
            f"{agent} cannot be upgraded now: {quote.get('unavailableReason') or 'the balance is too low'}.",
            remedy="The balance and where to top up: eliza-cloud credits",
            code="conflict",
        )
    if not consent.covers(quote):
        _ask(agent, quote, consent)
    agreed = Consent(None, quote["hourlyRateUsd"], quote["minimumActivationChargeUsd"])
    made = post_at_price(
        call, path, {"quoteId": quote["quoteId"]}, consent=agreed, words=f"Upgrading {agent}"
    )
    new_id = made["agentId"]
    linked = post_at_price(
        call, f"/api/cloud/agents/{new_id}/connect", consent=agreed, words=f"Connecting to {new_id}"
    )
    call.answer(
        {**made, "status": linked["status"]},
        f"✓ {agent} is dedicated now: its new id is {new_id}, and this machine is connected to it.",
    )


def _show(agent: str, quote: Body) -> None:
    say(f"As a dedicated agent {agent} costs {price_words(quote)}.")
    needed, balance = quote.get("minimumBalanceUsd"), quote.get("balanceUsd")
    if needed is not None and balance is not None:
        say(f"The upgrade needs a balance of ${needed:.2f}; there are ${balance:.2f}.")


def _ask(agent: str, quote: Body, consent: Consent) -> None:
    limits = f"--max-hourly {quote['hourlyRateUsd']:g} --max-start {quote['minimumActivationChargeUsd']:g}"
    otherwise = CliError(
        f"{agent} was not upgraded, because nobody has agreed to what it costs.",
        remedy=f"Agree with {limits}.",
        code="price_confirmation_required",
    )
    if consent.has_limits:
        raise otherwise
    ask_on_a_terminal("Make it dedicated?", otherwise)
