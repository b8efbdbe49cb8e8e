"""Reading the sign-in answers (cloud-api §7)."""

from typing import Any

from eliza_cloud.cloud.errors import KeyUnavailable
from eliza_cloud.cloud.http.address import BaseUrl
from eliza_cloud.cloud.http.error_body import cloud_text
from eliza_cloud.cloud.http.error_mapping import success
from eliza_cloud.cloud.http.request import CloudResponse
from eliza_cloud.cloud.types.decode import unexpected
from eliza_cloud.cloud.types.models import LoginPoll, LoginSession, text
from eliza_cloud.core.problems import KEY_UNAVAILABLE, KEY_UNUSABLE
from eliza_cloud.redaction.secret import CloudTextRedactor, Secret

#: Characters of a key that may be shown; the contract's prefix has 12.
MAX_PREFIX = 15


def read_session(document: dict[str, Any], own_id: str, pages_url: BaseUrl) -> LoginSession:
    """Read a created sign-in; a server that made its own id is one that can revoke a collected key.

    Our own id is used only where the answer has none: the cloud knows the sign-in by its own.
    """
    given = document.get("sessionId")
    session_id = own_id if given is None else text(given)
    if session_id is None:
        raise unexpected("the sign-in has no id")
    return LoginSession(
        session_id=session_id,
        browser_url=pages_url.login_page(session_id),
        expires_at=text(document.get("expiresAt")),
        revocable=session_id != own_id,
    )


def read_poll(answer: CloudResponse, redaction: CloudTextRedactor) -> LoginPoll:
    """Read a poll; a JSON 404 is an expired sign-in unless it says that the key cannot be handed out."""
    if answer.status in {404, 410} and answer.document is not None and not answer.is_unknown_path:
        said = cloud_text(answer.document) or ""
        if "key unavailable" in said.casefold():
            problem = KEY_UNAVAILABLE.occurred(said=redaction.sentence(said))
            raise KeyUnavailable(problem, cloud_status=answer.status)
        return LoginPoll("expired")
    document = success(answer, redaction)
    status = text(document.get("status"))
    if status is None:
        raise unexpected("the sign-in has no status")
    key = text(document.get("apiKey")) if status == "authenticated" else None
    if key is not None and not all("!" <= character <= "~" for character in key):
        raise KeyUnavailable(KEY_UNUSABLE.occurred())
    prefix = text(document.get("keyPrefix"))
    return LoginPoll(
        status=status,
        key=None if key is None else Secret(key),
        key_prefix=prefix if prefix is not None and len(prefix) <= MAX_PREFIX else None,
        expires_at=text(document.get("expiresAt")),
    )
