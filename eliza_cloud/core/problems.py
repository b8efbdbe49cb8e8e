"""The problems: each kind once, with its code, severity, title and remedy, and one occurrence as data.

Health items, `/readyz`, `explain`, `doctor` and the log all take their words from here, so that they cannot
name the same problem differently.
"""

from enum import StrEnum
from typing import Any

import msgspec


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One failure: a machine-readable `code`, the HTTP `status` we answer with, a sentence for a person.

    `retry_after` is in seconds. `details` are the cloud's own members under the cloud's names.
    """

    code: str
    status: int
    message: str
    retryable: bool = False
    retry_after: float | None = None
    details: dict[str, Any] = {}


NOT_SIGNED_IN = Problem(code="not_authenticated", status=401, message="Not connected to Eliza Cloud")

STOPPING = Problem(
    code="stopping",
    status=503,
    message="The service is stopping. Try again when it is back.",
    retryable=True,
)

SUPERSEDED = Problem(
    code="superseded",
    status=409,
    message="A later command took the place of this one.",
)

LINK_NOT_READY = Problem(
    code="link_not_ready",
    status=409,
    message="The link to this agent is just being made. Try again when it is connected.",
    retryable=True,
)

LINK_CLOSING = Problem(
    code="link_closing",
    status=409,
    message="The link to this agent is just being closed. Try again in a few seconds.",
    retryable=True,
)


class Severity(StrEnum):
    """How bad a trouble is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class ProblemType(msgspec.Struct, frozen=True):
    """One kind of trouble. `title` says what is so, `remedy` what a person does about it."""

    code: str
    severity: Severity
    title: str
    remedy: str


_ERROR, _WARNING, _INFO = Severity.ERROR, Severity.WARNING, Severity.INFO

