"""`GET /api/v1/user` (cloud-api §8): the call that turns a key into a user and an organization."""

from aiohttp import web

from eliza_cloud.emulator.access.auth import Caller, require_caller
from eliza_cloud.emulator.access.rate_limits import STANDARD, limited
from eliza_cloud.emulator.server.database import Row
from eliza_cloud.emulator.server.responses import ApiError, api_error, iso, numeric, success

routes = web.RouteTableDef()


def profile(user: Row) -> dict[str, object]:
    """The members that describe the user alone."""
    return {
        "id": user["id"],
        "email": user["email"],
        "name": user["name"],
        "avatar": None,
        "nickname": None,
        "work_function": None,
        "preferences": None,
        "response_notifications": True,
        "email_notifications": True,
        "role": user["role"],
        "email_verified": True,
        "wallet_address": None,
        "wallet_chain_type": None,
        "wallet_verified": False,
        "is_active": bool(user["is_active"]),
        "created_at": iso(user["created_at"]),
        "updated_at": iso(user["updated_at"]),
    }


def _with_organization(caller: Caller) -> dict[str, object]:
    organization = caller.organization
    return {
        **profile(caller.user),
        "organization": {
            "id": organization["id"],
            "name": organization["name"],
            "slug": organization["slug"],
            "credit_balance": numeric(organization["balance"]),
        },
    }


@routes.get("/api/v1/user")
@limited(STANDARD)
async def get_user_profile(request: web.Request) -> web.StreamResponse:
    """The caller's profile; this route's refusals carry no `code`."""
    try:
        return success(_with_organization(require_caller(request)))
    except ApiError as refused:
        raise api_error(refused.status, str(refused.body["error"])) from refused
