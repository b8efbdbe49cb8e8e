"""The failures a caller can meet, by where they come from; a sentence is what is said, or an example."""

from eliza_cloud.api.middleware.auth import HOST_REFUSED, ORIGIN_REFUSED, UNAUTHORIZED
from eliza_cloud.api.middleware.errors import BODY_MALFORMED, BODY_TOO_LARGE, BODY_TOO_SLOW, INTERNAL_ERROR
from eliza_cloud.cloud.errors import (
    AccessDenied,
    AgentTimedOut,
    AgentUnreachable,
    BaseUrlRefused,
    CertificateDates,
    CloudError,
    CloudServerError,
    Conflict,
    InsufficientCredits,
    InvalidRequest,
    InvalidResponse,
    JobFailed,
    KeyRefused,
    NameNotFound,
    QuotaExceeded,
    RateLimited,
    Redirected,
    StreamFailed,
    TimedOut,
    TlsFailed,
    Unreachable,
)
from eliza_cloud.core.problems import (
    LINK_CLOSING,
    LINK_NOT_READY,
    NOT_SIGNED_IN,
    STOPPING,
    SUPERSEDED,
    Problem,
)
from eliza_cloud.runtime.activities.backup import INTERRUPTED
from eliza_cloud.runtime.errors import CALL_TOO_SLOW, NO_AGENT, NOT_RUNNING, RECONNECTING
from eliza_cloud.runtime.operations.cloud_calls import SIGNED_OUT

Failures = tuple[Problem, ...]


def _of(kind: type[CloudError], message: str, code: str | None = None, status: int | None = None) -> Problem:
    """Return the failure that an error of the client is answered with."""
    return Problem(code=code or kind.code, status=status or kind.status, message=message)


def invalid(message: str, code: str = "invalid_request") -> Problem:
    """Return the 400 with this sentence."""
    return Problem(code=code, status=400, message=message)


# At the door

#: What any request can meet, and what those that need the token can meet besides.
ANY: Failures = (
    Problem(code="malformed_request", status=400, message="This is not a well-formed HTTP request."),
    HOST_REFUSED,
    ORIGIN_REFUSED,
    INTERNAL_ERROR,
)
CLOSED: Failures = (
    UNAUTHORIZED,
    Problem(code="too_many_attempts", status=429, message="Too many wrong tokens. Try again in 60 seconds."),
)
#: A member of a body, or a parameter, that does not fit its type.
INVALID_REQUEST = invalid("agentConfig.name must be a string, but it is a number.")
#: What can be wrong with any JSON body.
BODY: Failures = (
    invalid("Invalid JSON in request body", "invalid_json"),
    BODY_MALFORMED,
    BODY_TOO_SLOW,
    BODY_TOO_LARGE,
)
INVALID_AGENT_ID = invalid("Invalid agent ID or cloud not connected", "invalid_agent_id")
STORE_FAILED = Problem(
    code="store_failed",
    status=500,
    message="/home/me/.eliza/eliza.json cannot be written: the disk is full. Free some space and try again.",
)

# The cloud

RUNTIME: Failures = (NOT_RUNNING, STOPPING)
#: What a call of the cloud can meet before it says anything.
WAY: Failures = (
    _of(BaseUrlRefused, "cloud.baseUrl must be an https address. Correct it and restart the service."),
    _of(Unreachable, "Eliza Cloud cannot be reached. Check the network and try again."),
    _of(NameNotFound, "The name of the cloud cannot be looked up. Check this machine's network."),
    _of(CertificateDates, "This machine's clock is wrong, so that no certificate can be trusted. Set it."),
    _of(TlsFailed, "What answers at the cloud's address cannot prove that it is the cloud."),
    _of(TimedOut, "Eliza Cloud did not answer in time. Try again in a moment."),
    _of(InvalidResponse, "Eliza Cloud answered with something that is not JSON. Check the cloud base URL."),
    _of(Redirected, "Eliza Cloud redirected the request; redirects are not followed."),
    _of(
        CloudServerError, "Eliza Cloud has a fault (HTTP 500): Internal server error. Try again in a moment."
    ),
    _of(RateLimited, "Eliza Cloud asks to slow down: Too many requests. Try again in 30 s."),
)
_QUOTA = _of(
    QuotaExceeded, "The account has as many agents as it may have: 5 of 5. Shut down one that is not needed."
)
#: What a call made with the key can meet.
CLOUD: Failures = (
    *RUNTIME,
    *WAY,
    NOT_SIGNED_IN,
    SIGNED_OUT,
    CALL_TOO_SLOW,
    _QUOTA,
    _of(InvalidRequest, "Eliza Cloud refused the request as invalid: agentName is too long."),
    _of(KeyRefused, "Eliza Cloud does not accept the API key: Invalid API key. Sign in again."),
    _of(KeyRefused, "Eliza Cloud does not accept the API key: Access denied. Sign in again.", status=403),
    _of(AccessDenied, "Eliza Cloud does not allow this: Forbidden. Check the account and its organization."),
    _of(
        InsufficientCredits,
        "Eliza Cloud asks for more credits: Insufficient credits (balance $3.10, needed $5.00).",
    ),
    _of(Conflict, "Eliza Cloud cannot do this in the agent's present state: The agent is not running."),
    Problem(
        code="not_found",
        status=404,
        message="Eliza Cloud does not know it: Agent not found. Check the id with `eliza-cloud agents list`.",
    ),
    Problem(
        code="unknown_path",
        status=502,
        message="Eliza Cloud does not know the path that was asked for, which says nothing about the agent.",
    ),
)

# Agents and the link

JOB = _of(JobFailed, "Eliza Cloud gave the job up: no capacity. Try again.")
#: What the agent's sandbox can do.
SANDBOX: Failures = (
    _of(AgentUnreachable, "The agent does not answer. Try again in a moment."),
    _of(AgentTimedOut, "The agent took too long to answer; it may still be working."),
)
BRING_UP: Failures = (*CLOUD, *SANDBOX, JOB, SUPERSEDED)
LINK_BUSY: Failures = (LINK_NOT_READY, LINK_CLOSING)
BACKUP: Failures = (*BRING_UP, *LINK_BUSY, INTERRUPTED)
CHAT: Failures = (
    *CLOUD,
    *SANDBOX,
    NO_AGENT,
    RECONNECTING,
    _of(StreamFailed, "The agent's reply was cut off before its end. Try again."),
    _of(StreamFailed, "The agent's reply failed: out of memory. Try again.", "stream_failed"),
    _of(StreamFailed, "The agent's reply stopped coming. Try again.", "stream_timeout", 504),
)
