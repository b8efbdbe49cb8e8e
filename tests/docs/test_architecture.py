"""What the pages about the inside name is there."""

import ast
import re

import pytest

from tests.docs.pages import REFERENCE, ROOT
from tests.docs.source import PACKAGE, modules

PAGES = ("architecture", "decisions")
TEXTS = {page: (REFERENCE / f"{page}.md").read_text("utf-8") for page in PAGES}


def names() -> set[str]:
    """Every class, function, method and event of the package, methods with their class."""
    found = set()
    for tree in modules().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                found.add(node.name)
            if isinstance(node, ast.ClassDef):
                found |= {f"{node.name}.{one.name}" for one in node.body if hasattr(one, "name")}
    return found


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_is_named_exists(page):
    named = set(re.findall(r"`((?:\w+/)*\w+\.py|(?:\w+/)+)`", TEXTS[page])) - {"eliza_cloud/"}
    assert [path for path in named if not (PACKAGE / path).exists()] == []


def test_every_file_that_the_recipes_name_exists():
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    named = set(re.findall(r"`((?:[\w.]+/)+(?:[\w.-]+\.\w+)?)`", text))
    assert len(named) > 50
    assert [path for path in named if not ((ROOT / path).exists() or (PACKAGE / path).exists())] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_class_and_method_that_is_named_exists(page):
    spans = re.findall(r"`([A-Z][a-z]\w+(?:\.\w+)?)`", TEXTS[page])
    known = names()
    assert {span for span in spans if span not in known} - {"Host", "Origin"} == set()


def test_the_walks_name_the_files_that_take_part():
    assert len(set(re.findall(r"`[\w/]+\.py`", TEXTS["architecture"].partition("## Six walks")[2]))) > 30
