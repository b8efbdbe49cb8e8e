"""How much the log tells, changed while the service runs."""

import io
import json
import logging

import pytest
import structlog

from eliza_cloud.core.log_events import LOG_EVENTS
from eliza_cloud.ops.logging.level import LEVELS, current_level, level_of, set_level
from eliza_cloud.ops.logging.setup import configure_logs
from eliza_cloud.redaction.log import LogRedactor

PATH = "/api/cloud/log-level"


@pytest.fixture
def stream():
    """What is logged; logging is as before afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logged = io.BytesIO()
    configure_logs(logging.INFO, LogRedactor(), logged)
    yield logged
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.parametrize(("level", "shown"), [*zip(LEVELS, (5, 4, 3, 2, 1), strict=True)])
def test_a_change_counts_for_loggers_that_exist_already(stream, level, shown):
    ours, library = structlog.get_logger(), logging.getLogger("some.library")
    ours.info("before")
    set_level(level_of(level, "level"))
    assert current_level() == level
    for logger in (ours, library):
        for word in LEVELS:
            getattr(logger, word)("after")
    events = [json.loads(line)["event"] for line in stream.getvalue().splitlines()]
    assert events == ["before", *["after"] * 2 * shown]


def test_talkative_libraries_stay_quiet_at_debug(stream):
    set_level(logging.DEBUG)
    logging.getLogger("asyncio").info("nobody wants to know")
    assert stream.getvalue() == b""


def test_the_running_service_logs_more_and_less_at_once(start):
    service = start()
    assert service.ask("GET", PATH) == (200, {"ok": True, "level": "info"})
    assert service.ask("PUT", PATH, {"level": "DEBUG"}) == (200, {"ok": True, "level": "debug"})
    changed = service.until_logged("log.level_changed")
    assert (changed["level"], changed["from"], changed["to"]) == ("info", "info", "debug")
    service.ask("GET", "/healthz")
    while (line := service.until_logged("request.answered"))["path"] != "/healthz":
        pass
    assert line["level"] == "debug"

    ran = service.run("log-level", "error")
    assert (ran.returncode, ran.stdout) == (0, "✓ The service logs at level error now.\n")
    assert service.run("log-level").stdout == "error\n"
    changed = service.until_logged("log.level_changed")
    assert (changed["from"], changed["to"]) == ("debug", "error")
    service.ask("GET", "/api/cloud/agents")
    service.process.terminate()
    service.process.wait(20)
    assert [line["event"] for line in service.log if line["level"] != "error"].count("service.stopping") == 0


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        (
            {"level": "loud"},
            "invalid_level",
            'level must be one of debug, info, warning, error, critical, but it is "loud".',
        ),
        ({"level": 10}, "invalid_level", "level must be one of debug, info, warning, error, critical, but"),
        ({}, "invalid_request", "level is required"),
    ],
)
def test_a_level_that_is_none_is_refused_and_changes_nothing(start, body, code, words):
    service = start()
    status, answer = service.ask("PUT", PATH, body)
    assert (status, answer["code"]) == (400, code)
    assert words in answer["error"]
    assert service.ask("GET", PATH)[1]["level"] == "info"
    ran = service.run("log-level", "loud")
    assert ran.returncode == 2
    assert "'loud' is not one of" in ran.stderr


def test_it_needs_the_token(start):
    service = start()
    assert service.ask("GET", PATH, token=None)[0] == 401
    assert service.ask("PUT", PATH, {"level": "debug"}, token=None)[0] == 401
    assert service.ask("GET", PATH)[1]["level"] == "info"


@pytest.mark.parametrize(
    "name", ["log.level_changed", "systemd.notify_failed", "watchdog.unresponsive", "watchdog.resumed"]
)
def test_what_is_logged_here_is_in_the_catalogue(name):
    assert LOG_EVENTS[name].endswith(".")
