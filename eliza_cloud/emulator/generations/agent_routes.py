"""The agent endpoints under one prefix: those that generations share, and a generation's own handlers."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from eliza_cloud.emulator.endpoints.agents import get_agent, list_agents, pair_agent
from eliza_cloud.emulator.endpoints.backups import list_backups, restore_backup
from eliza_cloud.emulator.endpoints.bridge import call_bridge
from eliza_cloud.emulator.endpoints.provision import provision_agent, resume_agent
from eliza_cloud.emulator.endpoints.stream import stream_message

_Endpoint = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class AgentHandlers:
    """The handlers of one generation; those with a default may be shared."""

    create: _Endpoint
    patch: _Endpoint
    delete: _Endpoint
    suspend: _Endpoint
    snapshot: _Endpoint
    provision: _Endpoint = provision_agent
    resume: _Endpoint = resume_agent
    bridge: _Endpoint = call_bridge
    stream: _Endpoint = stream_message
    backups: _Endpoint = list_backups
    restore: _Endpoint = restore_backup


def agent_routes(prefix: str, own: AgentHandlers) -> list[web.RouteDef]:
    """The route table of agents under `prefix`."""
    one = f"{prefix}/{{agent_id}}"
    return [
        web.get(prefix, list_agents),
        web.post(prefix, own.create),
        web.get(one, get_agent),
        web.patch(one, own.patch),
        web.delete(one, own.delete),
        web.post(f"{one}/provision", own.provision),
        web.post(f"{one}/suspend", own.suspend),
        web.post(f"{one}/resume", own.resume),
        web.post(f"{one}/bridge", own.bridge),
        web.post(f"{one}/stream", own.stream),
        web.post(f"{one}/snapshot", own.snapshot),
        web.get(f"{one}/backups", own.backups),
        web.post(f"{one}/restore", own.restore),
        web.post(f"{one}/pairing-token", pair_agent),
    ]
