"""`eliza-cloud agents logs`: the last lines of an agent's log."""

import re

import click

from eliza_cloud.cli.client.agents import agent_id
from eliza_cloud.cli.client.http import PATIENT
from eliza_cloud.cli.decorators import Invocation, service_command
from eliza_cloud.cli.output.agents import agent_words


@click.command()
@click.argument("agent", required=False, shell_complete=agent_words)
@click.option(
    "--tail",
    type=click.IntRange(1, 1000),
    default=100,
    show_default=True,
    help="How many lines, from the end.",
)
@service_command
def logs(call: Invocation, *, agent: str | None, tail: int) -> None:
    """Show the last lines of an agent's log.

    AGENT is a name, an id or the beginning of one; the connected agent by default.
    """
    path = f"/api/cloud/agents/{agent_id(call.service, agent)}/logs?tail={tail}"
    body = call.service.get(path, timeout=PATIENT)
    lines = body["logs"].rstrip("\n")
    call.answer(body, *(re.split(r"\r?\n", lines) if lines else ["The log is empty."]))
