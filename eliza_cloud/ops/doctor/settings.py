"""Are the settings such that a service can start with them?"""

from typing import Any

import msgspec

from eliza_cloud.ops.doctor.installation import Installation
from eliza_cloud.ops.doctor.result import Check, Finding, failed, passed
from eliza_cloud.store.config.file import ConfigFile
from eliza_cloud.store.config.settings import Settings, read_settings
from eliza_cloud.store.errors import StoreError
from eliza_cloud.store.paths import StatePaths

_VARIABLE = "Correct the variable or unset it, then start the service again."


class ReadSettings(msgspec.Struct, frozen=True):
    """What was found, and the settings; `document` and `settings` are None when they cannot be read."""

    finding: Finding
    document: dict[str, Any] | None = None
    settings: Settings | None = None


def check_settings(installation: Installation, paths: StatePaths) -> ReadSettings:
    """Read eliza.json as the service does; a wrong variable fails, too."""
    config = ConfigFile(paths.config)
    try:
        document = config.read()
        settings, unknown = read_settings(document)
    except StoreError as error:
        return ReadSettings(failed(Check.SETTINGS, _sentence(error), error.code, _correct(paths, error)))
    if installation.misread is not None:
        found = failed(Check.SETTINGS, installation.misread, "settings_invalid", _VARIABLE)
    elif unknown:
        found = passed(Check.SETTINGS, " ".join(map(_ended, unknown)), "settings_unknown")
    elif not paths.config.exists():
        found = passed(Check.SETTINGS, f"There is no {paths.config}, so the defaults count.")
    else:
        found = passed(Check.SETTINGS, f"{paths.config} can be read, and all that it sets is known.")
    return ReadSettings(found, document, settings)


def _correct(paths: StatePaths, error: StoreError) -> str | None:
    """Name the file where the sentence itself is no remedy; None for the catalogue's."""
    if error.code != "settings_invalid":
        return None
    return (
        f"Correct {paths.config} (`eliza-cloud config check` names everything wrong in it), then start the"
        " service, or reload it (SIGHUP)."
    )


def _sentence(error: StoreError) -> str:
    return _ended(str(error))


def _ended(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
