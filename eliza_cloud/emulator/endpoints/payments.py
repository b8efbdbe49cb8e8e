"""Topping up and billing settings (cloud-api §15). Nothing is paid: a checkout has a page with a button."""

import secrets
from html import escape
from urllib.parse import urlsplit

from aiohttp import web

from eliza_cloud.emulator.access import browser
from eliza_cloud.emulator.access.accounts import get_organization
from eliza_cloud.emulator.access.auth import Caller, require_caller
from eliza_cloud.emulator.access.rate_limits import STANDARD, STRICT, limited
from eliza_cloud.emulator.agents.jobs import JOBS
from eliza_cloud.emulator.money.hosting import resume_funded
from eliza_cloud.emulator.money.ledger import deposit
from eliza_cloud.emulator.server import zod_issues as zod
from eliza_cloud.emulator.server.cloud import CLOUD, Cloud
from eliza_cloud.emulator.server.database import Row
from eliza_cloud.emulator.server.page import not_found_page, page
from eliza_cloud.emulator.server.responses import (
    ApiError,
    api_error,
    dollars,
    json_response,
    micros,
    read_json,
)

routes = web.RouteTableDef()

_CURRENCIES = ["USDT", "USDC", "BTC", "ETH", "BNB", "TRX", "SOL"]
_NETWORKS = ["ERC20", "TRC20", "BEP20", "POLYGON", "SOL", "BASE", "ARB", "OP"]
LOCAL_PAGES = frozenset(
    f"http://{host}:{port}" for host in ("localhost", "127.0.0.1") for port in (3000, 3001)
)

_checkout = zod.fields({"credits": zod.number(1, 1000), "success_url": zod.url, "cancel_url": zod.url})
_settings = zod.fields(
    {
        "autoTopUp": zod.optional(
            zod.fields(
                {
                    "enabled": zod.optional(zod.boolean),
                    "amount": zod.optional(zod.number(1, 1000)),
                    "threshold": zod.optional(zod.number(0, 1000)),
                }
            )
        ),
        "payAsYouGoFromEarnings": zod.optional(zod.boolean),
    }
)


def _is_allowed(request: web.Request, url: object) -> bool:
    parts = urlsplit(str(url))
    origin = f"{parts.scheme}://{parts.netloc}"
    return origin in LOCAL_PAGES or origin == f"{request.scheme}://{request.host}"


@routes.post("/api/v1/credits/checkout")
async def create_checkout(request: web.Request) -> web.Response:
    """A payment page for 1 to 1000 dollars; it may lead back to known addresses only."""
    cloud, caller = request.app[CLOUD], require_caller(request)
    body, wrong = zod.valid_object(await read_json(request, cloud), _checkout)
    if wrong:
        raise ApiError(400, {"error": "Invalid request", "details": zod.tree(wrong)})
    for name in ("success_url", "cancel_url"):
        if not _is_allowed(request, body[name]):
            raise ApiError(400, {"error": f"Invalid {name}"})
    checkout_id = f"cs_test_{secrets.token_hex(16)}"
    cloud.database.insert(
        "checkouts",
        {
            "id": checkout_id,
            "organization_id": caller.organization_id,
            "user_id": caller.user["id"],
            "amount": micros(str(body["credits"])),
            "success_url": body["success_url"],
        },
    )
    return json_response(
        {"url": f"{request.scheme}://{request.host}/checkout/{checkout_id}", "sessionId": checkout_id}
    )


def _find(cloud: Cloud, checkout_id: str) -> Row | None:
    return cloud.database.one("SELECT * FROM checkouts WHERE id = ?", checkout_id)


@routes.get("/checkout/{checkout_id}")
async def show_checkout(request: web.Request) -> web.Response:
    """The payment page."""
    checkout = _find(request.app[CLOUD], request.match_info["checkout_id"])
    if checkout is None:
        return not_found_page()
    if checkout["is_paid"]:
        back = escape(f"{checkout['success_url']}?session_id={checkout['id']}")
        return page(
            "Paid",
            f'<p class="good" role="status">The credits are there.</p><p><a href="{back}">Back</a></p>',
        )
    amount = f"${dollars(checkout['amount']):.2f}"
    action = escape(f"/checkout/{checkout['id']}")
    form = f'<form method="post" action="{action}"><button type="submit">Pay</button></form>'
    return page(f"Add {amount} of credits", f'<p class="dim">This is an emulator: no money moves.</p>{form}')


