"""The layer in front of the handlers (cloud-api §4): preflights, credentials, session-only paths, 404s."""

import re
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from eliza_cloud.emulator.access import browser
from eliza_cloud.emulator.access.api_keys import PREFIX
from eliza_cloud.emulator.access.auth import bearer, has_wallet_headers, is_jwt_shaped, unauthorized
from eliza_cloud.emulator.access.rate_limits import limit_address
from eliza_cloud.emulator.server.cloud import CLOUD
from eliza_cloud.emulator.server.page import not_found_page
from eliza_cloud.emulator.server.responses import ApiError, coded_error, unexpected_error

# The inference paths answer a missing key themselves, in their own shapes (cloud-api §23).
_PUBLIC: Final = re.compile(
    r"/api/auth/cli-session(/[^/]*)?|/api/health"
    r"|/api/v1/(models(/.*)?|chat/completions|embeddings|messages)"
)
_SESSION_ONLY: Final = re.compile(
    r"/api/auth/cli-session/[^/]*/complete|/api/stripe/create-checkout-session|/api/v1/api-keys(/.*)?"
    r"|/api/organizations/(invites|members)(/.*)?"
)
# Generation L takes a key here, too (cloud-api-latest L8, L21).
_OPEN_IN_L: Final = re.compile(r"/api/auth/cli-session/[^/]*/complete|/api/v1/api-keys/current")
_CORS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Content-Type, Authorization, X-API-Key, X-Request-ID, Cache-Control",
    "Access-Control-Max-Age": "86400",
}


def _refuse_anonymous(request: web.Request) -> None:
    token = bearer(request)
    has_key = bool(request.headers.get("X-API-Key")) or (token or "").startswith(PREFIX)
    is_open = request.app[CLOUD].is_latest and _OPEN_IN_L.fullmatch(request.path)
    if _SESSION_ONLY.fullmatch(request.path) and (has_key or token) and not is_open:
        raise coded_error(
            401, "session_auth_required", "This endpoint needs a signed-in browser, not an API key"
        )
    if has_key or has_wallet_headers(request):
        return
    if token:
        if not is_jwt_shaped(token):
            raise unauthorized("Invalid authentication token")
        return
    if browser.signed_in(request) is None:
        raise unauthorized("Unauthorized")


@web.middleware
async def edge(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let a request through to its handler, or answer it here; unknown paths are HTML 404s."""
    if not request.path.startswith("/api/"):
        return await _handle(request, handler)
    if request.method == "OPTIONS":
        return web.Response(status=204, headers=_CORS)
    if request.app[CLOUD].is_latest:
        limit_address(request)
    if not _PUBLIC.fullmatch(request.path):
        _refuse_anonymous(request)
    return await _handle(request, handler)


async def _handle(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPNotFound:
        # Generation L tells a missing path from a missing agent by the text alone (cloud-api-latest L22).
        if request.app[CLOUD].is_latest and request.path.startswith("/api/"):
            raise coded_error(404, "resource_not_found", "Not found") from None
        return not_found_page()
    except web.HTTPMethodNotAllowed as refused:
        return web.Response(status=405, headers={"Allow": refused.headers["Allow"]})
    except UnicodeError:
        raise unexpected_error() from None


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn raised API errors into responses, and open `/api` to every origin as the cloud does."""
    try:
        response = await handler(request)
    except ApiError as refused:
        response = refused.response()
    if request.path.startswith("/api/") and not response.prepared:
        for name, value in _CORS.items():
            response.headers.setdefault(name, value)
    return response
