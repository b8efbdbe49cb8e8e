"""From an answer that is not a success to the error of the tree (cloud-api §5, generation L)."""

from http import HTTPStatus
from typing import Any

from eliza_cloud.cloud.errors import (
    AccessDenied,
    BillingHold,
    CloudError,
    CloudServerError,
    Conflict,
    InsufficientCredits,
    InvalidRequest,
    InvalidResponse,
    KeyRefused,
    ModelNotFound,
    NotFound,
    OrganizationInactive,
    QuotaExceeded,
    QuoteChanged,
    RateLimited,
    SessionNotReady,
    StartNotScheduled,
    WorkerDown,
)
from eliza_cloud.cloud.http.error_body import cloud_text, details_of, retry_after_of, says_retryable
from eliza_cloud.cloud.http.request import CloudResponse
from eliza_cloud.cloud.types.decode import quote_or_none, require_price
from eliza_cloud.cloud.types.models import members, number
from eliza_cloud.core.problems import (
    ACCESS_DENIED,
    AGENT_QUOTA_EXCEEDED,
    BILLING_HOLD_ACTIVE,
    CLOUD_REFUSED_REQUEST,
    CLOUD_REPORTED_FAILURE,
    CLOUD_SERVER_ERROR,
    CONFLICT,
    CREDITS_EXHAUSTED,
    KEY_REJECTED,
    MODEL_NOT_FOUND,
    NOT_FOUND,
    ORGANIZATION_INACTIVE,
    PROVISION_ENQUEUE_FAILED,
    PROVISIONING_WORKER_DOWN,
    QUOTA_EXHAUSTED,
    QUOTE_CHANGED,
    RATE_LIMITED,
    RESPONSE_NOT_JSON,
    RESPONSE_UNEXPECTED_STATUS,
    SESSION_NOT_READY,
    SHARED_AGENT,
    UNKNOWN_CLOUD_PATH,
    Particulars,
)
from eliza_cloud.redaction.secret import CloudTextRedactor

#: Conflicts that pass by themselves, by the words the cloud uses for them (cloud-api §9, §10).
_PASSING_CONFLICTS = ("state changed", "in progress", "already being provisioned")
#: Conflicts called `session_not_ready` that waiting does not end (cloud-api-latest L16).
_LASTING_CONFLICT = "cannot target"
_WRONG_TIER = "requires a container-backed"
_NOT_SCHEDULED = {"provision_enqueue_failed", "provisioning_enqueue_failed"}
_WORKER_DOWN = {"provisioning_worker_unhealthy", "provisioning_worker_unreachable"}


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


def error_for(answer: CloudResponse, redaction: CloudTextRedactor, *, model: str | None = None) -> CloudError:
    """Return the error for an answer that is not a success; `model` is what the request asked for."""
    document = answer.document or {}
    said = redaction.sentence(cloud_text(document) or _phrase(answer.status))
    details = details_of(document, redaction)
    waits = retry_after_of(document) if answer.retry_after is None else answer.retry_after
    more: Particulars = {"retry_after": waits, "details": details}
    retryable = says_retryable(document)
    if retryable is not None:
        more["retryable"] = retryable
    code = str(details.get("cloudCode", "")).casefold()
    if code == "model_not_found" or said.casefold().startswith("pricing unavailable"):
        return _model_not_found(answer, said, details, model)
    return _by_status(answer, said, code, more)


def _by_status(answer: CloudResponse, said: str, code: str, more: Particulars) -> CloudError:
    there = answer.status
    match there:
        case 400:
            return InvalidRequest(CLOUD_REFUSED_REQUEST.occurred(said=said, **more), cloud_status=there)
        case 401:
            return KeyRefused(KEY_REJECTED.occurred(said=said, **more), cloud_status=there)
        case 402:
            return _credits(there, said, code, more)
        case 403:
            return _forbidden(said, code, more)
        case 404 | 410:
            return _not_found(answer, said, more)
        case 409:
            return _conflict(answer, said, code, more)
        case 428:
            return require_price(answer.document or {}, said, more["details"])
        case 429:
            return _too_many(said, code, more)
        case status if status >= 500:
            return _server_error(there, said, code, more)
        case status if status < 300:
            return CloudServerError(CLOUD_REPORTED_FAILURE.occurred(said=said, **more), cloud_status=there)
        case _:
            problem = RESPONSE_UNEXPECTED_STATUS.occurred(http_status=there, said=said, **more)
            return InvalidResponse(problem, cloud_status=there)


