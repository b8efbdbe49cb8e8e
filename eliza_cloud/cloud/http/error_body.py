"""What the body of a failed response says: its text, its details, how long to wait, and whether it passes.

The cloud's own text is looked for in this order: `error`, `error.message`, `message` (cloud-api §5). A 503
that says it passes comes before any work, so that request is repeated (cloud-api-latest L24 rule 30);
anything else that failed is the caller's to repeat.
"""

import math
import re
import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from eliza_cloud.cloud.types.models import members
from eliza_cloud.redaction.secret import CloudTextRedactor

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


_SECONDS = re.compile(r"[0-9]{1,9}")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Read `Retry-After`: whole seconds, or a date compared with the answer's own `Date` (else our clock)."""
    text = headers.get("Retry-After", "").strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    until = parse_iso(text)
    if until is None:
        return None
    now = parse_iso(headers.get("Date", ""))
    return max(0.0, until - (time.time() if now is None else now))


def body_retry_after(value: Any) -> float | None:
    """Read a body's `retryAfter`: seconds as a number or as digits."""
    if isinstance(value, str) and _SECONDS.fullmatch(value.strip()):
        return float(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e9:
        return float(value) if math.isfinite(value) else None
    return None


def parse_iso(text: str) -> float | None:
    """Read an HTTP date as seconds since the epoch; None for what is none."""
    try:
        return parsedate_to_datetime(text).replace(tzinfo=UTC).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


#: Seconds before the first and the second repetition.
PAUSES = (1.0, 2.0)
#: A cloud that asks for more seconds than this is left to the caller.
_LONGEST = 3.0


def pause_before_repeat(
    document: dict[str, Any] | None, retry_after: float | None, repeats: int
) -> float | None:
    """Return the seconds until a request is repeated after a 503 and `repeats` repetitions, if it is."""
    if document is None or repeats >= len(PAUSES) or not says_passing(document):
        return None
    pause = max(PAUSES[repeats], retry_after or 0.0)
    return pause if pause <= _LONGEST else None
