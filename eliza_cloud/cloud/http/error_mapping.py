"""From an answer that is not a success to the error of the tree (cloud-api §5).

The cloud's own text is looked for in this order: `error`, `error.message`, `message`, the status itself.
"""

import math
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
            raise InvalidResponse(
                "Eliza Cloud answered with something that is not JSON. Check that the cloud base URL is "
                "right, and that no sign-in page of the network stands in between.",
                cloud_status=answer.status,
            )
        if answer.document.get("success") is not False:
            return answer.document
    raise error_for(answer, redaction)


def error_for(answer: CloudResponse, redaction: CloudTextRedactor) -> CloudError:
    """Return the error for an answer that is not a success."""
    document = answer.document or {}
    said = redaction.sentence(cloud_text(document) or _phrase(answer.status))
    details = _details(document, redaction)
    members: dict[str, Any] = {
        "cloud_status": answer.status,
        "retry_after": answer.retry_after
        if answer.retry_after is not None
        else body_retry_after(document.get("retryAfter")),
        "details": details,
    }
    if isinstance(document.get("retryable"), bool):
        members["retryable"] = document["retryable"]
    return _by_status(answer, said, details.get("cloudCode"), members)


def cloud_text(document: dict[str, Any]) -> str | None:
    """Find the cloud's own words in an error body."""
    error = document.get("error")
    candidates = (error, error.get("message") if isinstance(error, dict) else None, document.get("message"))
    return next((text for text in candidates if isinstance(text, str) and text.strip()), None)


def _by_status(answer: CloudResponse, said: str, cloud_code: Any, members: dict[str, Any]) -> CloudError:
    match answer.status:
        case 400:
            return InvalidRequest(f"Eliza Cloud refused the request as invalid: {said}.", **members)
        case 401:
            return KeyRefused(_key_refused(said), **members)
        case 402:
            return InsufficientCredits(_credits(said, members["details"]), **members)
        case 403 if cloud_code == "access_denied":
            return KeyRefused(_key_refused(said), status=403, **members)
        case 403:
            return AccessDenied(
                f"Eliza Cloud does not allow this: {said}. Check the account and its organization.",
                **members,
            )
        case 404 | 410:
            return _not_found(answer, said, members)
        case 409:
            passing = any(words in said.casefold() for words in _PASSING_CONFLICTS)
            return Conflict(
                f"Eliza Cloud cannot do this in the agent's present state: {said}.",
                **{"retryable": passing, **members},
            )
        case 429 if cloud_code == "agent_quota_exceeded":
            return QuotaExceeded(
                f"The account has as many agents as it may have: {said}. Shut down one that is not needed.",
                **{**members, "retryable": False, "retry_after": None},
            )
        case 429:
            return RateLimited(
                f"Eliza Cloud asks to slow down: {said}. {_wait(members['retry_after'])}", **members
            )
        case status if status >= 500:
            return CloudServerError(
                f"Eliza Cloud has a fault (HTTP {status}): {said}. {_wait(members['retry_after'])}", **members
            )
        case status if status < 300:
            return CloudServerError(
                f"Eliza Cloud reported a failure: {said}.", **{"retryable": False, **members}
            )
        case status:
            return InvalidResponse(
                f"Eliza Cloud answered HTTP {status}, which this call does not expect: {said}. "
                "Check that the cloud base URL is right.",
                **{"retryable": False, **members},
            )


def _not_found(answer: CloudResponse, said: str, members: dict[str, Any]) -> NotFound:
    if answer.document is not None:
        return NotFound(
            f"Eliza Cloud does not know it: {said}. Check the id with `eliza-cloud agents list`.",
            is_json=True,
            **members,
        )
    return NotFound(
        "Eliza Cloud does not know the path that was asked for, which says nothing about the agent. "
        "Try again; if it keeps happening, check the cloud base URL.",
        is_json=False,
        **{"code": "unknown_path", "status": 502, "retryable": True, **members},
    )


def _key_refused(said: str) -> str:
    return f"Eliza Cloud does not accept the API key: {said}. Sign in again with `eliza-cloud login`."


def _credits(said: str, details: dict[str, Any]) -> str:
    amounts = (("balance", "currentBalance"), ("needed", "requiredBalance"), ("needed", "required"))
    told = [(label, number(details.get(name))) for label, name in amounts]
    numbers = [f"{label} ${amount:.2f}" for label, amount in told if amount is not None]
    shown = f" ({', '.join(numbers)})" if numbers else ""
    return f"Eliza Cloud asks for more credits: {said}{shown}. Top up the account and try again."


def _wait(seconds: float | None) -> str:
    return "Try again in a moment." if not seconds else f"Try again in {math.ceil(seconds)} s."


def _phrase(status: int) -> str:
    try:
        return f"{HTTPStatus(status).phrase} (HTTP {status})"
    except ValueError:
        return f"HTTP {status}"


def _details(document: dict[str, Any], redaction: CloudTextRedactor) -> dict[str, Any]:
    """Collect the cloud's own members; an agent quota may be told inside `details` (cloud-api §6)."""
    nested = document.get("details")
    found = {**(nested if isinstance(nested, dict) else {}), **document}
    details = {name: redaction.member(found[name]) for name in _MEMBERS if name in found}
    code = document.get("code")
    if isinstance(code, str) and code:
        details["cloudCode"] = redaction.sentence(code)
    return {name: value for name, value in details.items() if value is not None}
