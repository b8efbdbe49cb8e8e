"""From an answer that is not a success to the error of the tree (cloud-api §5).

The cloud's own text is looked for in this order: `error`, `error.message`, `message`, the status itself.
"""

from http import HTTPStatus
from typing import Any

from eliza_cloud.cloud.errors import (
    AccessDenied,
    CloudError,
    CloudServerError,
    Conflict,
    InsufficientCredits,
    InvalidRequest,
    InvalidResponse,
    KeyRefused,
    NotFound,
    QuotaExceeded,
    RateLimited,
)
from eliza_cloud.cloud.http.request import CloudResponse
from eliza_cloud.cloud.http.retry_after import body_retry_after
from eliza_cloud.cloud.types.fields import number
from eliza_cloud.core.problems import (
    ACCESS_DENIED,
    AGENT_QUOTA_EXCEEDED,
    CLOUD_REFUSED_REQUEST,
    CLOUD_REPORTED_FAILURE,
    CLOUD_SERVER_ERROR,
    CONFLICT,
    CREDITS_EXHAUSTED,
    KEY_REJECTED,
    NOT_FOUND,
    RATE_LIMITED,
    RESPONSE_NOT_JSON,
    RESPONSE_UNEXPECTED_STATUS,
    UNKNOWN_CLOUD_PATH,
    Particulars,
)
from eliza_cloud.redaction.cloud import CloudTextRedactor

_MEMBERS = (
    "requiredBalance",
    "currentBalance",
    "required",
    "available",
    "currentAgents",
    "maxAgents",
    "retryAfter",
    "polling",
    "data",
    "details",
    "failureId",
)
#: Conflicts that pass by themselves, by the words the cloud uses for them (cloud-api §9, §10).
_PASSING_CONFLICTS = ("state changed", "in progress", "already being provisioned")


def success(answer: CloudResponse, redaction: CloudTextRedactor) -> dict[str, Any]:
    """Return the JSON object of a success; raises the matching `CloudError` for anything else."""
    if 200 <= answer.status < 300:
        if answer.status == 204:
            return {}
        if answer.document is None:
            raise InvalidResponse(RESPONSE_NOT_JSON.occurred(), cloud_status=answer.status)
        if answer.document.get("success") is not False:
            return answer.document
    raise error_for(answer, redaction)


def error_for(answer: CloudResponse, redaction: CloudTextRedactor) -> CloudError:
    """Return the error for an answer that is not a success."""
    document = answer.document or {}
    said = redaction.sentence(cloud_text(document) or _phrase(answer.status))
    details = _details(document, redaction)
    more: Particulars = {
        "retry_after": answer.retry_after
        if answer.retry_after is not None
        else body_retry_after(document.get("retryAfter")),
        "details": details,
    }
    if isinstance(document.get("retryable"), bool):
        more["retryable"] = document["retryable"]
    return _by_status(answer, said, details.get("cloudCode"), more)


def cloud_text(document: dict[str, Any]) -> str | None:
    """Return the cloud's own words in an error body."""
    error = document.get("error")
    candidates = (error, error.get("message") if isinstance(error, dict) else None, document.get("message"))
    return next((text for text in candidates if isinstance(text, str) and text.strip()), None)


def _by_status(answer: CloudResponse, said: str, cloud_code: Any, more: Particulars) -> CloudError:
    there = answer.status
    match there:
        case 400:
            return InvalidRequest(CLOUD_REFUSED_REQUEST.occurred(said=said, **more), cloud_status=there)
        case 401:
            return KeyRefused(KEY_REJECTED.occurred(said=said, **more), cloud_status=there)
        case 402:
            said = f"{said}{_amounts(more['details'])}"
            return InsufficientCredits(CREDITS_EXHAUSTED.occurred(said=said, **more), cloud_status=there)
        case 403 if cloud_code == "access_denied":
            more["status"] = 403
            return KeyRefused(KEY_REJECTED.occurred(said=said, **more), cloud_status=there)
        case 403:
            return AccessDenied(ACCESS_DENIED.occurred(said=said, **more), cloud_status=there)
        case 404 | 410:
            return _not_found(answer, said, more)
        case 409:
            more.setdefault("retryable", any(words in said.casefold() for words in _PASSING_CONFLICTS))
            return Conflict(CONFLICT.occurred(said=said, **more), cloud_status=there)
        case 429 if cloud_code == "agent_quota_exceeded":
            problem = AGENT_QUOTA_EXCEEDED.occurred(said=said, details=more["details"])
            return QuotaExceeded(problem, cloud_status=there)
        case 429:
            return RateLimited(RATE_LIMITED.occurred(said=said, **more), cloud_status=there)
        case status if status >= 500:
            problem = CLOUD_SERVER_ERROR.occurred(http_status=there, said=said, **more)
            return CloudServerError(problem, cloud_status=there)
        case status if status < 300:
            return CloudServerError(CLOUD_REPORTED_FAILURE.occurred(said=said, **more), cloud_status=there)
        case _:
            problem = RESPONSE_UNEXPECTED_STATUS.occurred(http_status=there, said=said, **more)
            return InvalidResponse(problem, cloud_status=there)


def _not_found(answer: CloudResponse, said: str, more: Particulars) -> NotFound:
    if answer.document is not None:
        return NotFound(NOT_FOUND.occurred(said=said, **more), is_json=True, cloud_status=answer.status)
    return NotFound(UNKNOWN_CLOUD_PATH.occurred(**more), is_json=False, cloud_status=answer.status)


def _amounts(details: dict[str, Any]) -> str:
    amounts = (("balance", "currentBalance"), ("needed", "requiredBalance"), ("needed", "required"))
    given = [(label, number(details.get(name))) for label, name in amounts]
    numbers = [f"{label} ${amount:.2f}" for label, amount in given if amount is not None]
    return f" ({', '.join(numbers)})" if numbers else ""


def _phrase(status: int) -> str:
    try:
        return f"{HTTPStatus(status).phrase} (HTTP {status})"
    except ValueError:
        return f"HTTP {status}"


def _details(document: dict[str, Any], redaction: CloudTextRedactor) -> dict[str, Any]:
    """Collect the cloud's own members; an agent quota may stand inside `details` (cloud-api §6)."""
    nested = document.get("details")
    found = {**(nested if isinstance(nested, dict) else {}), **document}
    details = {name: redaction.member(found[name]) for name in _MEMBERS if name in found}
    code = document.get("code")
    if isinstance(code, str) and code:
        details["cloudCode"] = redaction.sentence(code)
    return {name: value for name, value in details.items() if value is not None}
