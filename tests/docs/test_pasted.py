"""What the README and the pages tell a reader to type works when it is pasted, in order, as it stands."""

import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import README, ROOT, blocks, page, section
from tests.docs.terminal import Terminal
from tests.docs.wheels import write_wheels

CLONE = ("README.md", "LICENSE", "pyproject.toml", "eliza_cloud")
"""What an installation is made of."""
FAST = "--job-seconds 0.1 --poll-interval-ms 50"
SETTINGS = {"cloud": {"login": {"pollIntervalMs": 100}}}
SYSTEM = "/usr/local/bin:/usr/bin:/bin"


@pytest.fixture(autouse=True)
def needs():
    for program in ("bash", "curl", "tar"):
        if shutil.which(program) is None:
            pytest.skip(f"NOT TESTED HERE, as {program} is not installed: the blocks of README and pages")


@pytest.fixture
def bare(tmp_path) -> Iterator[Terminal]:
    """A terminal in a clone, on a machine where nothing is installed but Python."""
    python = tmp_path / "bin" / "python3"
    python.parent.mkdir()
    python.symlink_to(Path(sys.base_prefix) / "bin" / "python3")
    with Terminal(tmp_path, f"{python.parent}:{SYSTEM}") as terminal:
        for name in CLONE:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, terminal.here / name)
        wheels = tmp_path / "wheels"
        wheels.mkdir()
        write_wheels(wheels)
        settings = terminal.home / ".config" / "pip" / "pip.conf"
        settings.parent.mkdir(parents=True)
        settings.write_text(
            f"[global]\nno-index = true\nfind-links = {wheels}\ndisable-pip-version-check = true\n"
            "[install]\nno-compile = true\n"
        )
        yield terminal


@pytest.fixture
def installed(tmp_path) -> Iterator[Terminal]:
    """A terminal that finds the installed commands, with an emulator in the place of the cloud."""
    with Terminal(tmp_path, f"{Path(sys.executable).parent}:{SYSTEM}") as terminal:
        state = terminal.home / ".eliza"
        state.mkdir(mode=0o700)
        (state / "eliza.json").write_text(json.dumps(SETTINGS))
        emulated = section(page("guide"), "## The emulator")
        terminal.paste(blocks(emulated, "bash")[0].text)
        terminal.paste(
            f"eliza-cloud emulator --port 4400 --approve {FAST} >../emulator.log 2>&1 &\n"
            "curl --output /dev/null --retry 60 --retry-connrefused --retry-delay 1 http://127.0.0.1:4400"
        )
        yield terminal


def paste_all(terminal: Terminal, text: str) -> int:
    """Paste every block; an answer that the text shows must have the members that are shown."""
    pasted = blocks(text, "bash")
    for block in pasted:
        printed = terminal.paste(block.text)
        if block.answer:
            assert members(json.loads(printed)) == members(json.loads(block.answer)), block.text
    return len(pasted)


def members(value):
    """The names in an answer, at every depth."""
    return {name: members(inner) for name, inner in value.items()} if isinstance(value, dict) else None


@pytest.mark.timeout(600)
def test_the_readme_can_be_pasted_from_install_to_chat(bare):
    """All but the last block, which runs this test among the others."""
    text, _, rest = README.partition("\n## Tests\n")
    assert len(blocks(rest, "bash")) == 1
    printed = [bare.paste(block.text) for block in blocks(text, "bash")]
    assert len(printed) == 4
    assert bare.paste("command -v eliza-cloud").strip() == str(bare.here / ".venv/bin/eliza-cloud")
    _, demo, session, _ = printed
    [shown] = re.findall(r"^(All \d+ steps passed) in", README, re.MULTILINE)
    assert shown in demo
    assert "Ada" in session.splitlines()[-2]
    bare.paste("wait")
    unit = bare.paste("eliza-cloud service unit --user")
    assert f"\nExecStart={bare.here}/.venv/bin/eliza-cloud serve\n" in unit
    shown = bare.paste("python3 -c 'import importlib.metadata as m; print(m.metadata(\"eliza-cloud\"))'")
    assert "Guide (`eliza-cloud reference guide`)" in shown
    assert re.findall(r"\]\((?!https://)[^)]*\)|!\[|<img", shown) == [], "which an index could not follow"


def test_the_guide_can_be_pasted_from_top_to_bottom(installed):
    assert paste_all(installed, page("guide")) >= 15
    installed.paste("wait %?serve || test $? = 127")


@pytest.mark.parametrize("name", ["routes", "running"])
def test_the_pages_about_a_running_service_can_be_pasted(installed, name):
    for title in ("## Start the service", "## Sign in"):
        paste_all(installed, section(page("guide"), title))
    installed.paste('export TOKEN="$(cat ~/.eliza/api-token)"')
    assert paste_all(installed, page(name)) >= 3


def test_an_upgrade_and_the_way_back_can_be_pasted(installed):
    paste_all(installed, section(page("guide"), "## Start the service"))
    installed.paste("kill %?serve; wait %?serve")
    assert paste_all(installed, page("upgrading")) == 2
    for name in (".eliza", ".eliza.newer"):
        assert (installed.home / name / "agent.sqlite3").stat().st_size > 0
    paste_all(installed, section(page("guide"), "## Start the service"))
