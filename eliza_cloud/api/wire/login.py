"""Signing in and out (handlers: `api/login.py`)."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from eliza_cloud.api.operation import Answer, Body, Operation, Parameter
from eliza_cloud.api.wire.agents import Ok
from eliza_cloud.api.wire.errors import BODY, RUNTIME, STORE_FAILED, WAY, invalid
from eliza_cloud.core.failure import Failure
from eliza_cloud.core.login import LoginView

_SESSION = "a1b2c3d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d"

NOT_BEGUN = Failure(
    code="login_not_begun", status=502, message="Failed to create auth session with Eliza Cloud"
)

SessionId = Annotated[str, Meta(min_length=1, pattern=r"\S")]


class LoginBegun(msgspec.Struct, frozen=True, rename="camel"):
    """A sign-in that waits for the browser."""

    ok: Ok
    session_id: str
    browser_url: Annotated[str, Meta(description="The page to open.", extra_json_schema={"format": "uri"})]


class LoginToCancel(msgspec.Struct, frozen=True, rename="camel"):
    """Which sign-in to give up."""

    session_id: SessionId


class SignedOut(msgspec.Struct, frozen=True):
    """The link is closed and the key forgotten."""

    ok: Ok
    status: Literal["disconnected"]


START = Operation(
    group="Sign-in",
    summary="Begin a sign-in",
    about="Open `browserUrl` and authorize; the service fetches the key by itself. While a sign-in is"
    " pending, this returns the same one. No body is needed.",
    answers=(
        Answer(
            200,
            "Begun, or already under way.",
            LoginBegun,
            LoginBegun(True, _SESSION, f"https://www.elizacloud.ai/auth/cli-login?session={_SESSION}"),
        ),
    ),
    errors=(*RUNTIME, *WAY, NOT_BEGUN),
)
STATUS = Operation(
    group="Sign-in",
    summary="How far a sign-in is",
    about="`pending`, `authenticated` (the key is stored), `expired`, or `error` when it cannot succeed"
    " any more. The cloud is not asked.",
    parameters=(Parameter("sessionId", "Of the sign-in.", SessionId, required=True, example=_SESSION),),
    answers=(
        Answer(200, "What is known.", LoginView, LoginView("authenticated", key_prefix="eliza_72f94a")),
    ),
    errors=(invalid("sessionId query parameter is required"), *RUNTIME),
)
CANCEL = Operation(
    group="Sign-in",
    summary="Give a sign-in up",
    body=Body(model=LoginToCancel, example=LoginToCancel(_SESSION)),
    answers=(
        Answer(
            200,
            "What became of it; one that had ended stays as it was.",
            LoginView,
            LoginView("expired", error="The login was cancelled."),
        ),
    ),
    errors=(*BODY, invalid("sessionId is required"), *RUNTIME),
)
DISCONNECT = Operation(
    group="Sign-in",
    summary="Disconnect and sign out",
    about="Takes a final backup, closes the link and removes the key from this machine. The agent goes on"
    " running in the cloud. Repeatable.",
    answers=(Answer(200, "Done.", SignedOut, SignedOut(True, "disconnected")),),
    errors=(*RUNTIME, STORE_FAILED),
)