@routes.post("/checkout/{checkout_id}")
async def pay_checkout(request: web.Request) -> web.Response:
    """Mark the checkout as paid and add its credits, once."""
    cloud = request.app[CLOUD]
    checkout = _find(cloud, request.match_info["checkout_id"])
    if checkout is None or not browser.is_same_origin(request):
        return not_found_page()
    if not checkout["is_paid"]:
        with cloud.database.transaction():
            cloud.database.update("checkouts", checkout["id"], {"is_paid": 1})
            deposit(cloud, checkout["organization_id"], checkout["amount"], "Credits bought")
        resume_funded(cloud, request.app[JOBS], checkout["organization_id"])
    return web.Response(status=303, headers={"Location": f"/checkout/{checkout['id']}"})


@routes.get("/api/v1/credits/verify")
async def verify_checkout(request: web.Request) -> web.Response:
    """Whether a checkout was paid."""
    caller = require_caller(request)
    checkout_id = request.query.get("session_id")
    if not checkout_id:
        raise api_error(400, "session_id is required")
    checkout = _find(request.app[CLOUD], checkout_id)
    if checkout is None:
        raise api_error(404, "Session not found")
    if checkout["organization_id"] != caller.organization_id:
        raise api_error(403, "Forbidden")
    if not checkout["is_paid"]:
        return json_response({"success": False, "error": "Payment not completed", "status": "unpaid"})
    return json_response(
        {"success": True, "amount": dollars(checkout["amount"]), "message": "Payment verified"}
    )


def _settings_caller(request: web.Request) -> Caller:
    try:
        return require_caller(request)
    except ApiError as refused:
        raise api_error(401, "Unauthorized") from refused


def _shown_settings(organization: Row) -> dict[str, object]:
    amount, threshold = organization["top_up_amount"], organization["top_up_threshold"]
    return {
        "success": True,
        "settings": {
            "autoTopUp": {
                "enabled": bool(organization["top_up_enabled"]),
                "amount": None if amount is None else dollars(amount),
                "threshold": None if threshold is None else dollars(threshold),
                "hasPaymentMethod": False,
            },
            "payAsYouGoFromEarnings": bool(organization["pays_from_earnings"]),
            "limits": {"minAmount": 1, "maxAmount": 1000, "minThreshold": 0, "maxThreshold": 1000},
        },
    }


@routes.get("/api/v1/billing/settings")
@limited(STANDARD)
async def get_settings(request: web.Request) -> web.StreamResponse:
    """The organization's automatic top-up."""
    return json_response(_shown_settings(_settings_caller(request).organization))


@routes.put("/api/v1/billing/settings")
@limited(STANDARD)
async def put_settings(request: web.Request) -> web.StreamResponse:
    """Change amount and threshold; it cannot be enabled, for no account here has a payment method."""
    cloud, caller = request.app[CLOUD], _settings_caller(request)
    body, wrong = zod.valid_object(await read_json(request, cloud), _settings)
    if wrong:
        raise api_error(400, "Invalid request data", details=zod.tree(wrong))
    found = body.get("autoTopUp")
    top_up = found if isinstance(found, dict) else {}
    if top_up.get("enabled"):
        raise api_error(400, "Cannot enable auto-top-up without a payment method")
    columns = {"amount": "top_up_amount", "threshold": "top_up_threshold"}
    changes: dict[str, object] = {columns[key]: micros(str(top_up[key])) for key in columns if key in top_up}
    if "payAsYouGoFromEarnings" in body:
        changes["pays_from_earnings"] = body["payAsYouGoFromEarnings"]
    if changes:
        cloud.database.update("organizations", caller.organization_id, changes)
    return json_response(_shown_settings(get_organization(cloud, caller.organization_id)))


@routes.get("/api/crypto/status")
async def get_crypto_status(_request: web.Request) -> web.Response:
    """Crypto payments are known, and switched off."""
    networks = [{"id": network, "name": network} for network in _NETWORKS]
    return json_response(
        {"enabled": False, "supportedTokens": _CURRENCIES, "networks": networks, "isTestnet": True}
    )


@routes.post("/api/crypto/payments")
@limited(STRICT)
async def create_crypto_payment(request: web.Request) -> web.StreamResponse:
    """For browser sessions only: a key breaks the handler, as in the cloud."""
    if require_caller(request).method == "api_key":
        raise ApiError(500, {"error": "Failed to process payment request"})
    raise ApiError(503, {"error": "Crypto payments not available"})


@routes.get("/api/crypto/payments")
@limited(STANDARD)
async def list_crypto_payments(request: web.Request) -> web.StreamResponse:
    """There are none."""
    require_caller(request)
    return json_response({"payments": []})


@routes.get("/api/invoices/list")
@limited(STANDARD)
async def list_invoices(request: web.Request) -> web.StreamResponse:
    """There are none."""
    require_caller(request)
    return json_response({"invoices": [], "count": 0})
