"""Prometheus' own tool, where it is installed (Debian: `apt-get install prometheus`)."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.harness.processes import run

DEPLOY = Path(__file__).parents[2] / "eliza_cloud" / "deploy"
RULES = DEPLOY / "prometheus-alerts.yml"
MISSING = "promtool is not installed, so this was NOT CHECKED"


def promtool(*arguments: str, figure: Callable[[str], None], given: str | None = None) -> str:
    """Run it and return what it said; where there is none the test is skipped, and the report says so."""
    tool = shutil.which("promtool")
    if tool is None:
        figure(f"metrics: {MISSING}: promtool {' '.join(arguments[:2])}")
        pytest.skip(MISSING)
    ran = run(tool, *arguments, input=given)
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
    return ran.stdout + ran.stderr


def run_tests(directory: Path, tests: list[dict[str, Any]], figure: Callable[[str], None]) -> None:
    """Run unit tests of the rules; JSON is YAML, too."""
    path = directory / "alerts.test.yml"
    document = {"rule_files": [str(RULES)], "evaluation_interval": "15s", "tests": tests}
    path.write_text(json.dumps(document))
    promtool("test", "rules", str(path), figure=figure)
