"""The service's refusals as the CLI reports them: the service's own sentence, a remedy, an exit code."""

from typing import Any

from eliza_cloud.cli.errors import CliError
from eliza_cloud.cli.exit_codes import ExitCode
from eliza_cloud.core.problems import (
    AGENT_NOT_RUNNING,
    CREDITS_LOW,
    KEY_REJECTED,
    NO_AGENT,
    NOT_AUTHENTICATED,
    TOKEN_REFUSED,
)
from eliza_cloud.core.problems.definition import AFTER_A_WAIT

_NOT_SIGNED_IN = {NOT_AUTHENTICATED.code, KEY_REJECTED.code}
PASSING = {429, 503, 504}


def refusal(status: int, body: dict[str, Any], retry_after: str | None, request_id: str) -> CliError:
    """Make the error for a non-2xx answer; the id is shown where the service's log has more to say."""
    code = str(body.get("code", ""))
    exit_code, remedy = _meaning(status, code, retry_after)
    sentence = str(body.get("error") or f"The service answered HTTP {status}.")
    return CliError(
        sentence,
        remedy=remedy,
        code=code,
        exit_code=exit_code,
        body=body,
        request_id=request_id if status >= 500 else "",
    )


def _meaning(status: int, code: str, retry_after: str | None) -> tuple[ExitCode, str]:
    if code in _NOT_SIGNED_IN:
        return ExitCode.NOT_SIGNED_IN, NOT_AUTHENTICATED.remedy
    if code == AGENT_NOT_RUNNING.code:
        return ExitCode.NOT_LINKED, NO_AGENT.remedy
    if status == 401:
        return ExitCode.TOKEN_REFUSED, TOKEN_REFUSED.remedy
    if status == 402:
        return ExitCode.FAILED, CREDITS_LOW.remedy
    if status in PASSING:
        return ExitCode.TRY_LATER, AFTER_A_WAIT.format(retry_after) if retry_after else ""
    return ExitCode.FAILED, ""
