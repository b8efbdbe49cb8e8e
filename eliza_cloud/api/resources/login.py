"""Signing in and out (local-api §4, §7)."""

from typing import Annotated, Literal

import msgspec
from aiohttp import web
from msgspec import Meta

from eliza_cloud.api.app_keys import MANAGER
from eliza_cloud.api.http.inputs import Body, Parameter
from eliza_cloud.api.http.responses import answer
from eliza_cloud.api.openapi.error_examples import NOT_STORED, RUNTIME, WAY
from eliza_cloud.api.openapi.operation import Operation, SuccessResponse
from eliza_cloud.api.resources.agents import Ok
from eliza_cloud.core.login.machine import LoginView
from eliza_cloud.core.problems import LOGIN_NOT_BEGUN, Problem
from eliza_cloud.runtime.errors import LinkError

_SESSION = "a1b2c3d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d"

SessionId = Annotated[str, Meta(min_length=1, pattern=r"\S")]


class LoginBegun(msgspec.Struct, frozen=True, rename="camel"):
    """A sign-in that waits for the browser."""

    ok: Ok
    session_id: str
    browser_url: Annotated[str, Meta(description="The page to open.", extra_json_schema={"format": "uri"})]


class LoginToCancel(msgspec.Struct, frozen=True, rename="camel"):
    """Which sign-in to cancel."""

    session_id: SessionId


class SignOut(msgspec.Struct, frozen=True, rename="camel"):
    """How to sign out."""

    keep_key: Annotated[
        bool, Meta(description="Leave a key that a sign-in here obtained valid at Eliza Cloud.")
    ] = False


class SignedOut(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The link is closed and the key forgotten."""

    ok: Ok
    status: Literal["disconnected"]
    key_revoked: Annotated[bool, Meta(description="Whether Eliza Cloud revoked the key.")]
    key_note: Annotated[
        str | None, Meta(description="Why the key stays valid at Eliza Cloud, where there was one.")
    ] = None
    key_left_in: Annotated[
        tuple[str, ...],
        Meta(description="Where the key could not be removed, a file or a variable; it is ignored there."),
    ] = ()


SESSION_ID = Parameter[str]("sessionId", "Of the sign-in.", SessionId, example=_SESSION)
LOGIN_TO_CANCEL = Body(LoginToCancel(_SESSION))
SIGN_OUT = Body(SignOut(), required=False)

START = Operation(
    id="startLogin",
    group="Sign-in",
    summary="Begin a sign-in",
    about="Open `browserUrl` and authorize; the service fetches the key by itself. While a sign-in is"
    " pending, this returns the same one. No body is needed.",
    answers=(
        SuccessResponse(
            200,
            "Begun, or already under way.",
            LoginBegun,
            LoginBegun(True, _SESSION, f"https://www.elizacloud.ai/auth/cli-login?session={_SESSION}"),
        ),
    ),
    errors=(*RUNTIME, *WAY, LOGIN_NOT_BEGUN.example()),
)
STATUS = Operation(
    id="getLoginStatus",
    group="Sign-in",
    summary="How far a sign-in is",
    about="`pending`, `authenticated` (the key is stored), `expired`, or `error` when it cannot succeed"
    " any more. The cloud is not asked.",
    parameters=(SESSION_ID,),
    answers=(
        SuccessResponse(
            200, "What is known.", LoginView, LoginView("authenticated", key_prefix="eliza_72f94a")
        ),
    ),
    errors=RUNTIME,
)
CANCEL = Operation(
    id="cancelLogin",
    group="Sign-in",
    summary="Cancel a sign-in",
    body=LOGIN_TO_CANCEL,
    answers=(
        SuccessResponse(
            200,
            "What became of it; one that had ended stays as it was.",
            LoginView,
            LoginView("expired", error="The login was cancelled."),
        ),
    ),
    errors=RUNTIME,
)
DISCONNECT = Operation(
    id="disconnect",
    group="Sign-in",
    summary="Disconnect and sign out",
    about="Takes a final backup, closes the link and removes the key from this machine. A key that a sign-in"
    " here obtained is then revoked at Eliza Cloud, unless `keepKey` is set; one that was given, in"
    " eliza.json or the environment, never is. The answer says why a key stays valid; that fails nothing. The"
    " agent goes on running in the cloud. Repeatable; the body may be left out.",
    body=SIGN_OUT,
    answers=(SuccessResponse(200, "Done.", SignedOut, SignedOut(True, "disconnected", key_revoked=True)),),
    errors=(*RUNTIME, *NOT_STORED),
)


_TEXTS = {
    "cloud_timeout": "Eliza Cloud login request timed out",
    "cloud_unreachable": "Failed to reach Eliza Cloud",
    "cloud_name_not_found": "Failed to reach Eliza Cloud",
    "cloud_tls_failed": "Failed to reach Eliza Cloud",
    "clock_wrong": "Failed to reach Eliza Cloud",
    "redirected": "Eliza Cloud login request was redirected; redirects are not allowed",
}
#: Refused by the service itself, or by the cloud for a while: passed on unchanged.
_PLAIN = {"base_url_refused", "rate_limited", "runtime_not_started", "stopping"}


async def start_login(request: web.Request) -> web.Response:
    """POST /api/cloud/login: a body is neither needed nor read."""
    try:
        session = await request.app[MANAGER].start_login()
    except LinkError as error:
        raise LinkError(_not_begun(error.problem)) from error
    return answer(LoginBegun(ok=True, session_id=session.session_id, browser_url=session.browser_url))


def _not_begun(problem: Problem) -> Problem:
    """Put a login that could not begin into the contract's words; `cause` keeps the cloud's."""
    if problem.code in _PLAIN:
        return problem
    if problem.code in _TEXTS:
        shown = msgspec.structs.replace(problem, message=_TEXTS[problem.code])
    else:
        shown = LOGIN_NOT_BEGUN.occurred()
    return msgspec.structs.replace(shown, details={**problem.details, "cause": problem.message})


async def login_status(request: web.Request) -> web.Response:
    """GET /api/cloud/login/status?sessionId=…: what the service knows; the cloud is not asked."""
    return answer(request.app[MANAGER].login_status(SESSION_ID.read(request).strip()))


async def cancel_login(request: web.Request) -> web.Response:
    """POST /api/cloud/login/cancel {sessionId}."""
    wanted = await LOGIN_TO_CANCEL.read(request)
    return answer(await request.app[MANAGER].cancel_login(wanted.session_id))


async def disconnect(request: web.Request) -> web.Response:
    """POST /api/cloud/disconnect {keepKey?}: closes the link and signs out."""
    wanted = await SIGN_OUT.read(request)
    manager = request.app[MANAGER]
    result = await manager.disconnect(keep_key=wanted.keep_key)
    return answer(
        SignedOut(
            True,
            "disconnected",
            key_revoked=result.key_revoked,
            key_note=result.note,
            key_left_in=manager.key_left_in,
        )
    )
