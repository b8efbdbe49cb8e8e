"""From the cloud's JSON to the types of `models` (cloud-api §7-§11, §14, §15).

Raises `InvalidResponse` only where the answer is useless: an agent without an id, a list that is none.
"""

from typing import Any

from eliza_cloud.cloud.errors import CloudError, InvalidRequest, InvalidResponse, PriceConfirmationRequired
from eliza_cloud.cloud.types.models import (
    Agent,
    Backup,
    CreatedAgent,
    Job,
    JobRef,
    Logs,
    Pricing,
    Provision,
    Restored,
    Snapshot,
    Upgrade,
    UpgradeQuote,
    User,
    members,
    number,
    seconds,
    text,
    whole,
)
from eliza_cloud.core.problems import (
    INVALID_RESPONSE,
    PRICE_CONFIRMATION_REQUIRED,
    PRICE_NOT_NAMED,
    PRICE_NOT_SENDABLE,
    PRICE_UNUSABLE,
)

#: The usual polling hint (cloud-api §11), for answers without one.
DEFAULT_INTERVAL = 5.0
_SHORTEST_INTERVAL = 0.02
_LONGEST_INTERVAL = 60.0


def unexpected(what: str) -> InvalidResponse:
    """Return the error for an answer in which `what` is missing or of another kind."""
    return InvalidResponse(INVALID_RESPONSE.occurred(what=what))


def read_user(document: dict[str, Any]) -> User:
    """Read `GET /user`."""
    data = members(document.get("data")) or document
    user_id = text(data.get("id"))
    if user_id is None:
        raise unexpected("the user has no id")
    organization_id = text(members(data.get("organization")).get("id")) or text(data.get("organization_id"))
    return User(user_id, organization_id, text(data.get("name")), text(data.get("email")))


def read_balance(document: dict[str, Any]) -> float:
    """Read the credit balance in dollars, bare or inside `data`, as a number or a decimal string."""
    balance = number(document.get("balance"))
    if balance is None:
        balance = number(members(document.get("data")).get("balance"))
    if balance is None:
        raise unexpected("there is no balance in it")
    return balance


def read_agents(document: dict[str, Any]) -> list[Agent]:
    """Read the list of agents."""
    return [read_agent(members(item)) for item in _listed(document)]


def read_agent(raw: dict[str, Any]) -> Agent:
    """Read one agent object."""
    agent_id = text(raw.get("id")) or text(raw.get("agentId"))
    if agent_id is None:
        raise unexpected("an agent has no id")
    return Agent(agent_id, text(raw.get("agentName")), text(raw.get("status")) or "unknown", raw)


def read_created(document: dict[str, Any], status: int) -> CreatedAgent:
    """Read a create (cloud-api §9): 200 is reuse unless it says otherwise; with a job, `status` is its."""
    data = members(document.get("data"))
    job = read_job_ref(document)
    agent_id = text(data.get("agentId")) or text(data.get("id"))
    if agent_id is None:
        raise unexpected("the created agent has no id")
    agent_status = "provisioning" if job is not None else text(data.get("status")) or "unknown"
    created = document.get("created")
    return CreatedAgent(
        agent=Agent(agent_id, text(data.get("agentName")), agent_status, data),
        created=created if isinstance(created, bool) else status != 200,
        job=job,
    )


def read_provision(document: dict[str, Any], status: int) -> Provision:
    """Read provision and resume (cloud-api §10): only a 200 can mean running, if it names no other status."""
    job = read_job_ref(document)
    given = text(members(document.get("data")).get("status"))
    if status in {200, 201} and job is None:
        return Provision(given or "running", None)
    return Provision(given if given is not None and given != "running" else "pending", job)


def read_job_ref(document: dict[str, Any]) -> JobRef | None:
    """Read the job an answer carries, with its polling hint."""
    job_id = text(members(document.get("data")).get("jobId"))
    polling = members(document.get("polling"))
    if job_id is None:
        return None
    return JobRef(job_id, _interval(polling), seconds(polling.get("expectedDurationMs")))


def read_job(document: dict[str, Any], job_id: str) -> Job:
    """Read a job (cloud-api §11): completed and cancelled have ended, pending ones not, whatever the hint."""
    raw = members(document.get("data"))
    status = text(raw.get("status"))
    if status is None:
        raise unexpected("a job has no status")
    polling = members(document.get("polling"))
    return Job(
        id=text(raw.get("id")) or job_id,
        status=status,
        error=text(raw.get("error")),
        should_continue=status not in {"completed", "cancelled"}
        and (status in {"pending", "in_progress"} or polling.get("shouldContinue") is True),
        interval=_interval(polling),
        raw=raw,
    )


def read_snapshot(document: dict[str, Any], status: int) -> Snapshot:
    """Read a snapshot: done with an id, or accepted with or without a job (cloud-api §14)."""
    data = members(document.get("data"))
    job = read_job_ref(document)
    backup_id = text(data.get("backupId")) or text(data.get("id"))
    if backup_id is None and job is None and status != 202:
        raise unexpected("the backup has no id")
    return Snapshot(backup_id, whole(data.get("sizeBytes")), text(data.get("createdAt")), job)


def read_backups(document: dict[str, Any]) -> list[Backup]:
    """Read the list of backups."""
    return [_read_backup(members(item)) for item in _listed(document)]


