"""Who is calling (cloud-api §4): wallet headers fail closed, then `X-API-Key`, Bearer, the cookie."""

from dataclasses import dataclass
from typing import Literal

from aiohttp import web

from eliza_cloud.emulator.access import api_keys, browser
from eliza_cloud.emulator.access.accounts import get_organization, get_user
from eliza_cloud.emulator.server import settings
from eliza_cloud.emulator.server.cloud import CLOUD, Cloud
from eliza_cloud.emulator.server.database import Row
from eliza_cloud.emulator.server.responses import ApiError, coded_error

WALLET_HEADERS = ("X-Wallet-Address", "X-Wallet-Signature", "X-Timestamp")
BEARER = "Bearer "


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated user with the organization that everything belongs to."""

    user: Row
    organization: Row
    method: Literal["api_key", "session"]

    @property
    def organization_id(self) -> str:
        """The id that scopes agents, jobs and credits."""
        return str(self.organization["id"])


def unauthorized(error: str) -> ApiError:
    """401 with the cloud's code for it."""
    return coded_error(401, "authentication_required", error)


def forbidden(error: str) -> ApiError:
    """403 with the cloud's code for it."""
    return coded_error(403, "access_denied", error)


def bearer(request: web.Request) -> str | None:
    """The value of an `Authorization: Bearer` header."""
    header = request.headers.get("Authorization", "")
    return header.removeprefix(BEARER).strip() if header.startswith(BEARER) else None


def is_jwt_shaped(value: str) -> bool:
    """Three non-empty parts with dots between."""
    parts = value.split(".")
    return len(parts) == 3 and all(parts)


def has_wallet_headers(request: web.Request) -> bool:
    """Whether the call asks for wallet authentication, which this cloud cannot verify and so refuses."""
    return all(request.headers.get(name) for name in WALLET_HEADERS)


def _key_owner(cloud: Cloud, plain: str, unknown: str) -> Row:
    key = api_keys.find(cloud, plain)
    refused_until = settings.read(cloud, "keys_refused_until", 0.0)
    if key is None or cloud.clock.time() < float(str(refused_until)):
        raise unauthorized(unknown)
    if not key["is_active"]:
        raise unauthorized(unknown)
    if key["expires_at"] is not None and key["expires_at"] < cloud.clock.time():
        raise unauthorized("API key has expired")
    return get_user(cloud, key["user_id"])


def _user(request: web.Request) -> tuple[Row, Literal["api_key", "session"]]:
    cloud = request.app[CLOUD]
    if has_wallet_headers(request):
        raise unauthorized("Invalid wallet signature")
    key = request.headers.get("X-API-Key", "").strip()
    if key:
        return _key_owner(cloud, key, "Invalid or expired API key"), "api_key"
    token = bearer(request)
    if token is not None:
        unknown = "Invalid or expired token" if is_jwt_shaped(token) else "Invalid or expired API key"
        return _key_owner(cloud, token, unknown), "api_key"
    user = browser.signed_in(request)
    if user is None:
        raise unauthorized("Authentication required")
    return user, "session"


def require_user(request: web.Request) -> Row:
    """The caller, with or without an organization; 401 without valid credentials, 403 if inactive."""
    user, _ = _user(request)
    if not user["is_active"]:
        raise forbidden("User account is inactive")
    return user


def require_caller(request: web.Request) -> Caller:
    """The caller with an organization; 401 without valid credentials, 403 for an inactive or half account."""
    user, method = _user(request)
    if not user["is_active"]:
        raise forbidden("User account is inactive")
    if user["organization_id"] is None:
        raise forbidden("This feature requires a full account")
    organization = get_organization(request.app[CLOUD], user["organization_id"])
    if not organization["is_active"]:
        raise forbidden("Organization is inactive")
    return Caller(user, organization, method)
