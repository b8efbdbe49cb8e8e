"""The program on the page about the library: as short as it says, typed, and it works."""

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

import eliza_cloud
from tests.harness.processes import run

PAGE = Path(eliza_cloud.__file__).parent / "reference" / "library.md"
MYPY = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--cache-dir", os.devnull]


@pytest.fixture
def program(tmp_path: Path) -> Path:
    found = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    path = tmp_path / "program.py"
    path.write_text(next(text for text in found if "asyncio.run" in text), "utf-8")
    return path


async def _run(*command: str, cwd: Path, **variables: str) -> tuple[int, str, str]:
    ran = await asyncio.to_thread(run, *command, cwd=cwd, env={"PATH": os.environ["PATH"], **variables})
    return ran.returncode, ran.stdout, ran.stderr


def test_the_program_is_short(program):
    assert len(program.read_text("utf-8").splitlines()) <= 30


async def test_the_program_talks_to_an_agent(cloud, program, tmp_path):
    key = await cloud.mint()
    code, out, err = await _run(
        sys.executable,
        "program.py",
        cwd=tmp_path,
        ELIZAOS_CLOUD_API_KEY=key,
        ELIZAOS_CLOUD_BASE_URL=cloud.url,
    )
    assert (code, err) == (0, "")
    first, second, *replies, third, last = out.splitlines()
    assert (first, second) == ("disconnected -> connecting", "connecting -> connected")
    assert replies[0].strip()
    assert third.endswith("connected -> closing")
    assert third != "connected -> closing", "the streamed reply comes before it, without a line of its own"
    assert last == "closing -> disconnected"
    assert key not in out


async def test_the_program_passes_the_strict_type_checker(program, tmp_path):
    code, out, err = await _run(*MYPY, "program.py", cwd=tmp_path, HOME=str(tmp_path))
    assert (code, err) == (0, ""), out


async def test_the_type_checker_knows_what_the_package_does_not_have(tmp_path):
    (tmp_path / "wrong.py").write_text("from eliza_cloud import CloudManger\n", "utf-8")
    code, out, _ = await _run(*MYPY, "wrong.py", cwd=tmp_path, HOME=str(tmp_path))
    assert code == 1
    assert 'has no attribute "CloudManger"' in out
