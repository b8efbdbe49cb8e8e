"""`eliza-cloud agents create`: a new agent at Eliza Cloud (local-api §8)."""

import json
import os
from typing import IO, Any

import click

from eliza_cloud.cli.client.agents import named
from eliza_cloud.cli.client.http import Body
from eliza_cloud.cli.decorators import Invocation, service_command
from eliza_cloud.cli.paid_start import Consent, post_at_price, price_options


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
@click.option("--dedicated", is_flag=True, help="Ask for a container of its own, with backups, which costs.")
@click.option("--character", metavar="ID", help="The character at Eliza Cloud that it is to be.")
@click.option("--image", metavar="IMAGE", help="The container image that it is to run.")
@click.option("--no-start", is_flag=True, help="Create it without starting it.")
@click.option(
    "--force",
    is_flag=True,
    help="Create one even where the cloud would return an existing one; in a cloud with shared agents with"
    " --dedicated only.",
)
@price_options
@service_command
def create(
    call: Invocation,
    *,
    name: str,
    config: IO[str] | None,
    variables: tuple[str, ...],
    dedicated: bool,
    character: str | None,
    image: str | None,
    no_start: bool,
    force: bool,
    consent: Consent,
) -> None:
    """Create an agent.

    `agents connect` starts it, where the cloud has not started it already. Where a dedicated agent costs from
    its creation, its price is shown and asked for.
    """
    request: dict[str, Any] = {
        "agentName": name,
        "agentConfig": {} if config is None else _object(config),
        "environmentVars": dict(map(_variable, variables)),
    }
    given = {
        "dedicated": dedicated or None,
        "characterId": character,
        "dockerImage": image,
        "autoProvision": False if no_start else None,
        "forceCreate": force or None,
    }
    request |= {member: value for member, value in given.items() if value is not None}
    body = post_at_price(call, "/api/cloud/agents", request, consent=consent, words=f"Creating {name}")
    agent = body["agent"]
    what = f"{named(agent) or name} ({agent['id']})"
    limits = _limits(agent)
    if body.get("created") is False:
        options = "--dedicated --force" if dedicated or limits else "--force"
        call.answer(
            body,
            f"The cloud created nothing: it returned the existing agent {what}.",
            *limits,
            f"For a new one: eliza-cloud agents create {name} {options}",
        )
    else:
        connect = f"Connect to it: eliza-cloud agents connect {agent['id']}"
        call.answer(body, f"✓ Created {what}.", *limits, connect)


def _limits(agent: Body) -> list[str]:
    """Say what an agent of the shared tier cannot do; nothing for any other."""
    if agent.get("executionTier") != "shared":
        return []
    return [
        "It is a shared agent: it has no container of its own, and no backups are taken of it.",
        f"For both, at a price: eliza-cloud agents upgrade {agent['id']}",
    ]


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
