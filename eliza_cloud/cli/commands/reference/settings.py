"""The reference of settings and environment variables."""

import json

from eliza_cloud.cli.commands.reference.markdown import code, page, table
from eliza_cloud.core.log_events import SETTINGS_REFUSED
from eliza_cloud.routing.config.settings import SETTINGS, VARIABLES
from eliza_cloud.store.config.setting_types import Counts, Setting, Variable


def settings_page() -> str:
    """Return every setting of eliza.json and every variable, with its default and when a change counts."""
    return page(
        "Settings",
        "`eliza.json` is in the state directory and is read as JSON5. `eliza-cloud config check` names what"
        " is wrong in it, `eliza-cloud config show` what is in force and where it comes from, and"
        " `eliza-cloud config schema` prints its JSON Schema. After SIGHUP the service reads it again; a"
        f" wrong file is refused then ({code(SETTINGS_REFUSED)} in the log), and the old settings stay.",
        table(
            ("Key", "Value", "Default", "", "A change counts"),
            [_setting_row(setting) for setting in SETTINGS],
        ),
        "## Environment variables",
        "A variable of blanks counts as unset. Those of providers may also stand under `env` in `eliza.json`,"
        " which wins.",
        table(
            ("Variable", "Default", "", "A change counts"),
            [_variable_row(variable) for variable in VARIABLES],
        ),
    )


def _setting_row(setting: Setting) -> tuple[str, ...]:
    about = setting.about + (f" See also {code(setting.variable)}." if setting.variable else "")
    default = "" if setting.default is None else code(json.dumps(setting.default))
    return code(setting.path), setting.kind.expected, default, about, setting.counts.value


def _variable_row(variable: Variable) -> tuple[str, ...]:
    default = "" if variable.default is None else variable.default
    counts = variable.counts.value
    if variable.counts is Counts.RESTART:
        counts = "after a restart of the service"
    return code(variable.name), default, variable.about, counts
