"""`eliza-cloud routing clear`: no road for one capability."""

import click

from eliza_cloud.cli.commands.routing.set import CAPABILITY
from eliza_cloud.cli.decorators import Invocation, client_verb


@click.command()
@CAPABILITY
@client_verb
def clear(call: Invocation, *, capability: str) -> None:
    """Take a capability's road away; its requests are refused then."""
    body = call.service.request("DELETE", f"/api/cloud/routing/{capability}")
    call.answer(body, f"✓ {capability} is not routed any more.")
