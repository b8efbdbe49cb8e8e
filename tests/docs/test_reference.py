"""The pages of the reference that are checked in are those that the code writes."""

import ast

import pytest

from eliza_cloud.cli.commands.reference import GENERATED, PAGES
from eliza_cloud.cli.commands.reference.commands import helps
from eliza_cloud.ops.metrics.definitions import METRICS
from tests.docs.pages import REFERENCE
from tests.docs.source import called, modules, texts

AGAIN = "write it again: eliza-cloud reference --write eliza_cloud/reference"


@pytest.mark.parametrize("name", GENERATED)
def test_the_page_checked_in_is_that_of_the_code(name):
    assert (REFERENCE / f"{name}.md").read_text("utf-8") == GENERATED[name](), AGAIN


def test_every_page_that_is_checked_in_can_be_printed(run):
    assert {page.stem for page in REFERENCE.glob("*.md")} == set(PAGES)
    for name in PAGES:
        assert run("reference", name).out == (REFERENCE / f"{name}.md").read_text("utf-8")


def test_the_command_writes_all_pages(run, tmp_path):
    assert run("reference", "--write", str(tmp_path)).code == 0
    assert {page.stem: page.read_text("utf-8") for page in tmp_path.iterdir()} == {
        name: write() for name, write in PAGES.items()
    }
    assert run("reference").code == 2


def test_every_command_and_option_is_on_the_commands_page():
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
