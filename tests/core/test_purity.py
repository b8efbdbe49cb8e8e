"""The core is pure: it reads no clock, draws no lots, waits for nothing and knows nobody above it."""

import ast
import importlib
import sys
from pathlib import Path

import msgspec
import pytest

import eliza_cloud.core

CORE = Path(eliza_cloud.core.__file__).parent
MODULES = sorted(CORE.rglob("*.py"))
DATA = {"collections", "dataclasses", "datetime", "enum", "functools", "operator", "typing"}
ALLOWED = DATA | {"logging", "msgspec", "transitions"}
CALLS_OF_THE_WORLD = {"open", "print", "input", "exec", "eval", "now", "utcnow", "today", "getLogger"}
SILENCING = ("statechart.py", "getLogger")  # `transitions` reports every callback at INFO


def _imports(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            found.add(node.module or "")
    return found


def test_there_is_a_core_to_look_at():
    assert len(MODULES) > 10
    assert set(sys.stdlib_module_names) > ALLOWED - {"msgspec", "transitions"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(CORE)))
def test_a_module_of_the_core_imports_data_only(path):
    for name in _imports(ast.parse(path.read_text())):
        inside = f"{name}.".startswith(("eliza_cloud.core.", "eliza_cloud.redaction."))
        assert inside or name.split(".")[0] in ALLOWED, name


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(CORE)))
def test_a_module_of_the_core_never_waits(path):
    for node in ast.walk(ast.parse(path.read_text())):
        assert not isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith)
        assert not isinstance(node, ast.Global | ast.Nonlocal)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(CORE)))
def test_a_module_of_the_core_asks_the_world_nothing(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            assert name not in CALLS_OF_THE_WORLD or (path.name, name) == SILENCING, name


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(CORE)))
def test_what_the_core_passes_around_cannot_be_changed(path):
    name = ".".join(path.relative_to(CORE.parent).with_suffix("").parts)
    module = importlib.import_module(f"eliza_cloud.{name}".removesuffix(".__init__"))
    structs = [kind for kind in vars(module).values() if isinstance(kind, msgspec.StructMeta)]
    assert [kind.__name__ for kind in structs if not kind.__struct_config__.frozen] == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(CORE)))
def test_a_module_of_the_core_is_one_room(path):
    assert len(path.read_text().splitlines()) <= 450
