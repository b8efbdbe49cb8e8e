"""`/api/auth/cli-session` (cloud-api §7): create, poll, complete, generation N's revocation. No wrapper."""

import json

from aiohttp import web

from eliza_cloud.emulator.access import browser, login_sessions
from eliza_cloud.emulator.access.accounts import ensure_user
from eliza_cloud.emulator.access.auth import bearer, forbidden, require_caller
from eliza_cloud.emulator.access.login_sessions import DuplicateSessionError, NotCompletableError
from eliza_cloud.emulator.access.rate_limits import STRICT, by_address, limited
from eliza_cloud.emulator.server.cloud import CLOUD, Cloud
from eliza_cloud.emulator.server.database import Row, new_id
from eliza_cloud.emulator.server.responses import ApiError, coded_error, iso, iso_or_null, json_response
from eliza_cloud.emulator.server.zod_issues import is_uuid_shaped

routes = web.RouteTableDef()


def _bare(status: int, error: str) -> ApiError:
    return ApiError(status, {"error": error})


async def _chosen_id(request: web.Request) -> str:
    try:
        body = json.loads(await request.text())
    except (ValueError, RecursionError, LookupError) as error:
        raise _bare(500, "Failed to create authentication session") from error
    if body is None:
        raise _bare(500, "Failed to create authentication session")
    session_id = body.get("sessionId") if isinstance(body, dict) else None
    if not session_id or not isinstance(session_id, str):
        raise _bare(400, "Session ID is required")
    return session_id


def _created(cloud: Cloud, session_id: str) -> web.Response:
    try:
        session = login_sessions.create(cloud, session_id)
    except DuplicateSessionError as error:
        raise _bare(500, "Failed to create authentication session") from error
    if cloud.approves:
        login_sessions.complete(cloud, session_id, ensure_user(cloud))
    body = {"sessionId": session_id, "status": session["status"], "expiresAt": iso(session["expires_at"])}
    return json_response(body, 201)


@limited(STRICT, by_address)
async def _create_next(request: web.Request) -> web.StreamResponse:
    return _created(request.app[CLOUD], new_id())


@routes.post("/api/auth/cli-session")
async def create_session(request: web.Request) -> web.StreamResponse:
    """C takes the client's id, N makes its own and is limited by address."""
    cloud = request.app[CLOUD]
    if not cloud.is_c:
        return await _create_next(request)
    return _created(cloud, await _chosen_id(request))


def _session_id(request: web.Request) -> str:
    session_id = request.match_info["session_id"]
    if not is_uuid_shaped(session_id):
        if request.app[CLOUD].is_c:
            raise _bare(500, "Failed to get session status")
        raise _bare(400, "Invalid session ID format")
    return session_id


def _key_record(cloud: Cloud, session: Row) -> Row | None:
    key = cloud.database.one("SELECT * FROM api_keys WHERE id = ?", session["api_key_id"])
    if not cloud.is_c and session["api_key_plain"] is not None:
        if key is None:
            raise _bare(404, "API key unavailable: not-found")
        if not key["is_active"]:
            raise _bare(410, "API key unavailable: inactive")
    return key


@routes.get("/api/auth/cli-session/{session_id}")
async def poll_session(request: web.Request) -> web.Response:
    """Where the login stands; the first reading after sign-in carries the key."""
    cloud = request.app[CLOUD]
    session = login_sessions.find_active(cloud, _session_id(request))
    if session is None:
        raise _bare(404, "Session not found or expired")
    if session["status"] != "authenticated":
        return json_response({"status": session["status"]})
    key = _key_record(cloud, session)
    plain = login_sessions.collect(cloud, session)
    if plain is None:
        return json_response({"status": "authenticated", "message": "API key already retrieved"})
    return json_response(
        {
            "status": "authenticated",
            "apiKey": plain,
            "keyPrefix": "" if key is None else key["key_prefix"],
            "expiresAt": None if key is None else iso_or_null(key["expires_at"]),
        }
    )


@routes.post("/api/auth/cli-session/{session_id}/complete")
async def complete_session(request: web.Request) -> web.Response:
    """Sign the session in, with a browser's session; in generation L with an API key, too."""
    cloud = request.app[CLOUD]
    if not browser.is_same_origin(request):
        if cloud.is_latest:
            raise coded_error(403, "forbidden_origin", "This request came from another site")
        raise forbidden("This request came from another site")
    caller = require_caller(request)
    session_id = request.match_info["session_id"]
    if cloud.is_latest:
        known = login_sessions.completed_by(cloud, session_id, caller.user)
        if known is not None:
            return json_response({**_completed(known), "alreadyAuthenticated": True})
    try:
        minted = login_sessions.complete(cloud, session_id, caller.user)
    except NotCompletableError as error:
        raise (
            coded_error(400, "validation_error", str(error)) if not cloud.is_c else _bare(400, str(error))
        ) from error
    body = _completed(minted.record)
    if cloud.is_latest:
        return json_response({**body, "alreadyAuthenticated": False})
    return json_response(body if not cloud.is_c else {**body, "apiKey": minted.plain})


def _completed(key: Row) -> dict[str, object]:
    return {"success": True, "keyPrefix": key["key_prefix"], "expiresAt": iso_or_null(key["expires_at"])}


async def revoke_session_key(request: web.Request) -> web.Response:
    """Generation N: take back the key that this session gave out, shown as Bearer."""
    session_id = _session_id(request)
    token = bearer(request)
    if not token:
        raise _bare(401, "Credential required")
    if not login_sessions.revoke_collected(request.app[CLOUD], session_id, token):
        raise _bare(403, "Credential does not match session")
    return web.Response(status=204)
