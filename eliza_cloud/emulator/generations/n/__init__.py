"""Generation N (next): prefix `eliza`; tiers, reuse, quotas, and jobs for whatever takes long."""

from aiohttp import web

from eliza_cloud.emulator.endpoints.login import revoke_session_key
from eliza_cloud.emulator.generations.agent_routes import AgentHandlers, agent_routes
from eliza_cloud.emulator.generations.n import actions, create

_HANDLERS = AgentHandlers(
    create=create.create_agent,
    patch=actions.patch_agent,
    delete=actions.delete_agent,
    suspend=actions.suspend_agent,
    snapshot=actions.take_snapshot,
)
ROUTES = [
    *agent_routes("/api/v1/eliza/agents", _HANDLERS),
    web.delete("/api/auth/cli-session/{session_id}", revoke_session_key),
]
