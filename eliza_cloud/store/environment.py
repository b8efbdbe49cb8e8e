"""The environment variables the store knows, and the environment that child processes get."""

from collections.abc import Mapping

STATE_DIR = "ELIZA_STATE_DIR"
CONFIG_PATH = "ELIZA_CONFIG_PATH"
API_KEY = "ELIZAOS_CLOUD_API_KEY"
ENABLED = "ELIZAOS_CLOUD_ENABLED"
BASE_URL = "ELIZAOS_CLOUD_BASE_URL"
ALLOW_LOOPBACK = "ELIZA_CLOUD_ALLOW_LOOPBACK"
API_TOKEN = "ELIZA_API_TOKEN"  # noqa: S105 - the variable's name, not a token

_DISTINCT = 16  # characters; something shorter may be an ordinary word
_NOT_FOR_CHILDREN = frozenset({API_KEY, ENABLED, API_TOKEN})


def value_of(environ: Mapping[str, str], name: str) -> str | None:
    """Return the trimmed value of a variable; a blank one counts as unset."""
    return environ.get(name, "").strip() or None


def allows_loopback(environ: Mapping[str, str]) -> bool:
    """Tell whether the cloud may be on this machine: for `1`, and no other value."""
    return value_of(environ, ALLOW_LOOPBACK) == "1"


def child_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return a copy of `environ` for a child process: without the key, the switch and the token.

    A variable of another name that holds a copy of one of them (OPENAI_API_KEY, say) is left out, too.
    """
    values = (value_of(environ, name) or "" for name in (API_KEY, API_TOKEN))
    secrets = [value for value in values if len(value) >= _DISTINCT]
    return {
        name: value
        for name, value in environ.items()
        if name not in _NOT_FOR_CHILDREN and not any(secret in value for secret in secrets)
    }
