"""A problem is worded once: no sentence, title or remedy of the catalogue stands anywhere else."""

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator

from eliza_cloud.core.problems import PROBLEMS, ROWS
from tests.docs.source import PACKAGE, modules
from tests.metrics.promtool import RULES

CATALOGUE = "core/problems/"
#: So many words in a row are a copy; a field or a value put in counts as one, and there may be one.
COPIED = 6
VALUE = "…"
Place = tuple[str, int]


def literals(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every text that is written, with `…` for each value put in; docstrings and examples left out."""
    skipped = {id(part) for node in ast.walk(tree) for part in _left_out(node)}
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.JoinedStr):
            parts = [one.value if isinstance(one, ast.Constant) else VALUE for one in node.values]
            yield node.lineno, "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def _left_out(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Expr | ast.JoinedStr):
        yield from (part for part in ast.walk(node) if part is not node and isinstance(part, ast.Constant))
    elif isinstance(node, ast.keyword) and node.arg == "examples":
        yield from ast.walk(node.value)


def words(text: str) -> list[str]:
    plain = re.sub(r"\{\w*\}", VALUE, text).lower()
    return re.findall(rf"[\w$'/.-]*\w|{VALUE}", plain)


def passages(text: str) -> Iterator[tuple[str, ...]]:
    """What would be a copy if it stood elsewhere: so many words in a row, or all of a short sentence."""
    found = words(text)
    if 2 < len(found) < COPIED and text.rstrip().endswith("."):
        yield tuple(found)
    for start in range(len(found) - COPIED + 1):
        passage = tuple(found[start : start + COPIED])
        if passage.count(VALUE) <= 1:
            yield passage


def catalogue() -> dict[tuple[str, ...], set[Place]]:
    found: dict[tuple[str, ...], set[Place]] = defaultdict(set)
    for name, tree in modules().items():
        if name.startswith(CATALOGUE):
            for line, text in literals(tree):
                for passage in passages(text):
                    found[passage].add((name, line))
    return found


def test_no_two_rows_share_a_sentence():
    """What several rows say is a constant; otherwise it is written once, and so is each title."""
    places: dict[str, list[Place]] = defaultdict(list)
    for name, tree in modules().items():
        if name.startswith(CATALOGUE):
            for line, text in literals(tree):
                if len(set(words(text)) - {VALUE}) > 1:
                    places[" ".join(words(text))].append((name, line))
    assert {text: found for text, found in places.items() if len(found) > 1} == {}
    said = Counter(row.title for row in PROBLEMS.values())
    said += Counter(row.sentence for row in ROWS.values() if row.sentence not in {"", "{what}"})
    assert len(said) > 200
    assert [text for text, times in said.items() if times > 1] == []


def test_no_sentence_of_the_catalogue_stands_elsewhere_in_the_package():
    known = catalogue()
    assert len(known) > 700
    copies = {
        f"{PACKAGE.name}/{name}:{line}": (text, sorted(known[passage]))
        for name, tree in modules().items()
        if not name.startswith(CATALOGUE)
        for line, text in literals(tree)
        for passage in passages(text)
        if passage in known
    }
    assert copies == {}


def test_an_alert_says_what_the_row_says_or_something_of_its_own():
    """The alerts about one problem are its row, word for word (tests/metrics/test_config.py)."""
    known = catalogue()
    written = {text for row in PROBLEMS.values() for text in (row.title, row.remedy)}
    lines = re.findall(r"^ +(?:summary|remedy): '(.*)'$", RULES.read_text(), re.MULTILINE)
    texts = {line.replace("''", "'") for line in lines}
    assert len(texts) > 40
    copies = {text for text in texts - written for passage in passages(text) if passage in known}
    assert copies == set()
