"""`eliza-cloud routing set`: set the route of a capability."""

from typing import Any

import click

from eliza_cloud.cli.commands.routing.output import remedy, upstream_words
from eliza_cloud.cli.decorators import Invocation, service_command
from eliza_cloud.cli.param_types import Choice
from eliza_cloud.routing.config.types import TIERS, Capability, Strategy

CAPABILITY = click.argument("capability", type=Choice([one.value for one in Capability]))
REMOTE = "remote"


@click.command("set")
@CAPABILITY
@click.argument("backend")
@click.option("--model", metavar="NAME", help="The model, where a request names none or a tier without one.")
@click.option(
    "--tier",
    "tiers",
    multiple=True,
    metavar="TIER=NAME",
    help="The model of a tier, such as small=gpt-5-nano; may be repeated.",
)
@click.option("--remote", "address", metavar="URL", help="The server's address, for the backend `remote`.")
@click.option("--account", "accounts", multiple=True, metavar="NAME", help="An account; may be repeated.")
@click.option("--strategy", type=Choice([one.value for one in Strategy]), help="How one is chosen.")
@service_command
def set_route(
    call: Invocation,
    *,
    capability: str,
    backend: str,
    model: str | None,
    tiers: tuple[str, ...],
    address: str | None,
    accounts: tuple[str, ...],
    strategy: str | None,
) -> None:
    """Set the route of a capability; it takes effect with the next request.

    BACKEND is elizacloud, a provider (openai, anthropic, google, groq, openrouter, ollama, or one that
    eliza.json names), or remote. A key is never an argument: it is read from the provider's usual variable,
    under env in eliza.json or in the environment of the service. The key of the account work is in the
    variable with _WORK at its end.
    """
    route: dict[str, Any] = dict(map(_tier, tiers))
    route |= {"transport": REMOTE} if backend == REMOTE else {"backend": backend}
    route |= {"primaryModel": model, "strategy": strategy, "remoteApiBase": address}
    if len(accounts) == 1:
        route["accountId"] = accounts[0]
    elif accounts:
        route["accountIds"] = list(accounts)
    given = {name: value for name, value in route.items() if value is not None}
    body = call.service.request("PUT", f"/api/cloud/routing/{capability}", given)
    call.answer(body, f"{capability} → {upstream_words(body)}", *filter(None, [remedy(body)]))


def _tier(text: str) -> tuple[str, str]:
    tier, equals, model = text.partition("=")
    if not equals or not model or tier not in TIERS:
        raise click.BadParameter(f"write TIER=NAME, with one of {', '.join(TIERS)}", param_hint="--tier")
    return f"{tier}Model", model
