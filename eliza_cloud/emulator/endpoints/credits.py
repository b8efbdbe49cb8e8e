"""Balance, summary and transactions (cloud-api §15)."""

import json
from contextlib import suppress

from aiohttp import web

from eliza_cloud.emulator.access.auth import require_caller
from eliza_cloud.emulator.access.rate_limits import STANDARD, limited
from eliza_cloud.emulator.money.ledger import transactions
from eliza_cloud.emulator.server.cloud import CLOUD
from eliza_cloud.emulator.server.responses import ApiError, dollars, iso, json_response

routes = web.RouteTableDef()

_NEVER_STORED = {
    "Cache-Control": "no-store, no-cache, must-revalidate, max-age=0",
    "Pragma": "no-cache",
    "Expires": "0",
}


@routes.get("/api/v1/credits/balance")
@routes.get("/api/credits/balance")
async def get_balance(request: web.Request) -> web.Response:
    """`{"balance": <number>}` without a wrapper; always fresh here."""
    return json_response(
        {"balance": dollars(require_caller(request).organization["balance"])}, headers=_NEVER_STORED
    )


@routes.get("/api/v1/credits/summary")
@limited(STANDARD)
async def get_summary(request: web.Request) -> web.StreamResponse:
    """Balance, top-up settings, recent transactions and prices in one answer."""
    caller = require_caller(request)
    organization = caller.organization
    threshold, amount = organization["top_up_threshold"], organization["top_up_amount"]
    recent = transactions(request.app[CLOUD], caller.organization_id, 10)
    nothing = {"availableBalance": 0, "totalEarned": 0, "totalRedeemed": 0, "totalPending": 0}
    return json_response(
        {
            "success": True,
            "organization": {
                "id": organization["id"],
                "name": organization["name"],
                "creditBalance": dollars(organization["balance"]),
                "autoTopUpEnabled": bool(organization["top_up_enabled"]),
                "autoTopUpThreshold": None if threshold is None else dollars(threshold),
                "autoTopUpAmount": None if amount is None else dollars(amount),
                "hasPaymentMethod": False,
            },
            "agents": [],
            "agentsSummary": {
                "total": 0,
                "withBudget": 0,
                "paused": 0,
                "totalAllocated": 0,
                "totalSpent": 0,
                "totalAvailable": 0,
            },
            "apps": [],
            "earnings": {**nothing, "breakdown": {"miniapps": 0, "agents": 0, "mcps": 0}},
            "recentTransactions": [
                {
                    "id": row["id"],
                    "type": row["type"],
                    "amount": dollars(row["amount"]),
                    "description": row["description"],
                    "createdAt": iso(row["created_at"]),
                }
                for row in recent
            ],
            "pricing": {"creditsPerDollar": 100, "minimumTopUp": 5, "x402Enabled": False},
        }
    )


def _whole_number(text: str | None) -> int | None:
    with suppress(TypeError, ValueError):
        return int(text or "")
    return None


@routes.get("/api/credits/transactions")
@limited(STANDARD)
async def list_transactions(request: web.Request) -> web.StreamResponse:
    """The ledger, newest first; every failure here is a 500 with `error` alone."""
    try:
        caller = require_caller(request)
    except ApiError as refused:
        raise ApiError(500, {"error": refused.body["error"]}) from refused
    now = request.app[CLOUD].clock.time()
    limit, hours = _whole_number(request.query.get("limit")), _whole_number(request.query.get("hours"))
    rows = transactions(request.app[CLOUD], caller.organization_id, 100 if limit is None else max(0, limit))
    oldest = rows[-1]["created_at"] if rows else now
    start = oldest if hours is None else now - hours * 3600
    shown = [row for row in rows if row["created_at"] >= start]
    return json_response(
        {
            "transactions": [
                {
                    "id": row["id"],
                    "organization_id": row["organization_id"],
                    "amount": dollars(row["amount"]),
                    "type": row["type"],
                    "description": row["description"],
                    "metadata": json.loads(row["metadata"]),
                    "stripe_payment_intent_id": None,
                    "created_at": iso(row["created_at"]),
                }
                for row in shown
            ],
            "total": len(shown),
            "period": {"start": iso(start), "end": iso(now)},
        }
    )
