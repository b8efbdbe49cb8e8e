"""How an agent record looks on the wire (cloud-api §9): exact key sets for each generation."""

import json
import re

from eliza_cloud.emulator.money.hosting import IDLE_RATE, RUNNING_RATE
from eliza_cloud.emulator.server.cloud import Cloud
from eliza_cloud.emulator.server.database import Row
from eliza_cloud.emulator.server.responses import dollars, iso, iso_or_null

_HIDDEN = "The operation failed. Retry from Eliza Cloud or contact support if it continues."
_PATH = re.compile(r"(?:^|[\s\"'(])/[\w.-]+/")
_TOKEN_KEYS = {
    "token_address": "tokenContractAddress",
    "token_chain": "chain",
    "token_name": "tokenName",
    "token_ticker": "tokenTicker",
}


def web_ui_url(agent_id: str) -> str:
    """Where a dedicated agent's own page would be; there is none here, so the name cannot resolve."""
    return f"https://{agent_id}.agents.invalid"


def shared_url(origin: str, agent_id: str) -> str:
    """A shared agent's base is the cloud's own API."""
    return f"{origin}/api/v1/eliza/agents/{agent_id}"


def _public_url(agent: Row) -> str | None:
    return None if agent["execution_tier"] == "shared" else web_ui_url(agent["id"])


def _token(agent: Row) -> dict[str, object]:
    config = json.loads(agent["agent_config"])
    values = {key: config.get(name) for key, name in _TOKEN_KEYS.items()}
    return {key: value if isinstance(value, str) else None for key, value in values.items()}


def _core(agent: Row) -> dict[str, object]:
    return {
        "id": agent["id"],
        "agentName": agent["agent_name"],
        "status": agent["status"],
        "databaseStatus": agent["database_status"],
        "lastBackupAt": iso_or_null(agent["last_backup_at"]),
        "lastHeartbeatAt": iso_or_null(agent["last_heartbeat_at"]),
        "errorMessage": agent["error_message"],
        "createdAt": iso(agent["created_at"]),
        "updatedAt": iso(agent["updated_at"]),
        **_token(agent),
    }


def _hourly(agent: Row) -> tuple[str, float | None]:
    if agent["execution_tier"] == "shared":
        return "shared-usage", 0.0
    if agent["status"] == "running":
        return "running", dollars(RUNNING_RATE)
    if agent["status"] == "stopped" and agent["last_backup_at"] is not None:
        return "idle", dollars(IDLE_RATE)
    return "unavailable", None


def _monthly(hourly: float | None) -> float | None:
    return None if hourly is None else round(hourly * 24 * 30, 2)


def _hosting(agent: Row) -> dict[str, object]:
    rate_class, hourly = _hourly(agent)
    return {
        "dockerImage": agent["docker_image"],
        "executionTier": agent["execution_tier"],
        "hostingCost": {
            "rateClass": rate_class,
            "hourlyRateUsd": hourly,
            "monthlyEstimateUsd": _monthly(hourly),
        },
        "webUiUrl": _public_url(agent),
    }


def _active_job(cloud: Cloud, agent: Row) -> dict[str, object] | None:
    """The agent's newest unfinished job, as generation L shows it."""
    job = cloud.database.one(
        "SELECT * FROM jobs WHERE agent_id = ? AND status IN ('pending', 'in_progress')"
        " ORDER BY created_at DESC, rowid DESC",
        agent["id"],
    )
    if job is None:
        return None
    return {
        "id": job["id"],
        "type": job["type"],
        "status": job["status"],
        "attempts": job["attempts"],
        "maxAttempts": job["max_attempts"],
        "estimatedCompletionAt": iso(job["estimated_completion_at"]),
        "scheduledFor": iso(job["scheduled_for"]),
        "startedAt": iso_or_null(job["started_at"]),
        "createdAt": iso(job["created_at"]),
        "updatedAt": iso(job["updated_at"]),
    }


def _latest_item(cloud: Cloud, agent: Row) -> dict[str, object]:
    message = agent["error_message"]
    return {
        **_core(agent),
        "errorMessage": None if message is None else owners_view(message).partition("\n")[0],
        "dockerImage": agent["docker_image"],
        "executionTier": agent["execution_tier"],
        "webUiUrl": _public_url(agent),
        "activeJob": _active_job(cloud, agent),
    }


def owners_view(error: str) -> str:
    """An error as owners see it in generation L: what shows a path is replaced (cloud-api-latest L15)."""
    return _HIDDEN if _PATH.search(error) else error


def list_item(cloud: Cloud, agent: Row) -> dict[str, object]:
    """An agent as the list shows it."""
    if cloud.is_latest:
        return _latest_item(cloud, agent)
    return _core(agent) if cloud.is_c else {**_core(agent), **_hosting(agent)}


def detail(cloud: Cloud, agent: Row) -> dict[str, object]:
    """An agent as its own address shows it."""
    more = {
        "errorCount": agent["error_count"],
        "walletAddress": None,
        "walletProvider": None,
        "walletStatus": "none",
    }
    if cloud.is_latest:
        mesh = {"adminDetails": None, "meshAddressPresent": agent["bridge_url"] is not None}
        return {**_latest_item(cloud, agent), **more, **mesh}
    shown = {**_core(agent), "bridgeUrl": agent["bridge_url"], **more}
    return shown if cloud.is_c else {**shown, **_hosting(agent), "adminDetails": None}


def hosting_summary(agents: list[Row], balance: int) -> dict[str, object]:
    """What all agents together cost (generation N)."""
    costs = [_hourly(agent) for agent in agents]
    hourly = round(sum(rate or 0.0 for _, rate in costs), 6)
    classes = [rate_class for rate_class, _ in costs]
    return {
        "sharedCount": classes.count("shared-usage"),
        "dedicatedRunningCount": classes.count("running"),
        "dedicatedIdleCount": classes.count("idle"),
        "hasAgents": bool(agents),
        "hasDedicatedHosting": hourly > 0,
        "hourlyHostingCostUsd": hourly,
        "monthlyHostingCostUsd": _monthly(hourly),
        "creditBalanceUsd": dollars(balance),
        "hoursRemaining": int(dollars(balance) / hourly) if hourly > 0 else None,
    }
