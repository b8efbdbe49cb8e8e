"""The problems a caller can meet, by where they come from, as the API's document shows them."""

import msgspec

from eliza_cloud.core.problems import (
    ACCESS_DENIED,
    AGENT_NOT_READY,
    AGENT_NOT_RUNNING,
    AGENT_QUOTA_EXCEEDED,
    AGENT_RECONNECTING,
    AGENT_SUSPENDED,
    AGENT_TIMEOUT,
    AGENT_UNREACHABLE,
    BASE_URL_REFUSED,
    BILLING_HOLD_ACTIVE,
    BODY_MALFORMED,
    BODY_TOO_LARGE,
    BODY_TOO_SLOW,
    CALL_TOO_SLOW,
    CLOCK_WRONG,
    CLOUD_NAME_NOT_FOUND,
    CLOUD_REFUSED_REQUEST,
    CLOUD_SERVER_ERROR,
    CLOUD_TIMEOUT,
    CLOUD_TLS_FAILED,
    CLOUD_UNREACHABLE,
    CONFLICT,
    CREDITS_EXHAUSTED,
    DELETE_NEEDS_BACKUP,
    DISK_FULL,
    HOST_NOT_ALLOWED,
    INTERNAL_ERROR,
    INVALID_JSON,
    JOB_FAILED,
    JOB_SKIPPED,
    KEY_REJECTED,
    LINK_CLOSING,
    LINK_INTERRUPTED,
    LINK_NOT_READY,
    MALFORMED_REQUEST,
    MESSAGE_TOO_LARGE,
    NOT_AUTHENTICATED,
    NOT_FOUND,
    ORGANIZATION_INACTIVE,
    ORIGIN_NOT_ALLOWED,
    PRICE_CONFIRMATION_REQUIRED,
    PROBLEMS,
    PROVISION_ENQUEUE_FAILED,
    PROVISIONING_WORKER_DOWN,
    RATE_LIMITED,
    REDIRECTED,
    REPLY_FAILED,
    RESPONSE_NOT_JSON,
    RUNTIME_NOT_STARTED,
    SESSION_NOT_READY,
    SETTINGS_INVALID,
    SHARED_AGENT,
    SIGNED_OUT,
    STOPPING,
    STORE_FAILED,
    STREAM_FAILED,
    STREAM_TIMEOUT,
    STREAM_TRUNCATED,
    SUPERSEDED,
    TOO_MANY_ATTEMPTS,
    UNAUTHORIZED,
    UNKNOWN_CLOUD_PATH,
    Problem,
    ProblemType,
)

Failures = tuple[Problem, ...]


def examples(*rows: ProblemType) -> Failures:
    """Return what an occurrence of each row looks like."""
    return tuple(row.example() for row in rows)


def invalid(message: str, code: str = "invalid_request") -> Problem:
    """Return the 400 with this sentence."""
    return PROBLEMS[code].worded("{what}").occurred(status=400, what=message)


# At the door

#: What any request can meet, and what those that need the token can meet besides.
ANY = examples(MALFORMED_REQUEST, HOST_NOT_ALLOWED, ORIGIN_NOT_ALLOWED, INTERNAL_ERROR)
CLOSED = (UNAUTHORIZED.example(), TOO_MANY_ATTEMPTS.occurred(retry_after=60))
#: What can be wrong with any JSON body.
BODY = examples(INVALID_JSON, BODY_MALFORMED, BODY_TOO_SLOW, BODY_TOO_LARGE)
#: What can keep something from being written down.
NOT_STORED = examples(STORE_FAILED, DISK_FULL, SETTINGS_INVALID)

# The cloud

RUNTIME = examples(RUNTIME_NOT_STARTED, STOPPING)
#: What a call of the cloud can meet before it says anything.
WAY = (
    *examples(
        BASE_URL_REFUSED,
        CLOUD_UNREACHABLE,
        CLOUD_NAME_NOT_FOUND,
        CLOCK_WRONG,
        CLOUD_TLS_FAILED,
        CLOUD_TIMEOUT,
        RESPONSE_NOT_JSON,
        REDIRECTED,
        CLOUD_SERVER_ERROR,
    ),
    RATE_LIMITED.occurred(said="Too many requests", retry_after=30),
)
#: What a call made with the key can meet.
CLOUD = (
    *RUNTIME,
    *WAY,
    *examples(
        NOT_AUTHENTICATED,
        SIGNED_OUT,
        CALL_TOO_SLOW,
        AGENT_QUOTA_EXCEEDED,
        CLOUD_REFUSED_REQUEST,
        KEY_REJECTED,
        ACCESS_DENIED,
        ORGANIZATION_INACTIVE,
        CREDITS_EXHAUSTED,
        BILLING_HOLD_ACTIVE,
        CONFLICT,
        NOT_FOUND,
        UNKNOWN_CLOUD_PATH,
    ),
    KEY_REJECTED.occurred(said="Access denied", status=403),
)

# Agents and the link

#: What the agent's sandbox can do.
SANDBOX = examples(AGENT_UNREACHABLE, AGENT_NOT_READY, AGENT_TIMEOUT)
#: A start that costs, with what it costs.
_PRICED = msgspec.structs.replace(
    PRICE_CONFIRMATION_REQUIRED.example(),
    details={
        "pricing": {
            "currency": "USD",
            "hourlyRateUsd": 0.01,
            "minimumActivationChargeUsd": 0.02,
            "acceptanceValue": "dedicated-compute-v1:USD:0.010000:0.020000",
        }
    },
)
#: What a start, a stop or a delete can meet at the cloud.
LIFECYCLE = (
    _PRICED,
    *examples(
        SESSION_NOT_READY,
        SHARED_AGENT,
        PROVISION_ENQUEUE_FAILED,
        PROVISIONING_WORKER_DOWN,
        JOB_FAILED,
        JOB_SKIPPED,
        DELETE_NEEDS_BACKUP,
    ),
)
BRING_UP = (*CLOUD, *SANDBOX, *LIFECYCLE, SUPERSEDED.example(), AGENT_SUSPENDED.example())
LINK_BUSY = examples(LINK_NOT_READY, LINK_CLOSING)
BACKUP = (*BRING_UP, *LINK_BUSY, LINK_INTERRUPTED.example())
CHAT = (
    *CLOUD,
    *SANDBOX,
    *examples(
        AGENT_NOT_RUNNING,
        AGENT_RECONNECTING,
        MESSAGE_TOO_LARGE,
        REPLY_FAILED,
        STREAM_TRUNCATED,
        STREAM_FAILED,
        STREAM_TIMEOUT,
    ),
)
