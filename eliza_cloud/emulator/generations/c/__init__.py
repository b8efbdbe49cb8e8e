"""Generation C (2026-04): prefixes `milady` and `milaidy`; everything but provisioning is synchronous."""

from eliza_cloud.emulator.generations.agent_routes import AgentHandlers, agent_routes
from eliza_cloud.emulator.generations.c import agents

_HANDLERS = AgentHandlers(
    create=agents.create_agent,
    patch=agents.patch_agent,
    delete=agents.delete_agent,
    suspend=agents.suspend_agent,
    snapshot=agents.take_snapshot,
)
ROUTES = [
    *agent_routes("/api/v1/milady/agents", _HANDLERS),
    *agent_routes("/api/v1/milaidy/agents", _HANDLERS),
]
