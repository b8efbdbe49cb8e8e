"""Are the settings such that a service can start with them?"""

from typing import Any

import msgspec

from eliza_cloud.core.problems import (
    CONFIG_FILE_MISSING,
    SETTINGS_FILE_INVALID,
    SETTINGS_UNKNOWN,
    VARIABLE_INVALID,
)
from eliza_cloud.ops.doctor.installation import Installation
from eliza_cloud.ops.doctor.result import Check, Finding, failed, failed_by, passed
from eliza_cloud.store.config.file import ConfigFile
from eliza_cloud.store.config.settings import Settings, read_settings
from eliza_cloud.store.errors import StoreError
from eliza_cloud.store.paths import StatePaths, missing_config


class ReadSettings(msgspec.Struct, frozen=True):
    """What was found, and the settings; `document` and `settings` are None when they cannot be read."""

    finding: Finding
    document: dict[str, Any] | None = None
    settings: Settings | None = None


def check_settings(installation: Installation, paths: StatePaths) -> ReadSettings:
    """Read eliza.json as the service does; a wrong variable fails, too."""
    config = ConfigFile(paths.config)
    try:
        missing = missing_config(installation.environ, paths)
        document = config.read()
        settings, unknown = read_settings(document)
    except StoreError as error:
        return ReadSettings(failed_by(Check.SETTINGS, error.problem, _correct(paths, error)))
    if installation.misread is not None:
        found = failed(Check.SETTINGS, VARIABLE_INVALID, what=installation.misread)
    elif unknown:
        found = passed(Check.SETTINGS, " ".join(map(_ended, unknown)), SETTINGS_UNKNOWN)
    elif missing:
        found = passed(Check.SETTINGS, CONFIG_FILE_MISSING.says(path=paths.config), CONFIG_FILE_MISSING)
    elif not paths.config.exists():
        found = passed(Check.SETTINGS, f"There is no {paths.config}, so the defaults apply.")
    else:
        found = passed(Check.SETTINGS, f"{paths.config} can be read, and all that it sets is known.")
    return ReadSettings(found, document, settings)


def _correct(paths: StatePaths, error: StoreError) -> str | None:
    """Name the file where the sentence itself is no remedy; None for the catalogue's."""
    if error.code != "settings_invalid":
        return None
    return SETTINGS_FILE_INVALID.remedy.format(path=paths.config)


def _ended(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
