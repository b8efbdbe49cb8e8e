"""Which agent a word means: an id, a name that only one agent has, or the linked one."""

import re

from eliza_cloud.cli.client.http import Service
from eliza_cloud.cli.errors import CliError
from eliza_cloud.cli.exit_codes import ExitCode
from eliza_cloud.core.problems import AMBIGUOUS_AGENT, NO_AGENT, UNKNOWN_AGENT

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
        raise CliError.of(UNKNOWN_AGENT, name=word)
    raise CliError.of(AMBIGUOUS_AGENT, ExitCode.USAGE, number=len(ids), name=word, ids=", ".join(ids))


def _linked(service: Service) -> str:
    agent = (service.get("/api/cloud/status").get("connection") or {}).get("agentId")
    if agent:
        return str(agent)
    raise CliError.of(NO_AGENT, ExitCode.NOT_LINKED)


def named(agent: dict[str, object]) -> str:
    """Return an agent's name as the cloud gives it; empty for one without."""
    return str(agent.get("agentName") or "")
