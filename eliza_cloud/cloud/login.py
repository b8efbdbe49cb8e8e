"""Reading the sign-in answers (contract eliza-cloud-api §7)."""

from typing import Any

from eliza_cloud.cloud.base_url import BaseUrl
from eliza_cloud.cloud.errors import KeyUnavailable
from eliza_cloud.cloud.exchange import Answer
from eliza_cloud.cloud.failures import cloud_text, success
from eliza_cloud.cloud.fields import text
from eliza_cloud.cloud.reading import unexpected
from eliza_cloud.cloud.redaction import Redaction
from eliza_cloud.cloud.wire import LoginPoll, LoginSession
from eliza_cloud.core.secret import Secret


def read_session(document: dict[str, Any], own_id: str, base_url: BaseUrl) -> LoginSession:
    """Read a created sign-in; a server that made its own id is one that can revoke a collected key."""
    session_id = text(document.get("sessionId")) or own_id
    return LoginSession(
        session_id=session_id,
        browser_url=base_url.login_page(session_id),
        expires_at=text(document.get("expiresAt")),
        revocable=session_id != own_id,
    )


def read_poll(answer: Answer, redaction: Redaction) -> LoginPoll:
    """Read a poll; a JSON 404 is an expired sign-in unless it says that the key cannot be handed out."""
    if answer.status in {404, 410} and answer.document is not None:
        said = cloud_text(answer.document) or ""
        if "key unavailable" in said.casefold():
            raise KeyUnavailable(
                f"The sign-in ended without a key: {redaction.sentence(said)}. "
                "Sign in again with `eliza-cloud login`.",
                cloud_status=answer.status,
            )
        return LoginPoll("expired")
    document = success(answer, redaction)
    status = text(document.get("status"))
    if status is None:
        raise unexpected("the sign-in has no status")
    key = text(document.get("apiKey")) if status == "authenticated" else None
    return LoginPoll(
        status=status,
        key=None if key is None else Secret(key),
        key_prefix=text(document.get("keyPrefix")),
        expires_at=text(document.get("expiresAt")),
    )
