"""Which agent a word means: an id, a name that only one agent has, or the linked one."""

import re

from eliza_cloud.cli.client.errors import CONNECT
from eliza_cloud.cli.client.http import Service
from eliza_cloud.cli.errors import CliError
from eliza_cloud.cli.exit_codes import ExitCode

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def agent_id(service: Service, word: str | None) -> str:
    """Return the id of the agent with this id or unique name; without a word, of the linked one."""
    if word is None:
        return _linked(service)
    if UUID.fullmatch(word):
        return word
    ids = [str(agent["id"]) for agent in service.get("/api/cloud/agents")["agents"] if named(agent) == word]
    if len(ids) == 1:
        return ids[0]
    if not ids:
        raise CliError(
            f"No agent is called {word}.",
            remedy="Those there are: eliza-cloud agents list",
            code="unknown_agent",
        )
    raise CliError(
        f"{len(ids)} agents are called {word}: {', '.join(ids)}.",
        remedy="Use the id of the one you mean.",
        code="ambiguous_agent",
        exit_code=ExitCode.USAGE,
    )


def _linked(service: Service) -> str:
    agent = (service.get("/api/cloud/status").get("connection") or {}).get("agentId")
    if agent:
        return str(agent)
    raise CliError(
        "No agent is connected, and none was named.",
        remedy=CONNECT,
        code="no_agent",
        exit_code=ExitCode.NOT_LINKED,
    )


def named(agent: dict[str, object]) -> str:
    """Return an agent's name as the cloud gives it; empty for one without."""
    return str(agent.get("agentName") or "")
