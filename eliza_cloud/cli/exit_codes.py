"""How a command ends, for scripts."""

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
