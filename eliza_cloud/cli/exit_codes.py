"""The codes that only commands give, in the `--json` body of a failure; the service's own pass through."""

from enum import IntEnum

from eliza_cloud.daemon.exit_codes import ServiceExitCode as ServeExit


class ExitCode(IntEnum):
    """How a command ended."""

    DONE = ServeExit.OK
    FAILED = ServeExit.FAILED
    USAGE = ServeExit.USAGE
    NO_SERVICE = ServeExit.ALREADY_RUNNING
    NOT_SIGNED_IN = 4
    NOT_LINKED = 5
    TOKEN_REFUSED = 6
    TRY_LATER = 7
    INTERRUPTED = 130


MEANINGS = {
    ExitCode.DONE: "success; for `status`: signed in, and the link is connected",
    ExitCode.FAILED: "failure; stderr says why",
    ExitCode.USAGE: "wrong usage or settings",
    ExitCode.NO_SERVICE: "service not running (for `serve`: another instance owns the state directory)",
    ExitCode.NOT_SIGNED_IN: "not signed in to Eliza Cloud, or the key is not accepted",
    ExitCode.NOT_LINKED: "signed in, but no agent is connected",
    ExitCode.TOKEN_REFUSED: "the service refuses the token, or there is none",
    ExitCode.TRY_LATER: "temporary failure; retry later",
    ExitCode.INTERRUPTED: "interrupted (Ctrl-C)",
}


def exit_code_help() -> str:
    """Write the table for the group's help."""
    return "Exit codes:\n" + "\n".join(f"  {code:>3}  {words}" for code, words in MEANINGS.items())


COMMAND_CODES = {
    "failed": "The command failed for the reason in its sentence.",
    "bad_url": "The service's address is not an http URL with a valid port.",
    "token_unreadable": "The token file or variable cannot be read, or holds no usable token.",
    "service_not_running": "No service answers at the address.",
    "service_timeout": "The service did not answer in time.",
    "connection_lost": "The service closed the connection.",
    "not_our_service": "What answers at the address is another program.",
    "invalid_response": "The service is of another version; this command does not understand its response.",
    "link_not_answering": "The service answers, but its link runtime is unresponsive.",
    "stream_truncated": "The agent's reply was cut off before its end.",
    "no_agent": "No agent is connected, and none was named.",
    "unknown_agent": "No agent has this name.",
    "ambiguous_agent": "Several agents have this name.",
    "bundle_unwritten": "The bundle's file cannot be written.",
    "wait_timeout": "The state that was waited for was not reached in time.",
    "replay_diverged": "A recorded transition leads to another state on replay.",
    "journal_unreadable": "A line of the file is not a journal entry.",
    "aborted": "The confirmation was declined.",
}
