"""`eliza-cloud routing clear`: remove the route of a capability."""

import click

from eliza_cloud.cli.commands.routing.set import CAPABILITY
from eliza_cloud.cli.decorators import Invocation, service_command


@click.command()
@CAPABILITY
@service_command
def clear(call: Invocation, *, capability: str) -> None:
    """Remove the route of a capability; its requests are refused from then on."""
    body = call.service.request("DELETE", f"/api/cloud/routing/{capability}")
    call.answer(body, f"✓ {capability} is no longer routed.")
