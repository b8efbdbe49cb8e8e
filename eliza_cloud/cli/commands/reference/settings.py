"""The reference of settings and environment variables."""

import json

from eliza_cloud.cli.commands.reference.markdown import code, page, table
from eliza_cloud.core.log_events import SETTINGS_REFUSED
from eliza_cloud.routing.config.settings import SETTINGS, VARIABLES
from eliza_cloud.store.config.setting_types import Setting, TakesEffect, Variable

INTRODUCTION = f"""\
`eliza.json` is in the state directory and is read as JSON5. Keys that you leave out have their default;
what you add for other programs is kept. A wrong value is refused with a sentence that names it, and an
unknown key under `cloud` is logged once. After SIGHUP the service reads the file again; if it is wrong
then, the log (`{SETTINGS_REFUSED}`) and the health items say why, and the old settings stay. Durations
are milliseconds, 20 at least.

`eliza-cloud config check` lists everything that is wrong or unknown in it, with line, column and the
nearest known key; `eliza-cloud config show` prints the effective settings and their sources;
`eliza-cloud config schema` prints the JSON Schema. None of them needs a running service. `eliza-cloud
service file eliza.example.json` prints an example with every key."""


def settings_page() -> str:
    """Return every setting and every variable, with its default and when a change takes effect."""
    return page(
        "Settings",
        INTRODUCTION,
        table(
            ("Key", "Value", "Default", "", "Takes effect"),
            [_setting_row(setting) for setting in SETTINGS],
        ),
        "## Environment variables",
        "A blank variable is treated as unset. Those of providers may also stand under `env` in `eliza.json`,"
        " which wins.",
        table(
            ("Variable", "Default", "", "Takes effect"),
            [_variable_row(variable) for variable in VARIABLES],
        ),
    )


def _setting_row(setting: Setting) -> tuple[str, ...]:
    about = setting.about + (f" See also {code(setting.variable)}." if setting.variable else "")
    default = "" if setting.default is None else code(json.dumps(setting.default))
    return code(setting.path), setting.kind.expected, default, about, setting.takes_effect.value


def _variable_row(variable: Variable) -> tuple[str, ...]:
    default = "" if variable.default is None else variable.default
    takes_effect = variable.takes_effect.value
    if variable.takes_effect is TakesEffect.RESTART:
        takes_effect = "after a restart of the service"
    return code(variable.name), default, variable.about, takes_effect
