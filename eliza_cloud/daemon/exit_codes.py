"""How the service ends, for scripts."""

from enum import IntEnum


class ServiceExitCode(IntEnum):
    """The exit codes of `serve`."""

    OK = 0
    FAILED = 1
    USAGE = 2
    ALREADY_RUNNING = 3
