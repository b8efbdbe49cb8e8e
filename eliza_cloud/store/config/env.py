"""The environment variables of the service: which there are, how they are read, and what a child gets."""

from collections.abc import Mapping

from eliza_cloud.store.config.setting_types import TakesEffect, Variable

STATE_DIR = "ELIZA_STATE_DIR"
CONFIG_PATH = "ELIZA_CONFIG_PATH"
API_KEY = "ELIZAOS_CLOUD_API_KEY"
ENABLED = "ELIZAOS_CLOUD_ENABLED"
BASE_URL = "ELIZAOS_CLOUD_BASE_URL"
ALLOW_LOOPBACK = "ELIZA_CLOUD_ALLOW_LOOPBACK"
API_TOKEN = "ELIZA_API_TOKEN"  # noqa: S105 - the variable's name, not a token

#: The variables that hold secrets of this service; what they hold goes to no provider.
OWN_SECRETS = frozenset({API_KEY, API_TOKEN})
_DISTINCT = 16  # characters; something shorter may be an ordinary word
_NOT_FOR_CHILDREN = OWN_SECRETS | {ENABLED}


def value_of(environ: Mapping[str, str], name: str) -> str | None:
    """Return the trimmed value of a variable; a blank one is treated as unset."""
    return environ.get(name, "").strip() or None


def allows_loopback(environ: Mapping[str, str]) -> bool:
    """Tell whether the cloud may be on this machine: for `1`, and no other value."""
    return value_of(environ, ALLOW_LOOPBACK) == "1"


def child_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return a copy of `environ` for a child process: without the key, the switch and the token.

    A variable of another name that holds a copy of one of them (OPENAI_API_KEY, say) is left out, too.
    """
    values = (value_of(environ, name) or "" for name in OWN_SECRETS)
    secrets = [value for value in values if len(value) >= _DISTINCT]
    return {
        name: value
        for name, value in environ.items()
        if name not in _NOT_FOR_CHILDREN and not any(secret in value for secret in secrets)
    }


OWN_VARIABLES = (
    Variable(name=STATE_DIR, default="~/.eliza", about="The directory where everything is kept."),
    Variable(
        name=CONFIG_PATH,
        default="eliza.json in the state directory",
        about="Another place for `eliza.json`.",
    ),
    Variable(
        name="ELIZA_API_PORT",
        default="31337",
        about="The port of the service, and the one that commands ask.",
    ),
    Variable(name="ELIZA_PORT", default="2138", about="The second port of the service."),
    Variable(
        name="ELIZA_API_BIND",
        default="127.0.0.1",
        about=f"The address to listen on. One that is not of this machine alone demands `{API_TOKEN}`.",
    ),
    Variable(
        name=API_TOKEN,
        about="The bearer token of the API; without it one is made and kept in the state directory.",
        secret=True,
    ),
    Variable(
        name="ELIZA_ALLOWED_HOSTS",
        about="Further host names the API answers to, separated by commas.",
    ),
    Variable(
        name="ELIZA_ALLOWED_ORIGINS",
        about="Web pages that may call the API, separated by commas.",
    ),
    Variable(
        name="ELIZA_LOG_LEVEL",
        default="info",
        about="How much is logged: `debug`, `info`, `warning`, `error` or `critical`.",
    ),
    Variable(name=BASE_URL, about="The address of the cloud; wins over `cloud.baseUrl`."),
    Variable(
        name=API_KEY,
        about="An API key, used where `eliza.json` holds none.",
        secret=True,
    ),
    Variable(name=ENABLED, about="`true` has the effect of `cloud.enabled`."),
    Variable(
        name=ALLOW_LOOPBACK,
        about="With `1` the cloud may be at 127.0.0.0/8, ::1 or `localhost`, and over http; for development.",
    ),
    Variable(
        name="BROWSER",
        about="The program that `eliza-cloud login` opens the sign-in page with.",
        takes_effect=TakesEffect.EACH_COMMAND,
    ),
)