def read_restored(document: dict[str, Any], status: int) -> Restored:
    """Read a restore: 202 says only that it has begun (cloud-api §14)."""
    data = members(document.get("data"))
    return Restored(text(data.get("restoredFromBackupId")), text(data.get("createdAt")), status == 202, data)


def read_upgrade(document: dict[str, Any]) -> Upgrade:
    """Read an upgrade that was accepted: the new agent's id, and the job that starts it."""
    data = members(document.get("data"))
    agent_id = text(data.get("dedicatedAgentId")) or text(data.get("id"))
    if agent_id is None:
        raise unexpected("the upgrade names no agent")
    return Upgrade(agent_id, text(data.get("sharedAgentId")), read_job_ref(document))


def read_logs(document: dict[str, Any]) -> Logs:
    """Read logs: at hand, or the job that fetches them."""
    data = document.get("data")
    job = read_job_ref(document)
    lines = data if isinstance(data, str) else members(data).get("logs")
    if job is None and not isinstance(lines, str):
        raise unexpected("there is neither a log nor a job that fetches it")
    return Logs(lines if isinstance(lines, str) else None, job)


def _read_backup(raw: dict[str, Any]) -> Backup:
    backup_id = text(raw.get("id"))
    if backup_id is None:
        raise unexpected("a backup has no id")
    kind = text(raw.get("snapshotType")) or "unknown"
    return Backup(backup_id, kind, whole(raw.get("sizeBytes")), text(raw.get("createdAt")), raw)


def _listed(document: dict[str, Any]) -> list[Any]:
    data = document.get("data")
    if not isinstance(data, list):
        raise unexpected("there is no list in it")
    return data


def _interval(polling: dict[str, Any]) -> float:
    interval = seconds(polling.get("intervalMs")) or DEFAULT_INTERVAL
    return min(max(interval, _SHORTEST_INTERVAL), _LONGEST_INTERVAL)


#: The header with which a price is accepted.
PRICE_HEADER = "X-Eliza-Dedicated-Price"
#: Characters of the value that accepts a price.
MAX_ACCEPTANCE = 256


def accepting(price: str) -> dict[str, str]:
    """Return the header that accepts a price, byte for byte; raises `InvalidRequest` for what can be none."""
    if not _is_sendable(price):
        raise InvalidRequest(PRICE_NOT_SENDABLE.occurred())
    return {PRICE_HEADER: price}


def require_price(document: dict[str, Any], said: str, details: dict[str, Any]) -> CloudError:
    """Return the error for a 428; one without a usable price is an `InvalidResponse`."""
    if "pricing" not in document:
        problem = PRICE_NOT_NAMED.occurred(said=said, details=details)
        return PriceConfirmationRequired(problem, cloud_status=428)
    raw = members(document["pricing"])
    value, currency = raw.get("acceptanceValue"), text(raw.get("currency"))
    hourly, minimum = number(raw.get("hourlyRateUsd")), number(raw.get("minimumActivationChargeUsd"))
    if not isinstance(value, str) or not _is_sendable(value):
        return _unusable("names no value that could be sent back")
    if currency is None or hourly is None or minimum is None or hourly < 0 or minimum < 0:
        return _unusable("does not say what it is")
    pricing = Pricing(currency, hourly, minimum, value)
    problem = PRICE_CONFIRMATION_REQUIRED.occurred(
        hourly=f"{hourly:g}",
        minimum=f"{minimum:g}",
        details={
            **details,
            "pricing": {
                "currency": currency,
                "hourlyRateUsd": hourly,
                "minimumActivationChargeUsd": minimum,
                "acceptanceValue": value,
            },
        },
    )
    return PriceConfirmationRequired(problem, pricing=pricing, cloud_status=428)


def read_quote(document: dict[str, Any]) -> UpgradeQuote:
    """Read the quote for making a shared agent dedicated; it may stand in `data` or by itself."""
    quote = quote_or_none(members(document.get("data")) or document)
    if quote is None:
        raise unexpected("the quote has no id or no price")
    return quote


def quote_or_none(raw: dict[str, Any]) -> UpgradeQuote | None:
    """Read a quote; None for what is none."""
    quote_id = text(raw.get("quoteId"))
    hourly, minimum = number(raw.get("hourlyRateUsd")), number(raw.get("minimumActivationChargeUsd"))
    if quote_id is None or hourly is None or minimum is None:
        return None
    activation = members(raw.get("activation"))
    return UpgradeQuote(
        id=quote_id,
        hourly_rate_usd=hourly,
        minimum_activation_charge_usd=minimum,
        minimum_balance_usd=number(raw.get("minimumBalanceUsd")),
        balance_usd=number(raw.get("balanceUsd")),
        deficit_usd=number(raw.get("deficitUsd")),
        can_activate=raw.get("canActivate") is not False,
        unavailable_reason=text(raw.get("unavailableReason")),
        dedicated_agent_id=text(activation.get("dedicatedAgentId")),
        raw=raw,
    )


def _unusable(what: str) -> InvalidResponse:
    return InvalidResponse(PRICE_UNUSABLE.occurred(what=what), cloud_status=428)


def _is_sendable(value: str) -> bool:
    """Tell whether a value is short visible ASCII, as every header value of ours is."""
    return 0 < len(value) <= MAX_ACCEPTANCE and all("!" <= character <= "~" for character in value)
