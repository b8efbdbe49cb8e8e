"""Signing in and out (seed: API-Based Login; contract local-api §4 and §7)."""

from aiohttp import web

from eliza_cloud.api.answers import answer
from eliza_cloud.api.body import read_object, text_of
from eliza_cloud.api.errors import bad_request
from eliza_cloud.api.keys import MANAGER


async def start_login(request: web.Request) -> web.Response:
    """POST /api/cloud/login: a body is neither needed nor read."""
    session = await request.app[MANAGER].start_login()
    return answer({"ok": True, "sessionId": session.session_id, "browserUrl": session.browser_url})


async def login_status(request: web.Request) -> web.Response:
    """GET /api/cloud/login/status?sessionId=…: what the service knows; the cloud is not asked."""
    session_id = request.query.get("sessionId", "").strip()
    if not session_id:
        raise bad_request("sessionId query parameter is required")
    return answer(request.app[MANAGER].login_status(session_id))


async def cancel_login(request: web.Request) -> web.Response:
    """POST /api/cloud/login/cancel {sessionId}."""
    session_id = text_of(await read_object(request), "sessionId")
    return answer(await request.app[MANAGER].cancel_login(session_id))


async def disconnect(request: web.Request) -> web.Response:
    """POST /api/cloud/disconnect: closes the link and signs out."""
    await request.app[MANAGER].disconnect()
    return answer({"ok": True, "status": "disconnected"})
