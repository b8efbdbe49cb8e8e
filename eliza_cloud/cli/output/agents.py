"""The words that stand for an agent, for a shell to complete: asked of this machine's service, in silence."""

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from eliza_cloud.cli.client.agents import named
from eliza_cloud.cli.client.endpoint import is_loopback, service_token, service_url
from eliza_cloud.cli.client.http import Service
from eliza_cloud.cli.errors import CliError

PATIENCE = 0.5
"""Seconds; whoever pressed Tab waits for it."""


def agent_words(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the agents whose name, or else id, begins so; none when the service does not answer at once."""
    url, token_file = ctx.params.get("url"), ctx.params.get("token_file")
    try:
        url = url or service_url(os.environ)
        if not is_loopback(url):
            return []
        service = Service(url, service_token(os.environ, url, token_file and Path(token_file)))
        agents = service.get("/api/cloud/agents", timeout=PATIENCE)["agents"]
        return [item for item in _items(agents) if item.value.startswith(incomplete)]
    except (CliError, KeyError, TypeError, AttributeError, ValueError):
        return []  # a shell has no place for an error message


def _items(agents: list[dict[str, object]]) -> Iterator[CompletionItem]:
    """Yield an agent's name where it is one of a kind and needs no quotes, else its id."""
    names = [named(agent) for agent in agents]
    for name, agent in zip(names, agents, strict=True):
        if name and names.count(name) == 1 and shlex.quote(name) == name:
            yield CompletionItem(name, help=str(agent.get("status") or ""))
        else:
            yield CompletionItem(str(agent["id"]), help=name if name.isprintable() else "")
