"""`eliza-cloud config schema`: the JSON Schema of eliza.json, made from the table of settings."""

import json
from typing import Any

import click

from eliza_cloud.routing.config.settings import TREE
from eliza_cloud.store.config.setting_types import Setting
from eliza_cloud.store.config.validate import Section

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ROUTE = "route"


@click.command()
def schema() -> None:
    """Print the JSON Schema (2020-12) of eliza.json.

    An editor that uses it completes the names and marks what `eliza-cloud config check` reports.
    """
    click.echo(schema_text(), nl=False)


def schema_text() -> str:
    """Return the schema as it is checked in."""
    return json.dumps(config_schema(), indent=2, ensure_ascii=False) + "\n"


def config_schema() -> dict[str, Any]:
    """Return the schema; unknown keys are refused where they would have no effect and be warned of."""
    capabilities = TREE.members["serviceRouting"]
    if not isinstance(capabilities, Section):
        raise TypeError("serviceRouting is a section")
    routes = {"$ref": f"#/$defs/{ROUTE}"}
    body = _section(TREE)
    body["properties"]["serviceRouting"]["properties"] = dict.fromkeys(capabilities.members, routes)
    return {
        "$schema": DIALECT,
        "title": "eliza.json",
        "description": "The settings of eliza-cloud. Keys of other programs are kept.",
        **body,
        "$defs": {ROUTE: _member(next(iter(capabilities.members.values())))},
    }


def _member(member: Section | Setting) -> dict[str, Any]:
    return _setting(member) if isinstance(member, Setting) else _section(member)


def _section(section: Section) -> dict[str, Any]:
    left_alone = {"deprecated": True, "description": "Of another program or an older version; no effect."}
    if section.shared:
        further: Any = True
    else:
        further = False if section.other is None else _member(section.other)
    return {
        "type": "object",
        "properties": {
            **{name: _member(member) for name, member in section.members.items()},
            **dict.fromkeys(sorted(section.left_alone), left_alone),
        },
        "additionalProperties": further,
    }


def _setting(setting: Setting) -> dict[str, Any]:
    described = {
        **setting.kind.schema,
        "description": f"{setting.about} Changes take effect {setting.takes_effect}.",
    }
    return described if setting.default is None else {**described, "default": setting.default}
