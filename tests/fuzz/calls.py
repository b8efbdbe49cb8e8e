"""Every call of the client with an answer of the contract, for both generations where they differ."""

from collections.abc import Callable
from typing import Any

from eliza_cloud.cloud.client import ElizaCloudClient
from eliza_cloud.cloud.types.decode import read_quote
from eliza_cloud.redaction.secret import Secret
from tests.fuzz.invariants import returned
from tests.fuzz.odd_json import KEY

AGENT = "3f8e2d9a-0000-4000-8000-000000000001"
TIME = "2026-11-23T20:15:00.000Z"
POLLING = {"endpoint": f"/api/v1/jobs/{AGENT}", "intervalMs": 5000, "expectedDurationMs": 90000}
BACKUP = {"id": AGENT, "snapshotType": "manual", "sizeBytes": 12, "vercelSnapshotId": None, "createdAt": TIME}
ITEM = {"id": AGENT, "agentName": "ada", "status": "running", "errorMessage": None, "createdAt": TIME}
QUEUED = {
    "success": True,
    "created": True,
    "alreadyInProgress": False,
    "message": "later",
    "data": {"jobId": AGENT, "agentId": AGENT, "status": "pending", "estimatedCompletionAt": TIME},
    "polling": POLLING,
}
PRICED = {
    "success": False,
    "code": "DEDICATED_PRICE_CONFIRMATION_REQUIRED",
    "error": "Confirm the price",
    "pricing": {
        "currency": "USD",
        "hourlyRateUsd": 0.01,
        "minimumActivationChargeUsd": 0.02,
        "acceptanceValue": "dedicated-compute-v1:USD:0.010000:0.020000",
    },
}
QUOTE = {
    "quoteId": "a" * 64,
    "hourlyRateUsd": 0.01,
    "minimumActivationChargeUsd": 0.02,
    "minimumBalanceUsd": "0.72",
    "canActivate": True,
    "activation": {"state": "none"},
}
CHANGED = {"success": False, "error": "no", "code": "dedicated_quote_changed", "data": QUOTE}
REFUSED = {
    "success": False,
    "error": "Insufficient credits",
    "code": "insufficient_credits",
    "details": {"currentAgents": 3, "maxAgents": 3},
    "requiredBalance": 5,
    "currentBalance": 1.25,
    "retryAfter": 3,
    "retryable": True,
    "message": "more",
}

Call = Callable[[ElizaCloudClient], Any]


def done(data: Any, **more: Any) -> dict[str, Any]:
    """Return the usual wrapper."""
    return {"success": True, "data": data, **more}


async def _streamed(client: ElizaCloudClient) -> list[str]:
    return [piece async for piece in client.stream_message(AGENT, "hello")]


#: Name, call, what it returns, answers of the contract.
CALLS: list[tuple[str, Call, Any, list[Any]]] = [
    (name, call, returned(getattr(ElizaCloudClient, name)), answers)
    for name, call, answers in [
        (
            "create_login_session",
            lambda client: client.create_login_session(),
            [{"sessionId": AGENT, "status": "pending", "expiresAt": TIME}],
        ),
        (
            "poll_login",
            lambda client: client.poll_login(AGENT),
            [
                {"status": "pending"},
                {
                    "status": "authenticated",
                    "apiKey": "eliza_" + "0a" * 32,
                    "keyPrefix": "eliza_0a0a0a",
                    "expiresAt": None,
                },
                {"status": "authenticated", "message": "API key already retrieved"},
                {"error": "API key unavailable: inactive"},
            ],
        ),
        ("revoke_login_key", lambda client: client.revoke_login_key(AGENT, Secret(KEY)), [{}]),
        ("revoke_key", lambda client: client.revoke_key(), [{"success": True, "credentialId": AGENT}]),
        (
            "get_user",
            lambda client: client.get_user(),
            [
                done(
                    {
                        "id": AGENT,
                        "name": "Ada",
                        "email": None,
                        "organization": {"id": AGENT, "credit_balance": "5.00"},
                    }
                )
            ],
        ),
        ("get_balance", lambda client: client.get_balance(), [{"balance": 15.5}, done({"balance": "15.50"})]),
        (
            "get_job",
            lambda client: client.get_job(AGENT),
            [
                done(
                    {
                        "id": AGENT,
                        "status": "failed",
                        "result": {"status": "error"},
                        "error": "no",
                        "attempts": 1,
                    },
                    polling={"intervalMs": 5000, "shouldContinue": True},
                )
            ],
        ),
        ("list_agents", lambda client: client.list_agents(), [done([ITEM, ITEM])]),
        (
            "create_agent",
            lambda client: client.create_agent("ada", {}, {}),
            [done(ITEM, created=False), QUEUED],
        ),
        ("rename_agent", lambda client: client.rename_agent(AGENT, "ada"), [done(ITEM)]),
        ("start_logs", lambda client: client.start_logs(AGENT), [done({"logs": "one"}), QUEUED]),
        (
            "wake",
            lambda client: client.wake(AGENT, fresh=True),
            [done({"status": "running"}), QUEUED, PRICED],
        ),
        ("upgrade_quote", lambda client: client.upgrade_quote(AGENT), [done(QUOTE)]),
        (
            "upgrade",
            lambda client: client.upgrade(AGENT, read_quote(QUOTE)),
            [{**QUEUED, "data": {"dedicatedAgentId": AGENT, "jobId": AGENT}}, CHANGED],
        ),
        ("get_agent", lambda client: client.get_agent(AGENT), [done(ITEM)]),
        ("delete_agent", lambda client: client.delete_agent(AGENT), [{"success": True}, QUEUED]),
        ("provision", lambda client: client.provision(AGENT), [done(ITEM), QUEUED, PRICED]),
        (
            "suspend",
            lambda client: client.suspend(AGENT),
            [done({"agentId": AGENT, "action": "suspend"}), QUEUED],
        ),
        (
            "resume",
            lambda client: client.resume(AGENT),
            [done({"agentId": AGENT, "status": "running"}), QUEUED],
        ),
        (
            "heartbeat",
            lambda client: client.heartbeat(AGENT),
            [
                {"jsonrpc": "2.0", "method": "heartbeat.ack", "params": {"timestamp": 1}},
                {"jsonrpc": "2.0", "id": "1", "error": {"code": -32000, "message": "Sandbox is not running"}},
                {"jsonrpc": "2.0", "id": "1", "result": {"status": "starting", "ready": False}},
            ],
        ),
        (
            "send_message",
            lambda client: client.send_message(AGENT, "hello"),
            [
                {"jsonrpc": "2.0", "id": "1", "result": {"text": "Hello.", "metadata": {"timestamp": 1}}},
                {"jsonrpc": "2.0", "id": "1", "result": {"text": "Sorry.", "failureKind": "no_provider"}},
            ],
        ),
        ("snapshot", lambda client: client.snapshot(AGENT), [done({**BACKUP, "backupId": AGENT}), QUEUED]),
        ("list_backups", lambda client: client.list_backups(AGENT), [done([BACKUP, BACKUP])]),
        (
            "restore",
            lambda client: client.restore(AGENT),
            [done({"restoredFromBackupId": AGENT, "createdAt": TIME}), done({"status": "accepted"})],
        ),
    ]
]
CALLS.append(("stream_message", _streamed, list[str], [{"success": False, "error": "no"}]))
