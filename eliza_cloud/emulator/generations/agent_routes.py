"""The agent endpoints under one prefix: those that all generations share, and a generation's own handlers."""

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
    """The handlers that a generation has of its own."""

    create: _Endpoint
    patch: _Endpoint
    delete: _Endpoint
    suspend: _Endpoint
    snapshot: _Endpoint


def agent_routes(prefix: str, own: AgentHandlers) -> list[web.RouteDef]:
    """The route table of agents under `prefix`."""
    one = f"{prefix}/{{agent_id}}"
    return [
        web.get(prefix, list_agents),
        web.post(prefix, own.create),
        web.get(one, get_agent),
        web.patch(one, own.patch),
        web.delete(one, own.delete),
        web.post(f"{one}/provision", provision_agent),
        web.post(f"{one}/suspend", own.suspend),
        web.post(f"{one}/resume", resume_agent),
        web.post(f"{one}/bridge", call_bridge),
        web.post(f"{one}/stream", stream_message),
        web.post(f"{one}/snapshot", own.snapshot),
        web.get(f"{one}/backups", list_backups),
        web.post(f"{one}/restore", restore_backup),
        web.post(f"{one}/pairing-token", pair_agent),
    ]
