"""The catalogue of problems and the sources agree: each row is used, each code and each field is known."""

import ast
import re

import pytest

from eliza_cloud.core.problems import ANSWERED, LASTING, PROBLEMS, ROWS
from eliza_cloud.core.problems.definition import FIELDS
from tests.docs.source import called, codes, modules, texts

#: What makes an occurrence of the row it is called on, or has as an argument; and its own options.
MADE_BY = {
    "occurred": {"status", "retryable", "retry_after", "details"},
    "says": set(),
    "failed": set(),
    "of": {"exit_code"},
}


def outside():
    return {name: tree for name, tree in modules().items() if not name.startswith("core/problems/")}


def occurrences():
    """Each place that makes an occurrence: where it is, the rows it may be of, and the fields it gives."""
    for module, tree in outside().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and called(node) in MADE_BY:
                rows = list(rows_of(node))
                if rows:
                    given = {one.arg for one in node.keywords if one.arg} - MADE_BY[called(node)]
                    yield f"{module}:{node.lineno}", called(node), rows, given


def rows_of(node):
    places = [node.func.value] if isinstance(node.func, ast.Attribute) else node.args
    for place in places:
        for one in ast.walk(place):
            if isinstance(one, ast.Name | ast.Attribute):
                name = one.id if isinstance(one, ast.Name) else one.attr
                if name in ROWS:
                    yield name


def test_every_occurrence_gives_the_fields_of_its_row():
    wrong = {}
    seen = 0
    for where, made_by, rows, given in occurrences():
        for name in rows:
            seen += 1
            row = ROWS[name]
            wanted = set(row.fields if made_by != "says" else row.sentence_fields)
            if wanted != given:
                wrong[where] = (name, sorted(wanted), sorted(given))
    assert wrong == {}
    assert seen > 120


def test_every_row_is_used():
    used = {
        one.id if isinstance(one, ast.Name) else one.attr
        for tree in outside().values()
        for one in ast.walk(tree)
        if isinstance(one, ast.Name | ast.Attribute)
    }
    words = {word for tree in outside().values() for node in ast.walk(tree) for word in texts(node)}
    words |= {f"credits_{level}" for level in ("low", "critical")}
    used |= {name for name, row in ROWS.items() if row.code in words}
    worded = {ROWS[name].code for name in used & set(ROWS)}  # the row that a used one is worded from is used
    assert {name for name, row in ROWS.items() if name not in used and name.lower() not in worded} == set()


def test_every_code_that_is_written_is_a_problems():
    assert {word: where for word, where in codes().items() if word not in PROBLEMS} == {}


def test_every_row_belongs_to_the_problem_that_its_code_names():
    assert {row.code for row in ROWS.values()} == set(PROBLEMS)


def test_every_problem_says_what_it_means_and_what_to_do():
    for name, row in ROWS.items():
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", row.code), name
        assert row.title.endswith("."), name
        assert row.remedy.endswith((".", "}")), name
        assert all(400 <= status < 600 for status in row.statuses), name
    assert all("{" not in row.title + row.remedy for row in PROBLEMS.values())  # shown as they are
    assert set(ANSWERED) | set(LASTING) < set(PROBLEMS)


@pytest.mark.parametrize("name", ROWS)
def test_every_row_has_an_example(name):
    problem = ROWS[name].example()
    assert problem.code == ROWS[name].code
    assert "{" not in problem.message
    assert set(ROWS[name].examples) <= ROWS[name].fields


def test_every_value_of_an_example_is_of_a_field():
    assert set(FIELDS) - {field for row in ROWS.values() for field in row.fields} == set()
