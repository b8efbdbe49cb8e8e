"""`eliza-cloud agents shutdown`: delete an agent for good."""

import sys

import click

from eliza_cloud.cli.client.agents import agent_id
from eliza_cloud.cli.decorators import Invocation, service_command
from eliza_cloud.cli.errors import CliError
from eliza_cloud.cli.output.agents import agent_words
from eliza_cloud.cli.output.text import printable
from eliza_cloud.core.problems import ABORTED


@click.command()
@click.argument("agent", shell_complete=agent_words)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--discard-state", is_flag=True, help="Delete it even where its state cannot be backed up first."
)
@service_command
def shutdown(call: Invocation, *, agent: str, yes: bool, discard_state: bool) -> None:
    """Delete an agent and its backups.

    AGENT is a name, an id or the beginning of one. `suspend` stops an agent and keeps it. An agent that
    Eliza Cloud cannot back up first stays and goes on costing, unless --discard-state is given.
    """
    identifier = agent_id(call.service, agent)
    if not yes:
        _confirm(agent)
    request = {"acceptStateLoss": True} if discard_state else None
    path = f"/api/cloud/agents/{identifier}/shutdown"
    body = call.post_and_wait(path, request, words=f"Shutting {agent} down")
    call.answer(body, f"✓ {agent} and its backups are deleted.")


def _confirm(agent: str) -> None:
    if not sys.stdin.isatty():
        raise click.UsageError(
            f"This deletes {agent} and its backups, and nobody can be asked here: add --yes to do it."
        )
    question = f"This deletes {agent} and all its backups; they cannot be brought back. Delete?"
    if not click.confirm(printable(question), err=True):
        raise CliError.of(ABORTED)
