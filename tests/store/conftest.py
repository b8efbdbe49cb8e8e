"""A state directory of real files, and processes that work on it."""

import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from eliza_cloud.store.config.file import ConfigFile
from eliza_cloud.store.credentials import Credentials
from eliza_cloud.store.paths import StatePaths, state_paths
from eliza_cloud.store.sqlite.database import Database, SqliteStore
from tests.harness import processes
from tests.harness.processes import Process

CLOUD = "https://www.elizacloud.ai"
Opened = Callable[..., Credentials]


@pytest.fixture
def paths(tmp_path: Path) -> StatePaths:
    return state_paths({"ELIZA_STATE_DIR": str(tmp_path / "state")})


@pytest.fixture
def config(paths: StatePaths) -> ConfigFile:
    return ConfigFile(paths.config)


@pytest.fixture
def put(paths: StatePaths) -> Callable[[str], None]:
    """Write eliza.json as a user's editor does."""

    def write(text: str) -> None:
        paths.directory.mkdir(exist_ok=True)
        paths.config.write_text(text, "utf-8")

    return write


@pytest.fixture
def database(paths: StatePaths) -> Database:
    return Database(paths.database)


@pytest.fixture
async def store(database: Database) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(database)
    yield opened
    await opened.close()


@pytest.fixture
def credentials(config: ConfigFile, store: SqliteStore) -> Opened:
    """Open the credentials as a fresh process with this environment would."""

    def opened(environ: dict[str, str] | None = None, base_url: str = CLOUD, **more: Any) -> Credentials:
        return Credentials(config, store, {} if environ is None else environ, base_url, **more)

    return opened


@pytest.fixture
def files_with(paths: StatePaths) -> Callable[[str], list[str]]:
    """Name the files below the state directory whose raw bytes contain the text."""

    def search(text: str) -> list[str]:
        files = [path for path in paths.directory.rglob("*") if path.is_file()]
        return sorted(path.name for path in files if text.encode() in path.read_bytes())

    return search


@pytest.fixture
def child() -> Iterator[Callable[..., Process]]:
    """Start child.py with arguments; ends what is still running afterwards."""
    command = (sys.executable, Path(__file__).with_name("child.py"))
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with ExitStack() as stack:
        yield lambda *arguments: stack.enter_context(processes.start(*command, *arguments, **pipes))


@pytest.fixture
def read_only() -> Iterator[Path]:
    """A directory that this process may read but not write, also when the tests run as root."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "eliza.json").write_text('{"cloud": {"apiKey": "eliza_readonly_0123456789"}}')
        directory.chmod(0o555)
        root = os.geteuid() == 0
        if root:
            (directory / "eliza.json").chmod(0o644)
            os.seteuid(65534)
        try:
            yield directory
        finally:
            if root:
                os.seteuid(0)
            directory.chmod(0o755)
