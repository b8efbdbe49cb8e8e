"""Reading a body that says why something failed (cloud-api §5, generation L).

The cloud's own text is looked for in this order: `error`, `error.message`, `message`.
"""

from typing import Any

from eliza_cloud.cloud.http.retry_after import body_retry_after
from eliza_cloud.cloud.types.fields import members
from eliza_cloud.redaction.cloud import CloudTextRedactor

#: The members that an error keeps, at the top level or inside `details`.
_MEMBERS = (
    "requiredBalance",
    "currentBalance",
    "required",
    "available",
    "outstandingUsd",
    "currentAgents",
    "maxAgents",
    "scope",
    "retryAfter",
    "polling",
    "data",
    "details",
    "failureId",
    "conflictingJobId",
    "conflictingJobType",
    "conflictingJobStatus",
    "activeAgentId",
)
_NOT_FOUND = "not found"


def cloud_text(document: dict[str, Any]) -> str | None:
    """Return the cloud's own words in an error body."""
    error = document.get("error")
    candidates = (error, members(error).get("message"), document.get("message"))
    return next((text for text in candidates if isinstance(text, str) and text.strip()), None)


def cloud_code(document: dict[str, Any]) -> str | None:
    """Return the cloud's own code, of the body or of its `error`."""
    for code in (document.get("code"), members(document.get("error")).get("code")):
        if isinstance(code, str) and code:
            return code
    return None


def says_unknown_path(document: dict[str, Any]) -> bool:
    """Tell whether a 404 is about the path: a thing that is missing is named (cloud-api-latest L22)."""
    error = document.get("error")
    return isinstance(error, str) and error.strip().rstrip(".").casefold() == _NOT_FOUND


def says_retryable(document: dict[str, Any]) -> bool | None:
    """Return what the body says about trying again; None when it says nothing."""
    for holder in (document, members(document.get("details")), members(document.get("error"))):
        if isinstance(holder.get("retryable"), bool):
            return bool(holder["retryable"])
    return None


def says_passing(document: dict[str, Any]) -> bool:
    """Tell whether the body of a 503 says that it passes in a moment (cloud-api-latest L24 rule 30)."""
    if says_retryable(document) is not None:
        return says_retryable(document) is True
    if "warming" in (cloud_code(document) or "") or "is warming" in (cloud_text(document) or "").casefold():
        return True
    return members(document.get("error")).get("type") == "service_unavailable"


def retry_after_of(document: dict[str, Any]) -> float | None:
    """Return the seconds the body asks to wait."""
    waits = body_retry_after(document.get("retryAfter"))
    if waits is None:
        waits = body_retry_after(members(document.get("details")).get("retryAfterSeconds"))
    return waits


def details_of(document: dict[str, Any], redaction: CloudTextRedactor) -> dict[str, Any]:
    """Collect the cloud's own members under their names, its code as `cloudCode`."""
    found = {**members(document.get("details")), **document}
    details = {name: redaction.member(found[name]) for name in _MEMBERS if name in found}
    code = cloud_code(document)
    if code is not None:
        details["cloudCode"] = redaction.sentence(code)
    return {name: value for name, value in details.items() if value is not None}
