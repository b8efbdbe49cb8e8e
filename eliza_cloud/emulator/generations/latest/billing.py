"""Money in generation L (cloud-api-latest L3, L20): checkout with an idempotency key, limits, holds."""

import re
import secrets

from aiohttp import web

from eliza_cloud.emulator.access.auth import require_caller
from eliza_cloud.emulator.access.rate_limits import STANDARD, limited
from eliza_cloud.emulator.agents import records
from eliza_cloud.emulator.endpoints.payments import LOCAL_PAGES
from eliza_cloud.emulator.generations.n.create import quota
from eliza_cloud.emulator.server import zod_issues as zod
from eliza_cloud.emulator.server.cloud import CLOUD
from eliza_cloud.emulator.server.database import Row
from eliza_cloud.emulator.server.responses import (
    ApiError,
    api_error,
    coded_error,
    dollars,
    iso,
    json_response,
    micros,
    read_json,
    six_places,
    success,
    to_json,
)

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{7,127}")
_PAGES = LOCAL_PAGES | {
    f"https://{host}"
    for host in (
        *("eliza.ai", "www.eliza.ai", "eliza.app", "cloud.eliza.app"),
        *("staging.eliza.app", "cloud-staging.eliza.app"),
    )
}
_CHECKOUT = zod.fields(
    {
        "amountUsd": zod.optional(zod.number(1, 1000)),
        "credits": zod.optional(zod.number(1, 1000)),
        "success_url": zod.url,
        "cancel_url": zod.url,
    }
)
_MINIMUM_TOP_UP = 5


def _idempotency_key(request: web.Request) -> str:
    key = request.headers.get("Idempotency-Key")
    if not key:
        raise coded_error(400, "validation_error", "Idempotency-Key header is required")
    if not _KEY.fullmatch(key):
        raise coded_error(400, "validation_error", "Idempotency-Key header is invalid")
    return key


def _amount(body: dict[str, object]) -> object:
    amount, credited = body.get("amountUsd"), body.get("credits")
    if amount is None and credited is None:
        raise coded_error(400, "validation_error", "amountUsd is required")
    if amount is not None and credited is not None and amount != credited:
        raise coded_error(400, "validation_error", "credits must equal amountUsd")
    return credited if amount is None else amount


async def create_checkout(request: web.Request) -> web.Response:
    """A payment page; the same key with the same body leads to the same page."""
    cloud, caller = request.app[CLOUD], require_caller(request)
    key = _idempotency_key(request)
    body, wrong = zod.valid_object(await read_json(request, cloud), _CHECKOUT)
    if wrong:
        raise ApiError(400, {"error": "Invalid request", "details": zod.tree(wrong)})
    amount = _amount(body)
    own = f"{request.scheme}://{request.host}"
    for name in ("success_url", "cancel_url"):
        parts = str(body[name]).split("/", 3)
        if "/".join(parts[:3]) not in {own, *_PAGES}:
            raise ApiError(400, {"error": f"Invalid {name}"})
    asked = to_json([amount, body["success_url"], body["cancel_url"]])
    known = cloud.database.one(
        "SELECT * FROM checkouts WHERE organization_id = ? AND idempotency_key = ?",
        caller.organization_id,
        key,
    )
    if known is not None and known["request"] != asked:
        raise api_error(409, "Idempotency-Key was used for another request")
    checkout_id = f"cs_test_{secrets.token_hex(16)}" if known is None else known["id"]
    if known is None:
        cloud.database.insert(
            "checkouts",
            {
                "id": checkout_id,
                "organization_id": caller.organization_id,
                "user_id": caller.user["id"],
                "amount": micros(str(amount)),
                "success_url": body["success_url"],
                "idempotency_key": key,
                "request": asked,
            },
        )
    return json_response({"url": f"{own}/checkout/{checkout_id}", "sessionId": checkout_id})


async def get_hold(request: web.Request) -> web.Response:
    """Whether a reversed payment holds paid starts, and what would settle it."""
    organization = require_caller(request).organization
    hold = organization["hold"]
    if hold is None:
        return success({"status": "clear"})
    amount = six_places(hold)
    held = {
        "id": f"hold_{organization['id'][:8]}",
        "reason": "payment_reversed",
        "shortfallUsd": amount,
        "outstandingUsd": amount,
        "createdAt": iso(organization["created_at"]),
    }
    pay = {"kind": "add_funds", "amountUsd": dollars(hold), "minimumTopUpUsd": _MINIMUM_TOP_UP}
    return success({"status": "held", "outstandingUsd": amount, "holds": [held], "payAction": pay})


def _state(used: int, limit: int) -> str:
    return "available" if used < limit else "at-limit" if used == limit else "over-limit"


@limited(STANDARD)
async def get_limits(request: web.Request) -> web.StreamResponse:
    """What the organization may have, and has."""
    cloud, caller = request.app[CLOUD], require_caller(request)
    agents: list[Row] = records.list_of(cloud, caller.organization_id)
    used, idle_most = quota(caller, agents, is_eager=False)
    _, most = quota(caller, agents, is_eager=True)
    unused = {"source": "database", "state": "available", "used": 0, "limit": 100}
    return success(
        {
            "observedAt": iso(cloud.clock.time()),
            "cloudCharacters": unused,
            "containers": unused,
            "apps": unused,
            "agentSandboxes": {
                "source": "database",
                "used": used,
                "state": _state(used, most),
                "nonEagerCreate": {"state": _state(used, idle_most), "limit": idle_most},
                "eagerManagedCreate": {"state": _state(used, most), "limit": most},
            },
            "storage": {
                "source": "database",
                "state": "available",
                "bytesUsed": "0",
                "bytesLimit": "1073741824",
            },
            "inferenceRateLimits": {
                "source": "tier",
                "state": "available",
                "completionsRpm": 60,
                "embeddingsRpm": 100,
            },
        }
    )
