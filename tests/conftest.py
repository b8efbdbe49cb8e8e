"""What every test may use."""

import inspect
import logging
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import aiohttp
import msgspec
import pytest
import structlog
from aioresponses import core

from eliza_cloud.core.journal.replay import DivergedError
from tests.harness.journals import replay_database
from tests.harness.processes import end_group
from tests.harness.report import Progress, figures

# aioresponses 0.7.9 does not know aiohttp 3.14's `stream_writer` (its own #288 and #289).
if "stream_writer" in inspect.signature(aiohttp.ClientResponse.__init__).parameters:

    class _Response(aiohttp.ClientResponse):
        def __init__(self, *args, stream_writer=None, **kwargs):
            super().__init__(*args, stream_writer=stream_writer or SimpleNamespace(output_size=0), **kwargs)

    core.ClientResponse = _Response


@pytest.fixture(scope="session", autouse=True)
def _every_journal_can_be_replayed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Take every journal again that a test has left in a database: it must lead to the states it names."""
    yield
    journals = sorted(tmp_path_factory.getbasetemp().rglob("agent.sqlite3"))
    for path in journals:
        try:
            replay_database(path)
        except (DivergedError, msgspec.MsgspecError) as error:
            pytest.fail(f"{path}: {error}")


@pytest.fixture(scope="session", autouse=True)
def _no_process_is_left() -> Iterator[None]:
    """Whatever happens to a test, the processes it started end with it."""
    yield
    left = end_group()
    assert left == [], "tests left these processes running; they were killed"


@pytest.fixture(autouse=True)
def _the_log_is_left_as_it_was() -> Iterator[None]:
    """Give back the process's log, which a service that runs inside of a test makes its own."""
    config, root = structlog.get_config(), logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    yield
    structlog.configure(**config)
    root.setLevel(level)
    root.handlers[:] = handlers


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Say a number that belongs in the run's report; `--figures` prints them."""
    return lambda line: request.node.user_properties.append(("figure", line))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--figures", action="store_true", help="print what the tests have measured")


@pytest.hookimpl(trylast=True)  # once there is a reporter
def pytest_configure(config: pytest.Config) -> None:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and config.get_verbosity() <= 0:
        config.pluginmanager.register(Progress(reporter))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.getoption("figures"):
        terminalreporter.section("figures", "-")
        for line in figures(terminalreporter):
            terminalreporter.write_line(line)
