"""Real services, killed, starved of disk, and stopped."""

import json
from collections.abc import Iterator

import pytest

pytest.register_assert_rewrite(
    "tests.crash.processes", "tests.crash.kill_run"
)  # so that a failure shows values

from tests.crash.machine import SETTINGS, Machine, emulator  # noqa: E402 - rewritten first
from tests.crash.processes import ForkServer  # noqa: E402 - rewritten first
from tests.harness.calls import EmulatorCalls  # noqa: E402 - rewritten first


@pytest.fixture(scope="session")
def fork_server() -> Iterator[ForkServer]:
    """One for each worker."""
    process = ForkServer()
    yield process
    process.close()


@pytest.fixture(scope="session")
def shared_cloud() -> Iterator[EmulatorCalls]:
    """One emulator for many kills."""
    with emulator() as cloud:
        yield cloud


@pytest.fixture
def cloud(shared_cloud) -> Iterator[EmulatorCalls]:
    yield shared_cloud
    shared_cloud.heal()


@pytest.fixture
def machine(fork_server, cloud, tmp_path) -> Iterator[Machine]:
    """A machine that nobody has signed in on."""
    one = Machine(fork_server, cloud, tmp_path)
    one.config.write_text(json.dumps({"cloud": SETTINGS}))
    yield one
    one.close()
