"""The settings: one table in the code, and what the page, the schema and the example say is the same."""

import ast
import json
import re
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eliza_cloud.cli.commands.config.schema import config_schema, schema_text
from eliza_cloud.routing.config.settings import SETTINGS, TREE, VARIABLES
from eliza_cloud.store.config.settings import CLOUD_SETTINGS
from eliza_cloud.store.config.validate import problems
from tests.docs.pages import page, rows, spans
from tests.docs.source import modules, words

DEPLOY = Path(__file__).parents[2] / "eliza_cloud" / "deploy"
EXAMPLE = json.loads((DEPLOY / "eliza.example.json").read_text("utf-8"))
KEYS, TABLE = {setting.path: setting for setting in SETTINGS}, rows(page("settings"))
ON_PAGE = {key: cells for cells in TABLE for key in spans(cells[0])}
PLATFORM = {"HOME", "TERM", "NO_COLOR", "DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION", "SSH_TTY"}
PLATFORM |= {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}
"""Variables of the system, not settings of ours."""


def test_every_setting_of_the_cloud_is_on_the_page_with_its_default():
    for setting in CLOUD_SETTINGS:
        default = ON_PAGE[setting.path][2].strip("`")
        assert default == ("" if setting.default is None else json.dumps(setting.default)), setting.path


def test_every_setting_on_the_page_is_one():
    paths = [key for key in ON_PAGE if "." in key]
    assert len(paths) > 15
    for path in paths:
        assert path in KEYS or any(known.startswith(f"{path}.") for known in KEYS), path


def test_every_section_of_settings_is_on_the_page():
    sections = {path.split(".")[0] for path in KEYS} - {"deploymentTarget"}
    assert sections <= {key.split(".")[0] for key in ON_PAGE}


def test_every_variable_of_ours_that_the_source_names_is_described_and_the_other_way_round():
    named = {word for word in words() if re.fullmatch(r"ELIZA(OS)?_[A-Z_]*[A-Z]", word)}
    described = {variable.name for variable in VARIABLES if variable.name.startswith("ELIZA")}
    assert named == described


READ = re.compile(r"environ(?:\.get\(|\.pop\(|\[|, )'([A-Z][A-Z_]+)'")


def test_every_variable_that_is_read_by_name_is_described():
    read = {name for tree in modules().values() for name in READ.findall(ast.unparse(tree))}
    described = {variable.name for variable in VARIABLES}
    assert read >= {"BROWSER", "ELIZA_API_BIND", "HOME"}
    assert read - described - PLATFORM == set()


def test_every_variable_of_ours_is_on_the_page_and_the_page_names_no_other():
    on_page = {key for key in ON_PAGE if re.fullmatch(r"[A-Z_]+", key)}
    described = {variable.name for variable in VARIABLES}
    assert on_page <= described
    assert {name for name in described if name.startswith("ELIZA")} <= on_page


def test_every_description_is_a_sentence_and_every_name_is_there_once():
    for one in (*SETTINGS, *VARIABLES):
        assert one.about.endswith("."), one
    assert len(KEYS) == len(SETTINGS)
    assert len({variable.name for variable in VARIABLES}) == len(VARIABLES)


def test_the_schema_checked_in_is_that_of_the_table():
    written = (DEPLOY / "eliza.schema.json").read_text("utf-8")
    assert written == schema_text(), (
        "write it again: eliza-cloud config schema > eliza_cloud/deploy/eliza.schema.json"
    )


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(config_schema())
    assert config_schema()["$schema"] == jsonschema.Draft202012Validator.META_SCHEMA["$id"]


def test_the_example_keeps_the_schema_and_names_it():
    jsonschema.Draft202012Validator(config_schema()).validate(EXAMPLE)
    assert (DEPLOY / EXAMPLE["$schema"]).samefile(DEPLOY / "eliza.schema.json")


NAMES = st.sampled_from(
    [part for setting in SETTINGS for part in setting.path.split(".") if not part.startswith("<")]
    + ["llmText", "tts", "mine", "OPENAI_API_KEY", "services", "maxSnapshots", "other"]
)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, 1, 3, 19.9, 20, 60000, 1.5, 5.0, 10**13, -1, "", " ", "three", "é", "a\nb"]),
    st.sampled_from(["direct", "priority", "https://c.example", "http://a:b@c", "openai", "x" * 80]),
    st.lists(st.sampled_from(["a", "", 1]), max_size=2),
)
DOCUMENTS = st.recursive(VALUES, lambda inner: st.dictionaries(NAMES, inner, max_size=4), max_leaves=12)


@given(st.dictionaries(NAMES, DOCUMENTS, max_size=4))
def test_the_schema_refuses_exactly_what_the_check_names(document):
    refused = not jsonschema.Draft202012Validator(config_schema()).is_valid(document)
    assert refused == bool(list(problems(document, TREE)))


@pytest.mark.parametrize(
    "setting", [one for one in SETTINGS if one.default is not None], ids=lambda one: one.path
)
def test_every_default_is_a_value_that_is_taken(setting):
    setting.kind.read(setting.default)
    jsonschema.validate(setting.default, setting.kind.schema)
