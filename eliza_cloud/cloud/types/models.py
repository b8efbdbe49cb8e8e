"""What the client returns: the cloud's answers, reduced to what is used. Times in seconds.

Decoding is tolerant (cloud-api §21 rows 11 and 12): words that it does not list are kept
as they are, and whatever may be missing is None. `raw` is the cloud's own object, untouched.
"""

import math
import re
from typing import Any

import msgspec

from eliza_cloud.core.backups import ends_the_agent
from eliza_cloud.redaction.secret import Secret

_DECIMAL = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


def text(value: Any) -> str | None:
    """Return a non-blank string, or a whole number as one; None for anything else."""
    if isinstance(value, str):
        return value if value.strip() else None
    is_id = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63
    return str(value) if is_id else None


def number(value: Any) -> float | None:
    """Return a finite number given as a number or as a decimal string; None for anything else."""
    if isinstance(value, str) and _DECIMAL.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def whole(value: Any) -> int | None:
    """Return a number without its fraction; None for anything that is not a number."""
    found = number(value)
    return None if found is None else int(found)


def seconds(milliseconds: Any) -> float | None:
    """Return a positive duration given in milliseconds as seconds; None for anything else."""
    found = number(milliseconds)
    return found / 1000 if found is not None and found > 0 else None


def members(value: Any) -> dict[str, Any]:
    """Return an object, or an empty one for anything else."""
    return value if isinstance(value, dict) else {}


class JobRef(msgspec.Struct, frozen=True):
    """A job the cloud has started; `interval` and `expected` come from its polling hint."""

    id: str
    interval: float
    expected: float | None


class Job(msgspec.Struct, frozen=True):
    """A job as it is now. `should_continue` is False only when it has ended, well or not.

    `error` may be left over from an earlier attempt (cloud-api §11).
    """

    id: str
    status: str
    error: str | None
    should_continue: bool
    interval: float
    raw: dict[str, Any]

    @property
    def result(self) -> dict[str, Any]:
        """What came of it, empty while nothing has."""
        return members(self.raw.get("result"))

    @property
    def skipped(self) -> str | None:
        """Why a completed job did nothing, in the cloud's word; None for one that did what it is for."""
        skipped = self.result.get("skipped")
        if not skipped:
            return None
        return (
            text(self.result.get("reason"))
            or text(skipped if isinstance(skipped, str) else None)
            or "skipped"
        )

    @property
    def attempts(self) -> int:
        """How many attempts have begun."""
        return whole(self.raw.get("attempts")) or 0

    @property
    def max_attempts(self) -> int | None:
        """How many attempts there are in all, where the cloud says it."""
        return whole(self.raw.get("maxAttempts"))

    @property
    def alternative_backup_id(self) -> str | None:
        """The backup the cloud offers in place of one that failed its verification (a failed wake)."""
        return text(members(self.result.get("integrityFailure")).get("alternativeBackupId"))


class LoginSession(msgspec.Struct, frozen=True):
    """A sign-in under way; `revocable` means that the server can take a collected key back (cloud-api §7).

    Its id leads to a key, and its page holds the id: no representation shows them.
    """

    session_id: str
    browser_url: str
    expires_at: str | None
    revocable: bool

    def __repr__(self) -> str:
        return f"LoginSession(revocable={self.revocable})"


class LoginPoll(msgspec.Struct, frozen=True):
    """State of a sign-in: "pending", "authenticated", "expired" or a word of the cloud's own.

    "authenticated" without `key` means that somebody else has collected it.
    """

    status: str
    key: Secret | None = None
    key_prefix: str | None = None
    expires_at: str | None = None


class User(msgspec.Struct, frozen=True):
    """Whom the key belongs to."""

    id: str
    organization_id: str | None
    name: str | None
    email: str | None


class Agent(msgspec.Struct, frozen=True):
    """A cloud agent; `status` is the cloud's word."""

    id: str
    name: str | None
    status: str
    raw: dict[str, Any]

    @property
    def tier(self) -> str | None:
        """The execution tier in the cloud's word; None where the server has no tiers."""
        return text(self.raw.get("executionTier"))

    @property
    def is_shared(self) -> bool:
        """Whether the agent has no container of its own: no backups, no price, always running."""
        return self.tier == "shared"

    @property
    def error(self) -> str | None:
        """The cloud's last error of this agent."""
        return text(self.raw.get("errorMessage"))

    @property
    def active_job_id(self) -> str | None:
        """The job under way, where the cloud names it."""
        return text(members(self.raw.get("activeJob")).get("id"))


class Heartbeat(msgspec.Struct, frozen=True):
    """A clean heartbeat. `runtime` is the cloud's word for what answered, where it says it.

    The shared runtime answers for a dedicated agent that never ran (cloud-api-latest L17): such an agent is
    alive only when its record says running.
    """

    status: str | None
    runtime: str | None

    @property
    def from_shared_runtime(self) -> bool:
        """Whether the shared runtime answered, which proves nothing about a dedicated agent."""
        return self.runtime == "shared"


class Pricing(msgspec.Struct, frozen=True):
    """What a paid start costs. `acceptance_value` accepts exactly this price, and is sent back as it is."""

    currency: str
    hourly_rate_usd: float
    minimum_activation_charge_usd: float
    acceptance_value: str


class UpgradeQuote(msgspec.Struct, frozen=True):
    """What it costs to make a shared agent dedicated. The quote changes with the balance; dollars.

    `dedicated_agent_id` is set when the upgrade has begun already.
    """

    id: str
    hourly_rate_usd: float
    minimum_activation_charge_usd: float
    minimum_balance_usd: float | None
    balance_usd: float | None
    deficit_usd: float | None
    can_activate: bool
    unavailable_reason: str | None
    dedicated_agent_id: str | None
    raw: dict[str, Any]


class Upgrade(msgspec.Struct, frozen=True):
    """An upgrade that has begun, or is done where there is no `job`; the dedicated agent has a new id."""

    dedicated_agent_id: str
    shared_agent_id: str | None
    job: JobRef | None


class Logs(msgspec.Struct, frozen=True):
    """Lines of an agent's log, or the job that fetches them."""

    text: str | None
    job: JobRef | None


class CreatedAgent(msgspec.Struct, frozen=True):
    """Outcome of a create; `created` is False when the cloud returned an agent that existed already."""

    agent: Agent
    created: bool
    job: JobRef | None


class Provision(msgspec.Struct, frozen=True):
    """Outcome of provision and resume: "running", or else pending: wait for `job`, or watch the agent."""

    status: str
    job: JobRef | None


class Snapshot(msgspec.Struct, frozen=True):
    """A backup that was taken, or a job that takes it; `size` in bytes."""

    backup_id: str | None
    size: int | None
    created_at: str | None
    job: JobRef | None


class Backup(msgspec.Struct, frozen=True):
    """A backup the cloud keeps; `size` in bytes."""

    id: str
    type: str
    size: int | None
    created_at: str | None
    raw: dict[str, Any]

    @property
    def ends_the_agent(self) -> bool:
        """Whether restoring it ends the agent for good: it is too large for one request (cloud-api §23).

        Servers that list kinds of backups restore them in another way.
        """
        return ends_the_agent(self.size) and "backupKind" not in self.raw

    @property
    def verification(self) -> str | None:
        """The cloud's word for whether it can be restored, where the cloud lists it."""
        return text(self.raw.get("verificationStatus"))


class Restored(msgspec.Struct, frozen=True):
    """Outcome of a restore; `accepted_only` means that the cloud has begun it and reports no end."""

    backup_id: str | None
    created_at: str | None
    accepted_only: bool
    raw: dict[str, Any]
