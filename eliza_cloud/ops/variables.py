"""The variables of the service as they may be shown."""

from collections.abc import Mapping

from eliza_cloud.routing.config.settings import VARIABLES, is_showable
from eliza_cloud.store.config.env import value_of

SET = "[set]"
HIDDEN = "[not shown]"
_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")


def variables_set(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that are set; of a secret only that it is, and nothing that may hold one."""
    found = {variable: value_of(environ, variable.name) for variable in VARIABLES}
    return {
        variable.name: SET if variable.secret else value if is_showable(value) else HIDDEN
        for variable, value in found.items()
        if value is not None
    }


def unused_proxies(environ: Mapping[str, str]) -> list[str]:
    """Return the names of the variables that set a proxy, which is never used; their values may be secret."""
    return [name for name in environ if name.upper() in _PROXIES and value_of(environ, name)]


def proxy_sentence(environ: Mapping[str, str]) -> str:
    """Say that a proxy is set and not used; empty where none is."""
    names = unused_proxies(environ)
    if not names:
        return ""
    are = "is" if len(names) == 1 else "are"
    return f"{' and '.join(names)} {are} set here and not used: the service connects to Eliza Cloud directly."
