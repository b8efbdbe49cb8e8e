"""Hourly charges (cloud-api §15): $0.01 running, $0.0025 stopped with backups; warning, then forced stop."""

from eliza_cloud.emulator.access.accounts import get_organization
from eliza_cloud.emulator.agents import lifecycle
from eliza_cloud.emulator.money.ledger import charge
from eliza_cloud.emulator.server.cloud import Cloud
from eliza_cloud.emulator.server.database import Row

RUNNING_RATE = 10_000
IDLE_RATE = 2_500
LOW_BALANCE = 2_000_000
PERIOD_SECONDS = 3600.0
SHORTEST_PERIOD_SECONDS = 55 * 60.0
GRACE_SECONDS = 48 * 3600.0


def _rate(cloud: Cloud, agent: Row) -> int:
    if agent["execution_tier"] == "shared":
        return 0
    if agent["status"] == "running":
        return RUNNING_RATE
    has_backups = cloud.database.one("SELECT 1 FROM backups WHERE agent_id = ?", agent["id"]) is not None
    return IDLE_RATE if agent["status"] == "stopped" and has_backups else 0


def _overdrawn(cloud: Cloud, agent: Row) -> None:
    now = cloud.clock.time()
    if agent["shutdown_warned_at"] is None:
        changes: dict[str, object] = {"billing_status": "shutdown_pending", "shutdown_warned_at": now}
        cloud.database.update("agents", agent["id"], changes)
    elif now - agent["shutdown_warned_at"] >= GRACE_SECONDS and agent["status"] == "running":
        lifecycle.shut_down(cloud, agent["id"])
        cloud.database.update("agents", agent["id"], {"billing_status": "suspended"})


def bill(cloud: Cloud) -> None:
    """Charge every agent whose last charge is at least 55 minutes old."""
    now = cloud.clock.time()
    for agent in cloud.database.all("SELECT * FROM agents"):
        rate = _rate(cloud, agent)
        if not rate or now - (agent["last_billed_at"] or agent["created_at"]) < SHORTEST_PERIOD_SECONDS:
            continue
        organization = get_organization(cloud, agent["organization_id"])
        if organization["balance"] < rate:
            _overdrawn(cloud, agent)
            continue
        is_low = organization["balance"] - rate < LOW_BALANCE
        paid = {
            "last_billed_at": now,
            "shutdown_warned_at": None,
            "billing_status": "warning" if is_low else "active",
        }
        with cloud.database.transaction():
            charge(cloud, organization["id"], rate, f"Hosting: {agent['agent_name']}", agent["id"])
            cloud.database.update("agents", agent["id"], paid)


async def bill_hourly(cloud: Cloud) -> None:
    """Charge once an hour, for as long as the emulator runs."""
    while True:
        await cloud.clock.sleep(PERIOD_SECONDS)
        bill(cloud)
