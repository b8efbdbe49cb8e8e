"""`/emulator/state`: everything there is, for tests and for people."""

from aiohttp import web

from eliza_cloud.emulator.agents import sandbox
from eliza_cloud.emulator.server.cloud import CLOUD, Cloud
from eliza_cloud.emulator.server.database import Row
from eliza_cloud.emulator.server.responses import dollars, iso, json_response

routes = web.RouteTableDef()


def shown_organization(row: Row) -> dict[str, object]:
    """An organization with what was set for it."""
    return {
        "id": row["id"],
        "name": row["name"],
        "balance": dollars(row["balance"]),
        "hold": None if row["hold"] is None else dollars(row["hold"]),
        "active": bool(row["is_active"]),
        "sharedTier": bool(row["shared_tier"]),
        "asyncRestore": bool(row["async_restore"]),
        "warmPool": row["warm_pool"] or "off",
        "maxAgents": row["max_agents"],
    }


def shown_agent(cloud: Cloud, agent: Row) -> dict[str, object]:
    """An agent with its sandbox, memories and backups counted."""
    found = sandbox.find(cloud, agent["id"])
    backups = cloud.database.count("SELECT count(*) FROM backups WHERE agent_id = ?", agent["id"])
    memories = cloud.database.count("SELECT count(*) FROM memories WHERE agent_id = ?", agent["id"])
    return {
        "id": agent["id"],
        "agentName": agent["agent_name"],
        "organizationId": agent["organization_id"],
        "status": agent["status"],
        "executionTier": agent["execution_tier"],
        "billingStatus": agent["billing_status"],
        "sandbox": None if found is None else found["state"],
        "memories": memories,
        "backups": backups,
    }


@routes.get("/emulator/state")
async def show_state(request: web.Request) -> web.Response:
    """Everything there is, without secrets: session ids are shortened, keys shown by their prefix."""
    cloud, database = request.app[CLOUD], request.app[CLOUD].database
    return json_response(
        {
            "generation": cloud.generation.value,
            "now": iso(cloud.clock.time()),
            "organizations": [shown_organization(row) for row in database.all("SELECT * FROM organizations")],
            "users": [dict(row) for row in database.all("SELECT id, email, organization_id FROM users")],
            "keys": [dict(row) for row in database.all("SELECT name, key_prefix, is_active FROM api_keys")],
            "logins": [
                {"sessionId": f"{row['session_id'][:8]}…", "status": row["status"]}
                for row in database.all("SELECT session_id, status FROM login_sessions")
            ],
            "agents": [shown_agent(cloud, agent) for agent in database.all("SELECT * FROM agents")],
            "jobs": [
                dict(row)
                for row in database.all(
                    "SELECT id, agent_id, type, status, attempts, error FROM jobs ORDER BY rowid"
                )
            ],
        }
    )
