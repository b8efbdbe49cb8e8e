"""Variables as providers know them: from `env` in eliza.json, then from the process's environment."""

from collections.abc import Mapping
from typing import Any

from eliza_cloud.store.config.env import value_of
from eliza_cloud.store.config.file import ConfigError
from eliza_cloud.store.config.json5 import describe

SECTION = "env"
FURTHER = "vars"


class Variables:
    """Looks variables up; nothing is ever written into the process's environment."""

    def __init__(self, in_file: Mapping[str, str], environ: Mapping[str, str]) -> None:
        self._in_file = in_file
        self._environ = environ

    def value(self, name: str) -> str | None:
        """Return a variable's trimmed value; None when it is unset or blank."""
        return value_of(self._in_file, name) or value_of(self._environ, name)


def variables_in(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the texts in the file's `env`, and those in `env.vars`, where other programs put them."""
    section = document.get(SECTION)
    further = section.get(FURTHER) if isinstance(section, dict) else None
    sections = [one for one in (further, section) if isinstance(one, dict)]
    return {k: v for one in sections for k, v in one.items() if isinstance(v, str)}


def put_variable(document: dict[str, Any], name: str, value: str) -> None:
    """Set a variable in the file's `env`; raises ConfigError when `env` is not an object."""
    section = document.setdefault(SECTION, {})
    if not isinstance(section, dict):
        raise ConfigError(f"{SECTION}: expected an object, found {describe(section)}")
    section[name] = value
