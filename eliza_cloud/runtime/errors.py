"""How a refusal or a failure of the link reaches a caller."""

from eliza_cloud.cloud.errors import CloudError
from eliza_cloud.core.problems import Problem


class LinkError(Exception):
    """A command or a call came to nothing; `problem` says why, in words and for machines."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def problem_of(error: CloudError) -> Problem:
    """Put an error of the client into plain data."""
    return Problem(
        code=error.code,
        status=error.status,
        message=str(error),
        retryable=error.retryable,
        retry_after=error.retry_after,
        details=error.details,
    )


NOT_RUNNING = Problem(
    code="runtime_not_started",
    status=503,
    message="A fault stopped the link's runtime; the service's log describes it. Restart the service.",
)

NOT_STARTED = Problem(
    code="runtime_not_started",
    status=503,
    message="The manager has not been started. Use it within `async with CloudManager(…)`.",
)

TOO_SLOW = Problem(
    code="cloud_timeout",
    status=504,
    message="The agent did not come up within 15 minutes. Look at its status with `eliza-cloud agents list`.",
    retryable=True,
)

CALL_TOO_SLOW = Problem(
    code="cloud_timeout",
    status=504,
    message="Eliza Cloud did not finish this within 15 minutes. Look at it before you try again.",
    retryable=True,
)

NO_AGENT = Problem(code="agent_not_running", status=503, message="Agent is not running")

RECONNECTING = Problem(
    code="agent_reconnecting",
    status=503,
    message="The link to the agent is being restored. Try again when it is connected.",
    retryable=True,
)
