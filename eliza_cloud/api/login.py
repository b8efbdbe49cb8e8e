"""Signing in and out (seed: API-Based Login; contract local-api §4 and §7)."""

import msgspec
from aiohttp import web

from eliza_cloud.api.answers import answer
from eliza_cloud.api.body import read_object, text_of
from eliza_cloud.api.errors import bad_request
from eliza_cloud.api.keys import MANAGER
from eliza_cloud.api.wire.login import NOT_BEGUN, LoginBegun, SignedOut
from eliza_cloud.core.failure import Failure
from eliza_cloud.link.errors import LinkError

_TEXTS = {
    "cloud_timeout": "Eliza Cloud login request timed out",
    "cloud_unreachable": "Failed to reach Eliza Cloud",
    "cloud_name_not_found": "Failed to reach Eliza Cloud",
    "cloud_tls_failed": "Failed to reach Eliza Cloud",
    "clock_wrong": "Failed to reach Eliza Cloud",
    "redirected": "Eliza Cloud login request was redirected; redirects are not allowed",
}
#: Refused by the service itself, or by the cloud for a while: told as it is.
_PLAIN = {"base_url_refused", "rate_limited", "runtime_not_started", "stopping"}


async def start_login(request: web.Request) -> web.Response:
    """POST /api/cloud/login: a body is neither needed nor read."""
    try:
        session = await request.app[MANAGER].start_login()
    except LinkError as error:
        raise LinkError(_not_begun(error.failure)) from error
    return answer(LoginBegun(ok=True, session_id=session.session_id, browser_url=session.browser_url))


def _not_begun(failure: Failure) -> Failure:
    """Put a login that could not begin into the contract's words; `cause` keeps the cloud's."""
    if failure.code in _PLAIN:
        return failure
    if failure.code in _TEXTS:
        told = msgspec.structs.replace(failure, message=_TEXTS[failure.code])
    else:
        told = NOT_BEGUN
    return msgspec.structs.replace(told, details={**failure.details, "cause": failure.message})


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
    return answer(SignedOut(ok=True, status="disconnected"))
