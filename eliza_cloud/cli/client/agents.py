"""Which agent a word means: an id or the beginning of one, a name that only one has, or the linked one."""

import re
from collections.abc import Iterable

from eliza_cloud.cli.client.http import Service
from eliza_cloud.cli.errors import CliError
from eliza_cloud.cli.exit_codes import ExitCode
from eliza_cloud.cli.near import did_you_mean
from eliza_cloud.core.problems import AMBIGUOUS_AGENT, ID_OF_SEVERAL, NO_AGENT, UNKNOWN_AGENT

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
SHORTEST_PREFIX = 4
"""Characters of an id that stand for it: a mistyped name must not become another agent."""


def agent_id(service: Service, word: str | None) -> str:
    """Return the id of the agent with this name or id, or an id that alone begins so; without a word, of the
    linked one.
    """
    if word is None:
        return _linked(service)
    if UUID.fullmatch(word):
        return word
    agents = service.get("/api/cloud/agents")["agents"]
    ids = [str(agent["id"]) for agent in agents if named(agent) == word]
    problem = AMBIGUOUS_AGENT
    if not ids:
        ids, problem = beginning_with(word, (str(agent["id"]) for agent in agents)), ID_OF_SEVERAL
    if len(ids) == 1:
        return ids[0]
    if not ids:
        hint = did_you_mean(word, filter(None, map(named, agents)))
        raise CliError.of(UNKNOWN_AGENT, name=word, hint=hint and f" {hint}")
    raise CliError.of(problem, ExitCode.USAGE, number=len(ids), name=word, ids=", ".join(ids))


def beginning_with(prefix: str, ids: Iterable[str]) -> list[str]:
    """Return the ids that begin so; the one that is the same alone, and none for too short a beginning."""
    known = list(ids)
    if prefix in known:
        return [prefix]
    if len(prefix) < SHORTEST_PREFIX:
        return []
    return [one for one in known if one.lower().startswith(prefix.lower())]


def _linked(service: Service) -> str:
    agent = (service.get("/api/cloud/status").get("connection") or {}).get("agentId")
    if agent:
        return str(agent)
    raise CliError.of(NO_AGENT, ExitCode.NOT_LINKED)


def named(agent: dict[str, object]) -> str:
    """Return an agent's name as the cloud gives it; empty for one without."""
    return str(agent.get("agentName") or "")
