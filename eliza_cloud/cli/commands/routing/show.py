"""`eliza-cloud routing show`: the five capabilities and their routes."""

import click

from eliza_cloud.cli.commands.routing.output import remedy, upstream_words
from eliza_cloud.cli.decorators import Invocation, print_json, service_command
from eliza_cloud.cli.output.table import print_table
from eliza_cloud.cli.output.text import printable, say


@click.command()
@service_command
def show(call: Invocation) -> None:
    """Show the route of each capability."""
    body = call.service.get("/api/cloud/routing")
    if call.as_json:
        print_json(body)
        return
    capabilities = body["capabilities"]
    print_table(
        ("CAPABILITY", "ROUTE"), [(name, upstream_words(view)) for name, view in capabilities.items()]
    )
    for name, view in capabilities.items():
        if why := remedy(view):
            click.echo(f"\n{printable(f'{name}: {why}')}")
    if body.get("problem"):
        say(f"The routes are those of an older eliza.json: {body['problem']}")