_CATALOGUE = (
    # The account
    ProblemType(
        "not_signed_in",
        _INFO,
        "Nobody is signed in to Eliza Cloud.",
        "Sign in with `eliza-cloud login`.",
    ),
    ProblemType(
        "key_rejected",
        _ERROR,
        "Eliza Cloud does not accept the API key.",
        "Sign in again with `eliza-cloud login`; the link comes back by itself.",
    ),
    ProblemType(
        "key_expiring",
        _WARNING,
        "The API key expires soon.",
        "Sign in again with `eliza-cloud login` before it does.",
    ),
    ProblemType(
        "credits_exhausted",
        _ERROR,
        "Eliza Cloud does not start the agent for want of credits.",
        "Top up (`eliza-cloud credits` shows where), then connect again with `eliza-cloud agents connect`.",
    ),
    ProblemType(
        "credits_critical",
        _ERROR,
        "The balance is below $0.50; the agent is about to be stopped.",
        "Top up; `eliza-cloud credits` shows where.",
    ),
    ProblemType(
        "credits_low",
        _WARNING,
        "The balance is below $2.00.",
        "Top up; `eliza-cloud credits` shows where.",
    ),
    ProblemType(
        "credits_below_minimum",
        _INFO,
        "The balance is below $5.00: Eliza Cloud starts no agent, although those that run go on.",
        "Top up before you suspend or restart an agent; `eliza-cloud credits` shows where.",
    ),
    # The way to the cloud
    ProblemType(
        "base_url_refused",
        _ERROR,
        "The address of the cloud is refused, so nothing is sent to it.",
        "Correct `cloud.baseUrl` or ELIZAOS_CLOUD_BASE_URL and restart the service.",
    ),
    ProblemType(
        "cloud_name_not_found",
        _ERROR,
        "The name of the cloud cannot be looked up.",
        "Check this machine's network and name servers, and `cloud.baseUrl` for a typing mistake.",
    ),
    ProblemType(
        "cloud_unreachable",
        _ERROR,
        "Eliza Cloud cannot be reached.",
        "Check this machine's network; if that works, wait until the cloud is back. Where the service does"
        " not try again by itself (`eliza-cloud explain` tells), connect with `eliza-cloud agents connect`.",
    ),
    ProblemType(
        "clock_wrong",
        _ERROR,
        "By this machine's clock the cloud's certificate is not valid: most likely the clock is wrong.",
        "Set the clock, best by switching its synchronisation on (`timedatectl set-ntp true`). If it is"
        " right, the cloud's certificate has run out; `eliza-cloud doctor` tells which.",
    ),
    ProblemType(
        "cloud_tls_failed",
        _ERROR,
        "What answers at the cloud's address cannot prove that it is the cloud.",
        "Check this machine's certificates, and that nothing on the network intercepts the connection.",
    ),
    ProblemType(
        "cloud_server_error",
        _ERROR,
        "Eliza Cloud answers, but not as it should.",
        "Wait until the cloud has mended it. Where the service does not try again by itself"
        " (`eliza-cloud explain` tells), connect with `eliza-cloud agents connect`.",
    ),
    # The agent
    ProblemType(
        "agent_unreachable",
        _ERROR,
        "The agent's sandbox does not answer.",
        "The service tries to start it again; `eliza-cloud agents connect` tries at once.",
    ),
    ProblemType(
        "agent_gone",
        _ERROR,
        "The agent was deleted at Eliza Cloud.",
        "Connect to another one with `eliza-cloud agents connect`; `eliza-cloud agents list` shows them.",
    ),
    ProblemType(
        "connect_failed",
        _ERROR,
        "The agent could not be connected to.",
        "Read why, then connect again with `eliza-cloud agents connect`.",
    ),
    ProblemType(
        "retries_exhausted",
        _ERROR,
        "The service gave up restoring the link.",
        "Connect again with `eliza-cloud agents connect`; with `cloud.bridge.maxReconnectAttempts` 0 it never"
        " gives up.",
    ),
    # Backups
    ProblemType(
        "backup_refused",
        _WARNING,
        "Eliza Cloud takes no backups of this agent.",
        "An agent of the shared tier cannot be backed up; move to a dedicated one if its memory matters.",
    ),
    ProblemType(
        "backup_overdue",
        _WARNING,
        "The last backup is older than three intervals.",
        "Try one with `eliza-cloud backups take`; its error says what stands in the way.",
    ),
    # This machine
    ProblemType(
        "disk_full",
        _ERROR,
        "The disk with the state directory is full.",
        "Free some space; what could not be written is written then.",
    ),
    ProblemType(
        "store_failed",
        _ERROR,
        "The state directory cannot be read or written.",
        "Give the user who runs the service the right to read and write it, and check the disk.",
    ),
    ProblemType(
        "state_dir_permissions",
        _ERROR,
        "Other users of this machine can read the state directory's secrets.",
        "Take their rights away with `chmod 700` for the directory and `chmod 600` for its files.",
    ),
    ProblemType(
        "settings_invalid",
        _ERROR,
        "The settings in eliza.json are wrong.",
        "Correct what `eliza-cloud config check` names, then reload the service (SIGHUP) or start it.",
    ),
    ProblemType(
        "settings_unknown",
        _WARNING,
        "Some settings are not known and have no effect.",
        "Correct their names; `eliza-cloud config check` suggests the nearest ones.",
    ),
    ProblemType(
        "clock_jumped",
        _INFO,
        "The clock jumped: the machine slept, or its clock was set.",
        "Nothing need be done; everything was checked at once.",
    ),
    ProblemType(
        "port_taken",
        _ERROR,
        "Another program holds a port of the service.",
        "Stop that program, or set another port with ELIZA_API_PORT and ELIZA_PORT.",
    ),
    ProblemType(
        "already_running",
        _ERROR,
        "Another service holds the state directory.",
        "Stop that one, or set ELIZA_STATE_DIR to another directory.",
    ),
    ProblemType(
        "service_not_running",
        _WARNING,
        "No eliza-cloud service is running.",
        "Start one with `eliza-cloud serve`.",
    ),
    ProblemType(
        "service_unresponsive",
        _ERROR,
        "The service runs, but does not answer as it should.",
        "Restart the service; its log says what it was doing.",
    ),
    ProblemType(
        "version_differs",
        _WARNING,
        "The running service is of another version than this command.",
        "Restart the service, so that it runs the version that is installed.",
    ),
)

PROBLEMS = {cause.code: cause for cause in _CATALOGUE}
