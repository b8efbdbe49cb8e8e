"""Who may call the service, and whether it can answer."""

from eliza_cloud.core.problems.definition import Action, ProblemType, Severity

_REPORT = "If it happens again, report it with the log's lines about it."

UNAUTHORIZED = ProblemType(
    code="unauthorized",
    statuses=(401,),
    title="The token is missing or wrong.",
    remedy="Send the one in `api-token` of the state directory as `Authorization: Bearer`.",
    sentence="Unauthorized",
)

TOO_MANY_ATTEMPTS = ProblemType(
    code="too_many_attempts",
    statuses=(429,),
    title="Too many wrong tokens were sent.",
    remedy="Wait for `Retry-After` seconds.",
    retryable=True,
)

HOST_NOT_ALLOWED = ProblemType(
    code="host_not_allowed",
    statuses=(403,),
    title="The service does not answer to this host name.",
    remedy="Use its address, or add the name to `ELIZA_ALLOWED_HOSTS`.",
    sentence="Host not allowed.",
)

ORIGIN_NOT_ALLOWED = ProblemType(
    code="origin_not_allowed",
    statuses=(403,),
    title="This web page may not call the service.",
    remedy="Add its origin to `ELIZA_ALLOWED_ORIGINS`.",
    sentence="Origin not allowed",
)

TOO_MANY_READERS = ProblemType(
    code="too_many_readers",
    statuses=(503,),
    title="The event stream has as many readers as it may have.",
    remedy="End one of them, then try again.",
    retryable=True,
)

INTERNAL_ERROR = ProblemType(
    code="internal_error",
    statuses=(500,),
    title="The service has an internal error.",
    remedy=f"Look for the id in `X-Request-Id` in its log. {_REPORT}",
)

STOPPING = ProblemType(
    code="stopping",
    statuses=(503,),
    title="The service is stopping.",
    remedy="Try again when it is back.",
    retryable=True,
)

RUNTIME_NOT_STARTED = ProblemType(
    code="runtime_not_started",
    statuses=(503,),
    title="An internal error stopped the link's runtime.",
    remedy=f"Restart the service. {_REPORT}",
    action=Action.RESTART_SERVICE,
)

MANAGER_NOT_STARTED = RUNTIME_NOT_STARTED.worded(
    "The manager has not been started.", "Use it within `async with CloudManager(…)`."
)

ALREADY_RUNNING = ProblemType(
    code="already_running",
    title="Another service uses the state directory.",
    remedy="Stop that one, or set ELIZA_STATE_DIR to another directory.",
    sentence="A service is already running for {directory} ({process}).",
    lasts=True,
    examples={"directory": "/home/me/.eliza", "process": "process 4711"},
)

SERVICE_NOT_RUNNING = ProblemType(
    code="service_not_running",
    title="No eliza-cloud service is running.",
    remedy="Start one with `eliza-cloud serve`.",
    severity=Severity.WARNING,
    lasts=True,
)

SERVICE_UNRESPONSIVE = ProblemType(
    code="service_unresponsive",
    title="The service runs, but does not answer as it should.",
    remedy="Restart the service; its log says what it was doing.",
    action=Action.RESTART_SERVICE,
    lasts=True,
)

LINK_UNRESPONSIVE = SERVICE_UNRESPONSIVE.worded(
    "It answers at {url} (process {process}), but its link does not."
)
SERVICE_SILENT = SERVICE_UNRESPONSIVE.worded("It runs (process {process}), but {reason} at {url}.")

VERSION_DIFFERS = ProblemType(
    code="version_differs",
    title="The running service has another version than this command.",
    remedy="Restart the service, so that it runs the version that is installed.",
    sentence="The running service is version {running}, this command {installed}.",
    severity=Severity.WARNING,
    action=Action.RESTART_SERVICE,
    lasts=True,
    examples={"running": "0.1.0", "installed": "0.2.0"},
)
