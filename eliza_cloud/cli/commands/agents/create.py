"""`eliza-cloud agents create`: a new agent at Eliza Cloud (local-api §8)."""

import json
import os
from typing import IO, Any

import click

from eliza_cloud.cli.client.agents import named
from eliza_cloud.cli.decorators import Invocation, service_command


@click.command()
@click.argument("name")
@click.option("--config", type=click.File(encoding="utf-8"), help="The agent's configuration, a JSON object.")
@click.option(
    "--env",
    "variables",
    multiple=True,
    metavar="K=V",
    help="A variable for the agent; K alone takes its value from this environment.",
)
@click.option("--force", is_flag=True, help="Create one even where the cloud would return an existing one.")
@service_command
def create(
    call: Invocation, *, name: str, config: IO[str] | None, variables: tuple[str, ...], force: bool
) -> None:
    """Create an agent.

    `agents connect` starts it, where the cloud has not started it already.
    """
    request: dict[str, Any] = {
        "agentName": name,
        "agentConfig": {} if config is None else _object(config),
        "environmentVars": dict(map(_variable, variables)),
    }
    if force:
        request["forceCreate"] = True
    body = call.post_and_wait("/api/cloud/agents", request, words=f"Creating {name}")
    agent = body["agent"]
    what = f"{named(agent) or name} ({agent['id']})"
    if body.get("created") is False:
        call.answer(
            body,
            f"The cloud created nothing: it returned the existing agent {what}.",
            f"For a new one: eliza-cloud agents create {name} --force",
        )
    else:
        call.answer(body, f"✓ Created {what}.", f"Connect to it: eliza-cloud agents connect {agent['id']}")


def _object(file: IO[str]) -> dict[str, Any]:
    try:
        config = json.load(file)
    except (ValueError, RecursionError) as error:
        raise click.BadParameter(f"{file.name} is not JSON: {error}", param_hint="--config") from None
    if not isinstance(config, dict):
        raise click.BadParameter(f"{file.name} must hold a JSON object.", param_hint="--config")
    return config


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        if name not in os.environ:
            raise click.BadParameter(f"{name} is not set here; write {name}=VALUE.", param_hint="--env")
        value = os.environ[name]
    return name, value
