"""Every line of the log is one of the documented kinds, named by its constant."""

import ast
import re

from eliza_cloud.core import log_events
from eliza_cloud.core.log_events import LOG_EVENTS
from tests.docs.source import log_calls, modules

CONSTANTS = {
    name: value for name, value in vars(log_events).items() if name.isupper() and isinstance(value, str)
}


def test_every_log_line_uses_a_documented_constant():
    used = [(where, name) for where, names in log_calls() for name in names]
    assert len(used) > 25
    assert [(where, name) for where, name in used if name not in CONSTANTS] == []


def test_every_constant_is_documented_and_used():
    assert set(CONSTANTS.values()) == set(LOG_EVENTS)
    used = {
        getattr(node, "id", getattr(node, "attr", ""))
        for module, tree in modules().items()
        if module != "core/log_events.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.Name | ast.Attribute)
    }
    assert set(CONSTANTS) - used == set()


def test_every_entry_names_its_levels_and_says_what_it_means():
    for name, entry in LOG_EVENTS.items():
        assert re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", name)
        assert re.fullmatch(
            r"(debug|info|warning|error|critical)(, (debug|info|warning|error))*: .+\.", entry
        ), name