def _credits(there: int, said: str, code: str, more: Particulars) -> InsufficientCredits:
    """Return the error for a balance, or a hold, that does not allow it; neither passes by waiting."""
    details = more["details"]
    if code == "billing_hold_active":
        outstanding = details.get("outstandingUsd", "the outstanding amount")
        problem = BILLING_HOLD_ACTIVE.occurred(said=said, outstanding=outstanding, **more)
        return BillingHold(problem, cloud_status=there)
    said = f"{said}{_amounts(details)}"
    return InsufficientCredits(CREDITS_EXHAUSTED.occurred(said=said, **more), cloud_status=there)


def _forbidden(said: str, code: str, more: Particulars) -> CloudError:
    if "organization is inactive" in said.casefold():
        return OrganizationInactive(ORGANIZATION_INACTIVE.occurred(said=said, **more), cloud_status=403)
    if code == "access_denied":
        more["status"] = 403
        return KeyRefused(KEY_REJECTED.occurred(said=said, **more), cloud_status=403)
    return AccessDenied(ACCESS_DENIED.occurred(said=said, **more), cloud_status=403)


def _conflict(answer: CloudResponse, said: str, code: str, more: Particulars) -> Conflict:
    words = said.casefold()
    if code == "dedicated_quote_changed":
        quote = quote_or_none(members((answer.document or {}).get("data")))
        return QuoteChanged(QUOTE_CHANGED.occurred(said=said, **more), quote=quote, cloud_status=409)
    if _WRONG_TIER in words:
        more["retryable"] = False
        return Conflict(SHARED_AGENT.occurred(said=said, **more), cloud_status=409)
    if code == "session_not_ready":
        more.setdefault("retryable", _LASTING_CONFLICT not in words)
        return SessionNotReady(SESSION_NOT_READY.occurred(said=said, **more), cloud_status=409)
    more.setdefault("retryable", any(passing in words for passing in _PASSING_CONFLICTS))
    return Conflict(CONFLICT.occurred(said=said, **more), cloud_status=409)


def _too_many(said: str, code: str, more: Particulars) -> CloudError:
    """Tell a pace, which waiting helps, from a quota or an empty account (cloud-api-latest L24 rule 31)."""
    details = more["details"]
    if code == "agent_quota_exceeded":
        return QuotaExceeded(AGENT_QUOTA_EXCEEDED.occurred(said=said, details=details), cloud_status=429)
    if code == "quota_exhausted":
        return QuotaExceeded(QUOTA_EXHAUSTED.occurred(said=said, details=details), cloud_status=429)
    if "insufficient credits" in said.casefold():
        return InsufficientCredits(CREDITS_EXHAUSTED.occurred(said=said, details=details), cloud_status=429)
    return RateLimited(RATE_LIMITED.occurred(said=said, **more), cloud_status=429)


def _server_error(there: int, said: str, code: str, more: Particulars) -> CloudServerError:
    if code in _NOT_SCHEDULED:
        return StartNotScheduled(PROVISION_ENQUEUE_FAILED.occurred(said=said, **more), cloud_status=there)
    if code in _WORKER_DOWN:
        return WorkerDown(PROVISIONING_WORKER_DOWN.occurred(said=said, **more), cloud_status=there)
    problem = CLOUD_SERVER_ERROR.occurred(http_status=there, said=said, **more)
    return CloudServerError(problem, cloud_status=there)


def _model_not_found(
    answer: CloudResponse, said: str, details: dict[str, Any], model: str | None
) -> ModelNotFound:
    if model is not None:
        details = {**details, "model": model}
    problem = MODEL_NOT_FOUND.occurred(model=model or "that was asked for", said=said, details=details)
    return ModelNotFound(problem, cloud_status=answer.status)


def _not_found(answer: CloudResponse, said: str, more: Particulars) -> NotFound:
    if answer.is_unknown_path or answer.document is None:
        return NotFound(UNKNOWN_CLOUD_PATH.occurred(**more), is_json=False, cloud_status=answer.status)
    return NotFound(NOT_FOUND.occurred(said=said, **more), is_json=True, cloud_status=answer.status)


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
