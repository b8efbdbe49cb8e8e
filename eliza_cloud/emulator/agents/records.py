"""Agent records: finding, adding and changing them. Everything is scoped to an organization."""

from eliza_cloud.emulator.server.cloud import Cloud
from eliza_cloud.emulator.server.database import Row, new_id
from eliza_cloud.emulator.server.responses import not_found, to_json, unexpected_error
from eliza_cloud.emulator.server.zod_issues import is_uuid_shaped

STARTABLE = ("pending", "stopped", "disconnected", "error", "sleeping")


def find(cloud: Cloud, agent_id: str, organization_id: str) -> Row | None:
    """The organization's agent; an id that is not a UUID breaks the query: 500 (cloud-api §5).

    In generation L an id of the personal kind has no row (cloud-api-latest L4).
    """
    if cloud.is_latest and agent_id.startswith("personal:"):
        return None
    if not is_uuid_shaped(agent_id):
        raise unexpected_error()
    return cloud.database.one(
        "SELECT * FROM agents WHERE id = ? AND organization_id = ?", agent_id.lower(), organization_id
    )


def require(cloud: Cloud, agent_id: str, organization_id: str) -> Row:
    """The organization's agent; 404 also for another organization's."""
    agent = find(cloud, agent_id, organization_id)
    if agent is None:
        raise not_found(cloud, "Agent not found")
    return agent


def get(cloud: Cloud, agent_id: str) -> Row | None:
    """The agent with this id, whoever owns it."""
    return cloud.database.one("SELECT * FROM agents WHERE id = ?", agent_id)


def list_of(cloud: Cloud, organization_id: str) -> list[Row]:
    """The organization's agents, newest first."""
    return cloud.database.all(
        "SELECT * FROM agents WHERE organization_id = ? AND id NOT LIKE 'personal:%'"
        " ORDER BY created_at DESC, rowid DESC",
        organization_id,
    )


def add(cloud: Cloud, *, organization_id: str, user_id: str, fields: dict[str, object]) -> Row:
    """A new agent record; `fields` are its own columns, such as name, tier and status."""
    now = cloud.clock.time()
    agent_id = new_id()
    scope = {"id": agent_id, "organization_id": organization_id, "user_id": user_id}
    cloud.database.insert("agents", {**scope, **fields, "created_at": now, "updated_at": now})
    agent = get(cloud, agent_id)
    if agent is None:
        raise LookupError("The agent that was just written cannot be read back.")
    return agent


def change(cloud: Cloud, agent_id: str, **columns: object) -> None:
    """Change columns of the record and its `updatedAt`."""
    cloud.database.update("agents", agent_id, {**columns, "updated_at": cloud.clock.time()})


def own_config(config: object) -> str:
    """The caller's `agentConfig` without the keys that are reserved for the cloud (cloud-api §9)."""
    entries = config.items() if isinstance(config, dict) else ()
    return to_json({key: value for key, value in entries if not key.lower().startswith("__milady")})
