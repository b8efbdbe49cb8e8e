"""What agents cost by the hour (cloud-api §15, cloud-api-latest L3), and what else runs in the background.

Below the rate an agent is warned and stopped after a grace period; in generation L it is stopped at once, and
started again when the organization is funded.
"""

from contextlib import suppress

from eliza_cloud.emulator.access.accounts import get_organization
from eliza_cloud.emulator.agents import lifecycle, records, snapshots
from eliza_cloud.emulator.agents.jobs import JobRunner
from eliza_cloud.emulator.agents.snapshots import SnapshotError
from eliza_cloud.emulator.money.ledger import charge, is_funded
from eliza_cloud.emulator.money.prices import tariff
from eliza_cloud.emulator.server.cloud import Cloud
from eliza_cloud.emulator.server.database import Row

RUNNING_RATE = 10_000
IDLE_RATE = 2_500
LOW_BALANCE = 2_000_000
PERIOD_SECONDS = 3600.0
SHORTEST_PERIOD_SECONDS = 55 * 60.0
GRACE_SECONDS = 48 * 3600.0
_BACKUP_SECONDS = 6 * 3600.0


def _rate(cloud: Cloud, agent: Row) -> int:
    if agent["execution_tier"] == "shared":
        return 0
    # In generation L it costs until its workload is gone, deleted or not (cloud-api-latest L15).
    is_running = agent["bridge_url"] is not None if cloud.is_latest else agent["status"] == "running"
    if is_running:
        return tariff(cloud).hourly if cloud.is_latest else RUNNING_RATE
    has_backups = cloud.database.one("SELECT 1 FROM backups WHERE agent_id = ?", agent["id"]) is not None
    return IDLE_RATE if agent["status"] == "stopped" and has_backups else 0


def _overdrawn(cloud: Cloud, agent: Row) -> None:
    now = cloud.clock.time()
    if agent["shutdown_warned_at"] is None:
        changes: dict[str, object] = {"billing_status": "shutdown_pending", "shutdown_warned_at": now}
        cloud.database.update("agents", agent["id"], changes)
        if not cloud.is_latest:
            return
    warned_at = agent["shutdown_warned_at"] or now
    grace = 0.0 if cloud.is_latest else GRACE_SECONDS
    if now - warned_at >= grace and agent["status"] == "running":
        with suppress(SnapshotError):
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
        billing_status = "warning" if is_low else "active"
        if agent["billing_status"] == "suspended" and agent["status"] == "stopped":
            billing_status = "suspended"
        paid = {"last_billed_at": now, "shutdown_warned_at": None, "billing_status": billing_status}
        with cloud.database.transaction():
            charge(cloud, organization["id"], rate, f"Hosting: {agent['agent_name']}", agent["id"])
            cloud.database.update("agents", agent["id"], paid)


def resume_funded(cloud: Cloud, jobs: JobRunner, organization_id: str) -> None:
    """Start again what was stopped for lack of money, once the credit gate lets it (cloud-api-latest L20)."""
    if not cloud.is_latest or not is_funded(cloud, get_organization(cloud, organization_id)):
        return
    for agent in records.list_of(cloud, organization_id):
        if agent["status"] == "stopped" and agent["billing_status"] == "suspended":
            records.change(cloud, agent["id"], billing_status="active", shutdown_warned_at=None)
            jobs.enqueue_once(agent, "agent_resume", price=tariff(cloud).acceptance_value)


def back_up(cloud: Cloud) -> None:
    """The cloud's own backups of running dedicated agents, every six hours (cloud-api-latest L7)."""
    due = cloud.clock.time() - _BACKUP_SECONDS
    running = "SELECT * FROM agents WHERE status = 'running' AND execution_tier != 'shared'"
    for agent in cloud.database.all(running):
        newest = cloud.database.one(
            "SELECT max(created_at) AS at FROM backups WHERE agent_id = ? AND snapshot_type = 'auto'",
            agent["id"],
        )
        last = agent["created_at"] if newest is None or newest["at"] is None else newest["at"]
        if last <= due:
            with suppress(SnapshotError):
                snapshots.take(cloud, agent["id"], "auto")


async def bill_hourly(cloud: Cloud) -> None:
    """Charge once an hour, for as long as the emulator runs; in generation L also back up."""
    while True:
        await cloud.clock.sleep(PERIOD_SECONDS)
        bill(cloud)
        if cloud.is_latest:
            back_up(cloud)
