"""The catalogue of log events is the log: no line without an entry, no entry without a line."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

import eliza_cloud
from eliza_cloud.core import log_events
from eliza_cloud.core.log_events import LOG_EVENTS

PACKAGE = Path(eliza_cloud.__file__).parent
LEVELS = {"debug", "info", "warning", "error", "critical"}
CONSTANTS = {
    name: value for name, value in vars(log_events).items() if name.isupper() and isinstance(value, str)
}


class ActivityContext:
    """A function, or a module: where a name means one thing."""

    def __init__(self, node: ast.AST) -> None:
        self.nodes = list(_within(node))
        self._assigned = defaultdict(list)
        for found in self.nodes:
            if isinstance(found, ast.Assign) and isinstance(found.targets[0], ast.Name):
                self._assigned[found.targets[0].id].append(found.value)

    def meant(self, node: ast.expr) -> Iterator[ast.expr]:
        """Yield what an expression can be: both arms of a condition, all that a name was given."""
        if isinstance(node, ast.IfExp):
            yield from self.meant(node.body)
            yield from self.meant(node.orelse)
        elif isinstance(node, ast.Name) and node.id in self._assigned:
            for value in self._assigned[node.id]:
                yield from self.meant(value)
        else:
            yield node

    def lines(self) -> Iterator[tuple[str, str, int]]:
        """Yield level, event and line number of each log call."""
        for call in self.nodes:
            if isinstance(call, ast.Call):
                for level in self.meant(call.func):
                    if is_log_method(level):
                        for event in self.meant(call.args[0]):
                            yield level.attr, ast.unparse(event).removeprefix("log_events."), call.lineno


def is_log_method(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and node.attr in {*LEVELS, "exception", "log"}
        and ast.unparse(node.value) in {"log", "structlog.get_logger()"}
    )


def _within(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a scope, without those of the functions in it."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _within(child)


def log_calls() -> Iterator[tuple[str, str, str]]:
    """Yield level, event as it is named in the source, and place of every log call of the service."""
    for path in sorted(PACKAGE.rglob("*.py")):
        place = str(path.relative_to(PACKAGE))
        if place.startswith("emulator/"):
            continue  # a cloud of its own, and no part of the service
        tree = ast.parse(path.read_text())
        functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
        followed = 0
        for context in map(ActivityContext, [tree, *functions]):
            followed += sum(
                any(is_log_method(one) for one in context.meant(node.func))
                for node in context.nodes
                if isinstance(node, ast.Call)
            )
            yield from ((level, event, f"{place}:{line}") for level, event, line in context.lines())
        assert followed or not any(map(is_log_method, ast.walk(tree))), f"{place} logs in a way not followed"


PASSED_ON = ("log", "record.levelno", "ops/logging/setup.py")  # a library's line, in its own words


def ours() -> list[tuple[str, str, str]]:
    return [one for one in log_calls() if (one[0], one[1], one[2].partition(":")[0]) != PASSED_ON]


def test_every_line_is_one_of_the_catalogue_and_no_literal():
    found = ours()
    assert len(found) > 30
    assert [(event, place) for _, event, place in found if event not in CONSTANTS] == []


def test_every_entry_is_logged_somewhere_at_the_levels_it_names_and_no_other():
    used = defaultdict(set)
    for level, event, _ in ours():
        used[event].add(level)
    named = {name: set(LOG_EVENTS[value].partition(":")[0].split(", ")) for name, value in CONSTANTS.items()}
    assert {name: sorted(levels) for name, levels in used.items()} == {
        name: sorted(levels) for name, levels in named.items()
    }


def test_each_constant_has_one_entry_in_order():
    assert list(LOG_EVENTS) == list(CONSTANTS.values())


@pytest.mark.parametrize("name", LOG_EVENTS)
def test_a_name_is_dotted_and_its_meaning_one_sentence(name):
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*", name)
    levels, _, meaning = LOG_EVENTS[name].partition(": ")
    assert set(levels.split(", ")) <= LEVELS
    assert re.fullmatch(r"\S.*[^.]\.", meaning)
