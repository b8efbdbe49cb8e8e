"""Generation L (latest): shared and dedicated tiers, priced starts, holds, deletions that need a backup."""

from aiohttp import web

from eliza_cloud.emulator.generations.agent_routes import AgentHandlers, agent_routes
from eliza_cloud.emulator.generations.latest import (
    account,
    backups,
    billing,
    conversation,
    create,
    personal,
    start,
    stop,
    upgrade,
)

_PREFIX = "/api/v1/eliza/agents"
_HANDLERS = AgentHandlers(
    create=create.create_agent,
    patch=stop.patch_agent,
    delete=stop.delete_agent,
    suspend=stop.suspend_agent,
    snapshot=backups.take_snapshot,
    provision=start.provision_agent,
    resume=start.resume_agent,
    bridge=conversation.call_bridge,
    stream=conversation.stream_message,
    backups=backups.list_backups,
    restore=backups.restore_backup,
)
ROUTES = [
    *agent_routes(_PREFIX, _HANDLERS),
    web.post(f"{_PREFIX}/{{agent_id}}/sleep", stop.sleep_agent),
    web.post(f"{_PREFIX}/{{agent_id}}/wake", start.wake_agent),
    web.get(f"{_PREFIX}/{{agent_id}}/backups/predeletion", stop.get_final_state),
    web.get(f"{_PREFIX}/{{agent_id}}/upgrade-tier", upgrade.get_quote),
    web.post(f"{_PREFIX}/{{agent_id}}/upgrade-tier", upgrade.upgrade_agent),
    web.get("/api/v1/eliza/personal", personal.get_personal),
    web.get("/api/v1/user", account.get_user),
    web.delete("/api/v1/api-keys/current", account.revoke_current_key),
    web.post("/api/v1/credits/checkout", billing.create_checkout),
    web.get("/api/v1/billing/hold", billing.get_hold),
    web.get("/api/v1/billing/limits", billing.get_limits),
]
