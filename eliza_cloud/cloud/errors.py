# ruff: noqa: N818 - each name is the problem itself; the base class says that it is an error
"""Everything that can go wrong between this machine and Eliza Cloud, as one tree.

    CloudError
    ├── BaseUrlRefused      400  the base URL is not one this service connects to; no connection was made
    ├── Unreachable         502  no complete answer: refused, reset, cut
    │   ├── NameNotFound    502  the host's name could not be looked up
    │   └── TlsFailed       502  no trustworthy TLS connection
    │       └── CertificateDates  502  a certificate that is not valid at this machine's time
    ├── TimedOut            504  the cloud took too long
    ├── InvalidResponse     502  a response that is not what the contract says
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
    ├── StreamFailed        502  a reply that did not end with `done` (504: it stopped coming)
    └── JobFailed           502  the cloud job failed

Each carries its problem, made from a row of `core.problems`, which has the code, the status and the words.
"""

from typing import Any

from eliza_cloud.core.problems import Problem


class CloudError(Exception):
    """What kept a call to the cloud from succeeding: `str(error)` is a sentence and holds no secret.

    `cloud_status` is what the cloud answered with (None: nothing); the rest is the problem's.
    """

    def __init__(self, problem: Problem, *, cloud_status: int | None = None) -> None:
        super().__init__(problem.message)
        self.problem = problem
        self.cloud_status = cloud_status

    @property
    def code(self) -> str:
        """The problem's code."""
        return self.problem.code

    @property
    def status(self) -> int:
        """The HTTP status that our own API answers with."""
        return self.problem.status

    @property
    def retryable(self) -> bool:
        """Whether the same call may succeed later."""
        return self.problem.retryable

    @property
    def retry_after(self) -> float | None:
        """The seconds to wait at least, where the cloud named them."""
        return self.problem.retry_after

    @property
    def details(self) -> dict[str, Any]:
        """The cloud's own members under the cloud's names, its `code` as `cloudCode`."""
        return self.problem.details


class BaseUrlRefused(CloudError):
    """The base URL, or an address its host resolves to, is not one this service may connect to."""


class Unreachable(CloudError):
    """No complete answer came: name not found, connection refused, reset or cut."""


class NameNotFound(Unreachable):
    """The name of the host could not be looked up."""


class TlsFailed(Unreachable):
    """The other side could not prove over TLS that it is the cloud."""


class CertificateDates(TlsFailed):
    """The certificate is not valid yet, or no longer, by this machine's clock: mostly that is wrong."""


class TimedOut(CloudError):
    """The cloud did not answer within the time of the call."""


class InvalidResponse(CloudError):
    """The answer breaks the contract: not JSON, too large, a member missing. A later one may be right."""


class Redirected(CloudError):
    """The answer was a redirect that is not followed: it would hand the key to a host outside this cloud."""


class InvalidRequest(CloudError):
    """The cloud refused what was sent (400)."""


class KeyRefused(CloudError):
    """The cloud does not accept the API key (401, or 403 `access_denied`), or there is none to send."""


class InsufficientCredits(CloudError):
    """The balance is below what the cloud asks for (402); details carry the numbers."""


class AccessDenied(CloudError):
    """The key is good, but not for this (403)."""


class NotFound(CloudError):
    """A 404. Only with `is_json` did the cloud say that the thing is gone; otherwise the path is unknown."""

    def __init__(self, problem: Problem, *, is_json: bool, cloud_status: int | None = None) -> None:
        super().__init__(problem, cloud_status=cloud_status)
        self.is_json = is_json


class Conflict(CloudError):
    """The state of the agent does not allow it now (409)."""


class RateLimited(CloudError):
    """Too many requests (429)."""


class QuotaExceeded(CloudError):
    """The account has as many agents as it may have (429 `agent_quota_exceeded`); waiting does not help."""


class CloudServerError(CloudError):
    """The cloud itself failed (5xx)."""


class KeyUnavailable(CloudError):
    """The sign-in ended without a key that can be collected; a new one is needed."""


class AgentUnreachable(CloudError):
    """The cloud answered, but reported that the agent's sandbox does not (cloud-api §12)."""


class AgentTimedOut(CloudError):
    """The agent took longer than the cloud or this service waits; it may still be working."""


class StreamFailed(CloudError):
    """A streamed reply that failed or was cut: what was received so far is not a complete reply.

    Codes: `stream_truncated` (no `done`), `stream_failed` (an `error` event), `stream_timeout` (504),
    `invalid_response` (not a stream of the contract).
    """


class JobFailed(CloudError):
    """The cloud job failed; a new one may be started."""
