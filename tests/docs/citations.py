"""The citations in docstrings, comments and pages, and what there is to cite."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.docs.pages import REFERENCE

ROOT = Path(__file__).parents[2]
OURSELVES = {ROOT / "tests/docs" / name for name in ("citations.py", "test_citations.py")}
WRITTEN = ("architecture", "decisions", "cloud-api-latest", "cloud-api", "local-api", "front-end")

_ROWS = r"(?: (?:rows?|rules?) \d+(?:(?:, | and |-)\d+)*)?"
_SECTION = rf"(?:§\d+(?:\.\d+)*{_ROWS}|L\d+{_ROWS})"
_PLACE = rf"{_SECTION}(?:(?:, | and |-){_SECTION})*"
#: `cloud-api §9, §10`, `local-api §20 rows 3 and 4`, `cloud-api-latest L4`, `RFC 9110 §13.1.2`.
_NUMBERED = re.compile(rf"(?<![\w-])(RFC \d+|{'|'.join(WRITTEN)}) ({_PLACE})")
#: `architecture: The fence`.
_NAMED = re.compile(r"(?<![\w-])(architecture|decisions): ([A-Z][^();.\"]*[^();.\"\s])")


@cache
def texts() -> dict[str, str]:
    """Every comment and every string of the package and the tests, on one line each, by where it begins.

    Comments that follow each other are one text, and so are the parts of a string.
    """
    found: dict[str, str] = {}
    for path in sorted([*(ROOT / "eliza_cloud").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]):
        if path not in OURSELVES:
            for line, text in _texts(path.read_text("utf-8")):
                where = f"{path.relative_to(ROOT)}:{line}"
                found[where] = f"{found.get(where, '')} {text}".lstrip()
    return found


def cited(text: str) -> Iterator[tuple[str, str]]:
    """Every page and place that a text cites: a heading, a section's number, or `§20 row 3`."""
    for match in _NUMBERED.finditer(text):
        if match[1].startswith("RFC"):
            continue
        for section in re.findall(_SECTION, match[2]):
            number, *rows = re.split(r" (?:rows?|rules?) ", section)
            for row in _numbers(rows[0]) if rows else [None]:
                yield match[1], number if row is None else f"{number} row {row}"
        for first, last in re.findall(r"§(\d+)-§(\d+)", match[2]):
            yield from ((match[1], f"§{number}") for number in range(int(first), int(last)))
    for match in _NAMED.finditer(text):
        yield match[1], match[2]


def without_citations(text: str) -> str:
    """What is left of a text when its citations are taken out."""
    return _NUMBERED.sub("", text)


@cache
def places(page: str) -> frozenset[str]:
    """What can be cited of a page: its headings, their numbers, and the numbered rows below them."""
    found, number = set(), ""
    for line in (REFERENCE / f"{page}.md").read_text("utf-8").splitlines():
        if heading := re.match(r"##+ (?:((?:L)?\d+)\. )?(.*)", line):
            found.add(heading[2])
            if line.startswith("## "):
                number = heading[1] or ""
                number = number if number.startswith("L") else f"§{number}"
            found.add(number)
        elif row := re.match(r"\| (\d+) \|", line):
            found.add(f"{number} row {row[1]}")
    return frozenset(found)


def _numbers(text: str) -> Iterator[int]:
    for part in re.findall(r"\d+(?:-\d+)?", text):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


def _texts(source: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, " ".join(node.value.split())
    begun, last, said = 0, 0, ""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            text = token.string.lstrip("#: ")
            if token.start[0] == last + 1:
                said += " " + text
            else:
                if said:
                    yield begun, said
                begun, said = token.start[0], text
            last = token.start[0]
    if said:
        yield begun, said
