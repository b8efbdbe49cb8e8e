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
    ├── PriceConfirmationRequired  428  a start that costs, whose price has not been accepted
    ├── InsufficientCredits 402
    │   └── BillingHold     402  a reversed payment; the balance does not matter
    ├── AccessDenied        403
    │   └── OrganizationInactive  403
    ├── NotFound            404  (502 when the 404 was not JSON)
    ├── ModelNotFound       404  a model or voice the cloud does not have
    ├── Conflict            409
    │   ├── SessionNotReady 409  another job of the agent is under way
    │   └── QuoteChanged    409  an upgrade under a quote that is out of date
    ├── DeleteNeedsBackup   409  the agent stays, because its state could not be saved
    ├── MessageTooLarge     413  not sent
    ├── RateLimited         429
    ├── QuotaExceeded       429  waiting does not help
    ├── CloudServerError    502  the cloud's 5xx, and `success: false` in a 2xx
    │   ├── StartNotScheduled  502
    │   └── WorkerDown      503  nothing starts or stops agents
    ├── KeyUnavailable      502  the sign-in cannot hand out its key
    ├── AgentUnreachable    502  the cloud answered, the agent's sandbox did not
    ├── AgentNotReady       503  the sandbox answers, its runtime does not yet
    ├── ReplyFailed         502  the text is not the agent's, or there is none
    ├── AgentTimedOut       504  the agent took longer than is waited for
    ├── StreamFailed        502  a reply that did not end with `done` (504: it stopped coming)
    ├── JobSkipped          409  the job is completed, but did nothing
    └── JobFailed           502  the cloud job failed

Each carries its problem, made from a row of `core.problems`, which has the code, the status and the words.
"""

from typing import Any

from eliza_cloud.cloud.types.models import Pricing, UpgradeQuote, number
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


class PriceConfirmationRequired(CloudError):
    """Nothing was started: a start costs, and the price has to be accepted first (428).

    `pricing` is the price as the cloud names it now, also in `details["pricing"]`; None where it names none:
    starting the agent tells it.
    """

    def __init__(
        self, problem: Problem, *, pricing: Pricing | None = None, cloud_status: int | None = None
    ) -> None:
        super().__init__(problem, cloud_status=cloud_status)
        self.pricing = pricing


class InsufficientCredits(CloudError):
    """The balance is below what the cloud asks for (402); details carry the numbers."""

    @property
    def required_balance(self) -> float | None:
        """The balance in dollars that such a call needs, where the cloud said it."""
        return number(self.details.get("requiredBalance"))


class BillingHold(InsufficientCredits):
    """A reversed payment holds whatever costs (402 `billing_hold_active`), whatever the balance is."""

    @property
    def outstanding(self) -> float | None:
        """The dollars that have to be settled, where the cloud said it."""
        return number(self.details.get("outstandingUsd"))


class AccessDenied(CloudError):
    """The key is good, but not for this (403)."""


class OrganizationInactive(AccessDenied):
    """The account's organization is inactive (403); a new sign-in does not help."""


class NotFound(CloudError):
    """A 404. Only with `is_json` did the cloud say that the thing is gone; otherwise the path is unknown."""

    def __init__(self, problem: Problem, *, is_json: bool, cloud_status: int | None = None) -> None:
        super().__init__(problem, cloud_status=cloud_status)
        self.is_json = is_json


class ModelNotFound(CloudError):
    """The cloud does not have the model or voice; `details["model"]` names it where the request did."""


class Conflict(CloudError):
    """The state of the agent does not allow it now (409)."""


class SessionNotReady(Conflict):
    """Another job of the agent is under way (409 `session_not_ready`); details name it where known."""


class QuoteChanged(Conflict):
    """An upgrade was asked for under a quote that is out of date; `quote` is the new one, where it came."""

    def __init__(
        self, problem: Problem, *, quote: UpgradeQuote | None = None, cloud_status: int | None = None
    ) -> None:
        super().__init__(problem, cloud_status=cloud_status)
        self.quote = quote


class DeleteNeedsBackup(CloudError):
    """The agent was not deleted and goes on costing: the backup that a delete begins with failed."""


class MessageTooLarge(CloudError):
    """The message was not sent: an agent's process ends at a larger one than 1 MiB (cloud-api §17, §23)."""


class RateLimited(CloudError):
    """Too many requests (429)."""


class QuotaExceeded(CloudError):
    """A quota, of agents or of a day's use, is used up (429); waiting a moment does not help."""


class CloudServerError(CloudError):
    """The cloud itself failed (5xx)."""


class StartNotScheduled(CloudServerError):
    """The cloud did not schedule a start (`provision_enqueue_failed`)."""


class WorkerDown(CloudServerError):
    """What starts and stops agents at the cloud is down; nothing was started."""


class KeyUnavailable(CloudError):
    """The sign-in ended without a key that can be collected; a new one is needed."""


class AgentUnreachable(CloudError):
    """The cloud answered, but reported that the agent's sandbox does not (cloud-api §12)."""


class AgentNotReady(CloudError):
    """The agent's sandbox answered that its runtime is still starting: it is not dead, wait for it."""


class ReplyFailed(CloudError):
    """The agent did not reply: what came is made up by the cloud, says that it failed, or is empty."""


class AgentTimedOut(CloudError):
    """The agent took longer than the cloud or this service waits; it may still be working."""


class StreamFailed(CloudError):
    """A streamed reply that failed or was cut: what was received so far is not a complete reply.

    Codes: `stream_truncated` (no `done`), `stream_failed` (an `error` event), `stream_timeout` (504),
    `invalid_response` (not a stream of the contract).
    """


class JobSkipped(CloudError):
    """The job is completed, but did nothing: no backup was taken, nothing was stopped or started."""


class JobFailed(CloudError):
    """The cloud job failed; a new one may be started."""
