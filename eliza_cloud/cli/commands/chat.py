"""`eliza-cloud chat`: talk to the connected agent."""

import readline  # noqa: F401 - gives input() its line editing
import sys
from collections.abc import Iterable, Iterator

import click

from eliza_cloud.cli.client.agents import agent_id
from eliza_cloud.cli.client.http import Service
from eliza_cloud.cli.decorators import Invocation, print_json, service_command
from eliza_cloud.cli.errors import CliError
from eliza_cloud.cli.output.agents import agent_words
from eliza_cloud.cli.output.text import reply_text, say
from eliza_cloud.core.problems import STREAM_TRUNCATED

PROMPT = "you> "
MESSAGE_TIMEOUT = 90.0
"""Seconds; longer than the service gives the agent for one message."""


@click.command()
@click.argument("message", nargs=-1)
@click.option(
    "--agent",
    metavar="AGENT",
    shell_complete=agent_words,
    help="Connect to this agent first, unless it is the connected one.",
)
@service_command
def chat(call: Invocation, *, message: tuple[str, ...], agent: str | None) -> None:
    """Talk to the connected agent.

    Sends MESSAGE and prints the reply as it arrives. Without MESSAGE: a conversation on a terminal (Ctrl-D
    ends it), else one message per line of stdin.
    """
    if agent is not None:
        _connect(call, agent)
    if message:
        _say(call, " ".join(message))
    elif sys.stdin.isatty() and sys.stdout.isatty():
        _converse(call)
    else:
        for line in filter(None, map(str.strip, sys.stdin)):
            _say(call, line)


def _connect(call: Invocation, agent: str) -> None:
    identifier = agent_id(call.service, agent)
    link = call.service.get("/api/cloud/status").get("connection") or {}
    if (link.get("agentId"), link.get("state")) != (identifier, "connected"):
        say(f"Connecting to {agent} first.")
        call.post_and_wait(f"/api/cloud/agents/{identifier}/connect", words=f"Connecting to {agent}")


def _converse(call: Invocation) -> None:
    """Say what is typed until the end of input; one failed message does not end the conversation."""
    while True:
        try:
            text = input(PROMPT).strip()
        except EOFError:
            click.echo()
            return
        try:
            if text:
                _say(call, text)
        except CliError as error:
            error.show()


def _say(call: Invocation, text: str) -> None:
    if call.as_json:
        print_json(call.service.post("/api/chat", {"text": text}, timeout=MESSAGE_TIMEOUT))
    else:
        _print_as_it_comes(_pieces(call.service, text))


def _pieces(service: Service, text: str) -> Iterator[str]:
    """Yield the answer's pieces; raises `CliError` for one that is refused, broken off or cut short."""
    for frame in service.stream("/api/chat/stream", {"text": text}):
        if frame.get("type") == "token":
            yield str(frame.get("text", ""))
        elif frame.get("type") == "done":
            return
        elif frame.get("type") == "error":
            raise CliError(str(frame.get("message")), code=str(frame.get("code")))
    raise CliError.of(STREAM_TRUNCATED)


def _print_as_it_comes(pieces: Iterable[str]) -> None:
    begun = False
    try:
        for piece in pieces:
            click.echo(reply_text(piece), nl=False)
            begun = True
    finally:
        if begun:
            click.echo()
