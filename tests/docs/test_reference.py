"""The pages of the reference that are checked in are those that the code writes."""

import ast

import pytest

from eliza_cloud.cli.commands.reference import PAGES
from eliza_cloud.cli.commands.reference.commands import helps
from eliza_cloud.ops.metrics.definitions import METRICS
from tests.docs.readme import REFERENCE
from tests.docs.source import called, modules, texts

AGAIN = "write it again: eliza-cloud reference --write eliza_cloud/reference"


@pytest.mark.parametrize("name", PAGES)
def test_the_page_checked_in_is_that_of_the_code(name):
    assert (REFERENCE / f"{name}.md").read_text("utf-8") == PAGES[name](), AGAIN


def test_there_is_no_page_that_no_code_writes():
    assert {page.stem for page in REFERENCE.glob("*.md")} == set(PAGES)


def test_the_verb_prints_a_page_and_writes_all(run, tmp_path):
    assert run("reference", "errors").out == PAGES["errors"]()
    assert run("reference", "--write", str(tmp_path)).code == 0
    assert {page.stem: page.read_text("utf-8") for page in tmp_path.iterdir()} == {
        name: write() for name, write in PAGES.items()
    }
    assert run("reference").code == 2


def test_every_verb_and_option_is_on_the_commands_page():
    page = (REFERENCE / "cli.md").read_text("utf-8")
    commands = dict(helps())
    assert len(commands) > 25
    for words, text in commands.items():
        assert f"## {' '.join(words)}\n" in page
        assert text in page


def test_every_metric_is_on_the_metrics_page():
    page = (REFERENCE / "metrics.md").read_text("utf-8")
    assert len(METRICS) > 30
    for metric in METRICS:
        assert f"`{metric.name}`" in page
        assert metric.help in page


def test_every_metric_comes_from_the_catalogue():
    """Only `instruments` makes metrics by prometheus_client's classes, and it names none itself."""
    makers = {
        f"{kind}{end}" for kind in ("Counter", "Gauge", "Histogram", "Info") for end in ("", "MetricFamily")
    }
    named = [
        (module, name)
        for module, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and node.args and called(node) in makers
        for name in texts(node.args[0])
    ]
    assert named == []
