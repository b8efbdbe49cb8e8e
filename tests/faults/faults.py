"""What can go wrong on the wire, and what each fault means for whoever asked.

The rules are the contracts', not the code's: local-api §4-§8 for our answers, cloud-api §5 for the
cloud's. `answer` is status and code of the local API, `mends` whether waiting may mend it, so that what waits
on its own (a poll, a ladder) goes on.
"""

import uuid
from dataclasses import dataclass, field
from typing import Any

from tests.faults.breakable_emulator import BreakableEmulator

RETRY_AFTER = 7


@dataclass(frozen=True)
class Fault:
    """One way in which a call of the cloud goes wrong."""

    answer: str
    mends: bool
    wire: dict[str, Any] = field(default_factory=dict)
    #: Whether it shows only when a timeout has passed.
    slow: bool = False
    #: Whether it hits every call, not only the endpoint's.
    everywhere: bool = False
    #: Whether only the newest generation answers so.
    is_new: bool = False


def _json(status: int, body: Any, **headers: str) -> dict[str, Any]:
    return {"fault": "status", "status": status, "body": body, "headers": headers}


def _error(text: str, **more: Any) -> dict[str, Any]:
    return {"success": False, "error": text, **more}


#: Every member of the contract, each of a type it never has.
WRONG = {"success": True, "data": 7, "sessionId": {}, "status": [], "balance": [], "created": 1, "polling": 0}
#: Beyond the limits that the service of the table has consent for.
PRICING = {
    "currency": "USD",
    "hourlyRateUsd": 9.0,
    "minimumActivationChargeUsd": 18.0,
    "acceptanceHeader": "X-Eliza-Dedicated-Price",
    "acceptanceValue": "dedicated-compute-v1:USD:9.000000:18.000000",
}
UNDER_WAY = {"success": True, "created": False, "alreadyInProgress": True}

FAULTS: dict[str, Fault] = {
    # No answer, or none in time
    "delay": Fault("504 cloud_timeout", True, {"fault": "delay", "seconds": 3600}, slow=True),
    "hang mid-body": Fault("504 cloud_timeout", True, {"fault": "hang-body", "seconds": 3600}, slow=True),
    "refused": Fault("502 cloud_unreachable", True, everywhere=True),
    "distrusted": Fault("502 cloud_tls_failed", True, everywhere=True),
    "reset": Fault("502 cloud_unreachable", True, {"fault": "reset"}),
    "dropped": Fault("502 cloud_unreachable", True, {"fault": "drop"}),
    "cut body": Fault("502 cloud_unreachable", True, {"fault": "truncate"}),
    # An answer, but not one of the contract
    "truncated JSON": Fault("502 invalid_response", True, {"fault": "malformed", "status": 200}),
    "HTML": Fault("502 invalid_response", True, {"fault": "html", "status": 200}),
    "no object": Fault("502 invalid_response", True, _json(200, ["nothing"])),
    "wrong types": Fault("502 invalid_response", True, _json(200, WRONG)),
    "huge body": Fault("502 invalid_response", True, {"fault": "huge"}),
    "redirect": Fault(
        "502 redirected", False, {"fault": "redirect", "location": "https://attacker.example/"}
    ),
    # A refusal
    "400": Fault("400 invalid_request", False, _json(400, _error("Invalid request data"))),
    "401": Fault("401 key_rejected", False, _json(401, _error("Invalid or expired API key"))),
    "402": Fault(
        "402 credits_exhausted",
        False,
        _json(402, _error("Insufficient credits", requiredBalance=5, currentBalance=1.25)),
    ),
    "403": Fault("403 access_denied", False, _json(403, _error("This requires a full account"))),
    "404 HTML": Fault("502 unknown_path", True, {"fault": "html", "status": 404}),
    "404 JSON": Fault("404 not_found", False, _json(404, _error("Agent not found"))),
    "409": Fault("409 conflict", False, _json(409, _error("Sandbox is not running"))),
    "409 with a job": Fault("409 conflict", False, _json(409, UNDER_WAY)),
    "429": Fault("429 rate_limited", True, _json(429, _error("Too many requests"))),
    "429 and when": Fault(
        "429 rate_limited",
        True,
        _json(429, _error("Too many requests", retryAfter=3), **{"Retry-After": str(RETRY_AFTER)}),
    ),
    "500": Fault("502 cloud_server_error", True, _json(500, _error("An unexpected error occurred"))),
    "500 HTML": Fault("502 cloud_server_error", True, {"fault": "html", "status": 500}),
    "503": Fault("502 cloud_server_error", True, _json(503, _error("Not now", code="service_unavailable"))),
    # A refusal of the newest generation (cloud-api-latest L2-L4, L24)
    "428": Fault(
        "428 price_confirmation_required",
        False,
        _json(428, _error("Confirm", code="DEDICATED_PRICE_CONFIRMATION_REQUIRED", pricing=PRICING)),
        is_new=True,
    ),
    "billing hold": Fault(
        "402 billing_hold_active",
        False,
        _json(402, _error("A payment was reversed", code="billing_hold_active", outstandingUsd="3.500000")),
        is_new=True,
    ),
    "quota": Fault(
        "429 agent_quota_exceeded",
        False,
        _json(429, _error("Too many agents", code="agent_quota_exceeded", currentAgents=5, maxAgents=5)),
        is_new=True,
    ),
    "other job": Fault(
        "409 session_not_ready",
        True,
        _json(409, _error("Agent a has conflicting agent_suspend job j", code="session_not_ready")),
        is_new=True,
    ),
    "not scheduled": Fault(
        "502 provision_enqueue_failed",
        True,
        _json(500, _error("Not enqueued", code="provision_enqueue_failed", retryable=True, failureId="f")),
        is_new=True,
    ),
    "worker down": Fault(
        "503 provisioning_worker_down",
        True,
        _json(503, _error("No worker", code="PROVISIONING_WORKER_UNHEALTHY", retryable=False)),
        is_new=True,
    ),
}
#: What the answer tells of what the cloud told, by fault.
TOLD: dict[str, dict[str, Any]] = {
    "402": {"requiredBalance": 5, "currentBalance": 1.25},
    "428": {"pricing": {name: value for name, value in PRICING.items() if name != "acceptanceHeader"}},
    "billing hold": {"outstandingUsd": "3.500000"},
    "quota": {"currentAgents": 5, "maxAgents": 5},
}
WAITS = {"429 and when": str(RETRY_AFTER)}


async def strike(name: str, method: str, path: str, cloud: BreakableEmulator, key: str) -> None:
    """Let the fault happen to these calls, or to all of them, until `cloud.heal`."""
    fault = FAULTS[name]
    if name == "refused":
        await cloud.refuse()
    elif name == "distrusted":
        cloud.distrust()
    elif name == "409 with a job":
        body = {**UNDER_WAY, "data": {"jobId": await cloud.finished_job(key), "agentId": str(uuid.uuid4())}}
        await cloud.fault(path, method=method, **{**fault.wire, "body": body})
    else:
        await cloud.fault(path, method=method, **fault.wire)
