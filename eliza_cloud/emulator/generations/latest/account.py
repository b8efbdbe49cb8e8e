"""User and key in generation L (cloud-api-latest L21): the profile twice over, a key that revokes itself."""

from aiohttp import web

from eliza_cloud.emulator.access import api_keys
from eliza_cloud.emulator.access.accounts import get_organization
from eliza_cloud.emulator.access.auth import bearer, require_user, unauthorized
from eliza_cloud.emulator.access.rate_limits import STANDARD, limited
from eliza_cloud.emulator.endpoints.user import profile
from eliza_cloud.emulator.server.cloud import CLOUD
from eliza_cloud.emulator.server.responses import ApiError, api_error, iso, json_response, numeric

_UNUSED = (
    *("phone_number", "telegram_id", "telegram_username", "discord_id", "discord_username"),
    *("whatsapp_id", "whatsapp_name", "anonymous_session_id", "expires_at"),
)


@limited(STANDARD)
async def get_user(request: web.Request) -> web.StreamResponse:
    """Every member at the top and under `data`; `organization` is null for a user without one."""
    cloud = request.app[CLOUD]
    try:
        user = require_user(request)
    except ApiError as error:
        raise api_error(error.status, str(error.body["error"])) from error
    organization_id = user["organization_id"]
    organization = None if organization_id is None else get_organization(cloud, organization_id)
    shown: dict[str, object] = {
        **profile(user),
        "organization_id": organization_id,
        "steward_user_id": user["id"],
        "phone_verified": False,
        "is_anonymous": False,
        **dict.fromkeys(_UNUSED),
        "organization": None
        if organization is None
        else {
            "id": organization["id"],
            "name": organization["name"],
            "slug": organization["slug"],
            "credit_balance": numeric(organization["balance"]),
            "billing_email": user["email"],
            "is_active": bool(organization["is_active"]),
            "created_at": iso(organization["created_at"]),
            "updated_at": iso(organization["created_at"]),
        },
    }
    return json_response({"success": True, **shown, "data": shown})


@limited(STANDARD)
async def revoke_current_key(request: web.Request) -> web.StreamResponse:
    """Revoke the key that is presented, in exactly one header; again gives the same receipt."""
    cloud = request.app[CLOUD]
    header, token = request.headers.get("X-API-Key"), bearer(request)
    if (header is None) == (token is None):
        raise unauthorized("Present the API key in exactly one header")
    plain = (header or token or "").strip()
    credential_id = api_keys.revoke_own(cloud, plain)
    if credential_id is None:
        raise unauthorized("API key identity could not be proven")
    return json_response({"success": True, "credentialId": credential_id})
