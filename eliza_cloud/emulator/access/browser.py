"""Browser sessions and form tokens: HttpOnly, SameSite=Lax cookies."""

import hmac
import secrets

from aiohttp import web

from eliza_cloud.emulator.access.accounts import get_user
from eliza_cloud.emulator.access.api_keys import digest
from eliza_cloud.emulator.server.cloud import CLOUD, Cloud
from eliza_cloud.emulator.server.database import Row

SESSION_COOKIE = "eliza_cloud_session"
FORM_COOKIE = "eliza_cloud_form"
SESSION_SECONDS = 7 * 24 * 3600


def _set(response: web.StreamResponse, name: str, value: str) -> None:
    response.set_cookie(name, value, httponly=True, samesite="Lax", path="/")


def signed_in(request: web.Request) -> Row | None:
    """The user whose browser sends this request, if one is signed in."""
    cloud = request.app[CLOUD]
    token = request.cookies.get(SESSION_COOKIE, "")
    session = cloud.database.one(
        "SELECT * FROM browser_sessions WHERE token_hash = ? AND expires_at > ?",
        digest(token),
        cloud.clock.time(),
    )
    return None if session is None else get_user(cloud, session["user_id"])


def sign_in(cloud: Cloud, response: web.StreamResponse, user: Row) -> None:
    """Start a browser session and set its cookie."""
    token = secrets.token_urlsafe(32)
    expires_at = cloud.clock.time() + SESSION_SECONDS
    cloud.database.insert(
        "browser_sessions", {"token_hash": digest(token), "user_id": user["id"], "expires_at": expires_at}
    )
    _set(response, SESSION_COOKIE, token)


def sign_out(request: web.Request, response: web.StreamResponse) -> None:
    """End the browser session of this request."""
    token = request.cookies.get(SESSION_COOKIE, "")
    request.app[CLOUD].database.run("DELETE FROM browser_sessions WHERE token_hash = ?", digest(token))
    response.del_cookie(SESSION_COOKIE, path="/")


def form_token(request: web.Request) -> str:
    """The token to put into a form: the one this browser has, or a new one."""
    return request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(24)


def remember_form(response: web.StreamResponse, token: str) -> None:
    """Tie the form's token to this browser."""
    _set(response, FORM_COOKIE, token)


def is_own_form(request: web.Request, token: str) -> bool:
    """Whether a submitted form was made for this browser."""
    expected = request.cookies.get(FORM_COOKIE, "")
    return bool(expected) and hmac.compare_digest(expected.encode(), token.encode("utf-8", "surrogateescape"))


def is_same_origin(request: web.Request) -> bool:
    """Whether the request was not sent by another site's page, as far as `Origin` tells."""
    origin = request.headers.get("Origin")
    return origin is None or origin == f"{request.scheme}://{request.host}"
