"""What the client returns: the cloud's answers, reduced to what is used. Times in seconds.

Decoding is tolerant (cloud-api §21 rows 11 and 12): words that it does not list are kept
as they are, and whatever may be missing is None. `raw` is the cloud's own object, untouched.
"""

from typing import Any

import msgspec

from eliza_cloud.redaction.secret import Secret


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


class LoginSession(msgspec.Struct, frozen=True):
    """A sign-in under way; `revocable` means that the server can take a collected key back (cloud-api §7)."""

    session_id: str
    browser_url: str
    expires_at: str | None
    revocable: bool


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


class Restored(msgspec.Struct, frozen=True):
    """Outcome of a restore; `accepted_only` means that the cloud has begun it and reports no end."""

    backup_id: str | None
    created_at: str | None
    accepted_only: bool
    raw: dict[str, Any]
