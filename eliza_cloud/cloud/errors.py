# ruff: noqa: N818 - each name is the failure itself; the tree tells that it is an error
"""Everything that can go wrong between this machine and Eliza Cloud, as one tree.

    CloudError
    ├── BaseUrlRefused      400  the base URL is not one this service connects to; no connection was made
    ├── Unreachable         502  no complete answer: refused, reset, cut
    │   ├── NameNotFound    502  the host's name could not be looked up
    │   └── TlsFailed       502  no trustworthy TLS connection
    │       └── CertificateDates  502  a certificate that is not valid at this machine's time
    ├── TimedOut            504  the cloud took too long
    ├── InvalidResponse     502  an answer that is not what the contract says
    ├── Redirected          502  a 3xx that leads out of the cloud it came from
    ├── InvalidRequest      400
    ├── KeyRefused          401  (403 for the cloud's `access_denied`)
    ├── InsufficientCredits 402
    ├── AccessDenied        403
    ├── NotFound            404  (502 when the 404 was not JSON)
    ├── Conflict            409
    ├── RateLimited         429
    ├── QuotaExceeded       429  waiting does not help
    ├── CloudServerError    502  the cloud's 5xx, and `success: false` in a 2xx
    ├── KeyUnavailable      502  the sign-in cannot hand out its key
    ├── AgentUnreachable    502  the cloud answered, the agent's sandbox did not
    ├── AgentTimedOut       504  the agent took longer than is waited for
    ├── StreamFailed        502  a reply that did not end with `done`
    └── JobFailed           502  the cloud gave a job up

Each class sets the defaults of `code`, `status` and `retryable`.
"""

from typing import Any


class CloudError(Exception):
    """A failure a user can be told: `str(error)` is a sentence and holds no secret.

    `status` is the HTTP status our own API answers with, `cloud_status` what the cloud said (None: nothing),
    `retryable` whether the same call may succeed later, `retry_after` seconds to wait at least,
    `details` the cloud's own members under the cloud's names (its `code` as `cloudCode`).
    """

    code: str = "cloud_error"
    status: int = 502
    retryable: bool = False

    def __init__(
        self,
        sentence: str,
        *,
        code: str | None = None,
        status: int | None = None,
        cloud_status: int | None = None,
        retryable: bool | None = None,
        retry_after: float | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(sentence)
        self.code = type(self).code if code is None else code
        self.status = type(self).status if status is None else status
        self.cloud_status = cloud_status
        self.retryable = type(self).retryable if retryable is None else retryable
        self.retry_after = retry_after
        self.details: dict[str, Any] = {} if details is None else details


class BaseUrlRefused(CloudError):
    """The base URL, or an address its host resolves to, is not one this service may connect to."""

    code = "base_url_refused"
    status = 400


class Unreachable(CloudError):
    """No complete answer came: name not found, connection refused, reset or cut."""

    code = "cloud_unreachable"
    retryable = True


class NameNotFound(Unreachable):
    """The name of the host could not be looked up."""

    code = "cloud_name_not_found"


class TlsFailed(Unreachable):
    """The other side could not prove over TLS that it is the cloud."""

    code = "cloud_tls_failed"


class CertificateDates(TlsFailed):
    """The certificate is not valid yet, or not any more, by this machine's clock: mostly that is wrong."""

    code = "clock_wrong"


class TimedOut(CloudError):
    """The cloud did not answer within the time of the call."""

    code = "cloud_timeout"
    status = 504
    retryable = True


class InvalidResponse(CloudError):
    """The answer breaks the contract: not JSON, too large, a member missing. A later one may be right."""

    code = "invalid_response"
    retryable = True


class Redirected(CloudError):
    """The answer was a redirect that is not followed: it would hand the key to a host outside this cloud."""

    code = "redirected"


class InvalidRequest(CloudError):
    """The cloud refused what was sent (400)."""

    code = "invalid_request"
    status = 400


class KeyRefused(CloudError):
    """The cloud does not accept the API key (401, or 403 `access_denied`), or there is none to send."""

    code = "key_rejected"
    status = 401


class InsufficientCredits(CloudError):
    """The balance is below what the cloud asks for (402); details carry the numbers."""

    code = "credits_exhausted"
    status = 402


class AccessDenied(CloudError):
    """The key is good, but not for this (403)."""

    code = "access_denied"
    status = 403


class NotFound(CloudError):
    """A 404. Only with `is_json` did the cloud say that the thing is gone; otherwise the path is unknown."""

    code = "not_found"
    status = 404

    def __init__(self, sentence: str, *, is_json: bool, **members: Any) -> None:
        super().__init__(sentence, **members)
        self.is_json = is_json


class Conflict(CloudError):
    """The state of the agent does not allow it now (409)."""

    code = "conflict"
    status = 409


class RateLimited(CloudError):
    """Too many requests (429)."""

    code = "rate_limited"
    status = 429
    retryable = True


class QuotaExceeded(CloudError):
    """The account has as many agents as it may have (429 `agent_quota_exceeded`); waiting does not help."""

    code = "agent_quota_exceeded"
    status = 429


class CloudServerError(CloudError):
    """The cloud itself failed (5xx)."""

    code = "cloud_server_error"
    retryable = True


class KeyUnavailable(CloudError):
    """The sign-in ended without a key that can be collected; a new one is needed."""

    code = "key_unavailable"


class AgentUnreachable(CloudError):
    """The cloud answered, but reported that the agent's sandbox does not (cloud-api §12)."""

    code = "agent_unreachable"
    retryable = True


class AgentTimedOut(CloudError):
    """The agent took longer than the cloud or this service waits; it may still be working."""

    code = "agent_timeout"
    status = 504


class StreamFailed(CloudError):
    """A streamed reply that failed or was cut: what was received so far is not a complete reply.

    Codes: `stream_truncated` (no `done`), `stream_failed` (an `error` event), `stream_timeout` (504),
    `invalid_response` (not a stream of the contract).
    """

    code = "stream_truncated"


class JobFailed(CloudError):
    """The cloud gave a job up; a new one may be started."""

    code = "job_failed"
    retryable = True
