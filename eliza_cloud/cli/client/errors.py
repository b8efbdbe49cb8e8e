"""The service's refusals as the CLI reports them: the service's own sentence, a remedy, an exit code."""

from typing import Any

from eliza_cloud.cli.errors import CliError
from eliza_cloud.cli.exit_codes import ExitCode

SIGN_IN = "Sign in with: eliza-cloud login"
CONNECT = "Connect one with: eliza-cloud agents connect AGENT"
TOKEN = "Set ELIZA_API_TOKEN, or name the service's token file with --token-file."  # noqa: S105 - a sentence
TOP_UP = "Top up the Eliza Cloud account, then try again; `eliza-cloud credits` shows where."

NOT_SIGNED_IN = {"not_authenticated", "key_rejected"}
NOT_LINKED = {"agent_not_running"}
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
    if code in NOT_SIGNED_IN:
        return ExitCode.NOT_SIGNED_IN, SIGN_IN
    if code in NOT_LINKED:
        return ExitCode.NOT_LINKED, CONNECT
    if status == 401:
        return ExitCode.TOKEN_REFUSED, TOKEN
    if status == 402:
        return ExitCode.FAILED, TOP_UP
    if status in PASSING:
        return ExitCode.TRY_LATER, f"Try again in {retry_after} s." if retry_after else ""
    return ExitCode.FAILED, ""
