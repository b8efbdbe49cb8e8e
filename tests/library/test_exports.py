"""What a program imports, and that it costs nothing until then."""

import ast
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import eliza_cloud
from eliza_cloud import cloud, core, store
from eliza_cloud.cloud import errors
from eliza_cloud.cloud.config import CloudConfig
from eliza_cloud.runtime.manager import CloudManager
from tests.harness.processes import run

SOURCE = Path(eliza_cloud.__file__)


def test_the_names_are_those_of_their_modules():
    assert eliza_cloud.CloudManager is CloudManager
    assert eliza_cloud.CloudConfig is CloudConfig
    assert eliza_cloud.__version__ == version("eliza-cloud")
    assert (cloud, core, store) == (eliza_cloud.cloud, eliza_cloud.core, eliza_cloud.store)


def test_every_name_that_is_offered_exists_and_is_listed():
    assert [name for name in eliza_cloud.__all__ if not hasattr(eliza_cloud, name)] == []
    assert set(eliza_cloud.__all__) <= set(dir(eliza_cloud))


def test_the_whole_error_tree_is_offered():
    tree = {
        name
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.CloudError)
    }
    assert len(tree) > 20
    assert tree <= set(eliza_cloud.__all__)


def test_a_type_checker_sees_the_names_that_run():
    imports = [node for node in ast.walk(ast.parse(SOURCE.read_text())) if isinstance(node, ast.ImportFrom)]
    seen = {
        alias.asname: node.module for node in imports for alias in node.names if alias.asname == alias.name
    }
    assert set(seen) | {"__version__"} == set(eliza_cloud.__all__)
    for name, module in seen.items():
        assert getattr(sys.modules[module], name) is getattr(eliza_cloud, name)


def test_a_name_that_does_not_exist_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'eliza_cloud' has no attribute 'CloudManger'"):
        _ = eliza_cloud.CloudManger


def test_importing_the_package_imports_nothing_else():
    code = "import sys; before = set(sys.modules); import eliza_cloud; print(*set(sys.modules) - before)"
    ran = run(sys.executable, "-c", code)
    assert ran.stdout.split() == ["eliza_cloud"]
