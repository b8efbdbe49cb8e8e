"""The one pipe everything that is logged goes through."""

import io
import json
import logging
import os
import warnings

import aiohttp
import pytest
import structlog
from aiohttp import web

from eliza_cloud.core.secret import Secret
from eliza_cloud.ops.access_log import AccessLog
from eliza_cloud.ops.logs import LogLevelError, configure_logs, log_level
from eliza_cloud.ops.redaction import Redaction

CANARY = "canary-secret-value"


class Terminal(io.BytesIO):
    def isatty(self):
        return True


@pytest.fixture
def configured():
    """Give a function that sends the log to a stream; logging is as before afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def configure(level="info", stream=None):
        stream = stream or io.BytesIO()
        redaction = Redaction()
        redaction.register(Secret(CANARY))
        configure_logs(log_level({"ELIZA_LOG_LEVEL": level}), redaction, stream)
        return stream

    yield configure
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(stream):
    return [json.loads(line) for line in stream.getvalue().decode().splitlines()]


def test_a_line_is_json_with_event_level_and_time_in_utc(configured):
    stream = configured()
    structlog.get_logger().info("link.moved", attempt=3)
    (line,) = lines(stream)
    assert list(line) == ["timestamp", "level", "event", "attempt"]
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "link.moved", "level": "info", "attempt": 3}


def test_bound_context_is_in_every_line(configured):
    stream = configured()
    structlog.contextvars.bind_contextvars(request_id="r1")
    structlog.get_logger().info("one")
    logging.getLogger("some.library").warning("two %s", "args")
    assert [line["request_id"] for line in lines(stream)] == ["r1", "r1"]
    assert lines(stream)[1]["logger"] == "some.library"
    assert lines(stream)[1]["event"] == "two args"
    assert lines(stream)[1]["level"] == "warning"


@pytest.mark.parametrize(
    ("level", "shown"),
    [("debug", 3), ("info", 2), ("", 2), (" WARNING ", 1), ("error", 0), ("critical", 0)],
)
def test_the_level_counts_for_everyone(configured, level, shown):
    stream = configured(level)
    for logger in (structlog.get_logger(), logging.getLogger("library")):
        logger.debug("a")
        logger.info("b")
        logger.warning("c")
    assert len(lines(stream)) == 2 * shown


def test_an_unknown_level_is_a_sentence():
    with pytest.raises(LogLevelError, match=r'expected one of debug, .* critical, found "loud"'):
        log_level({"ELIZA_LOG_LEVEL": "loud"})


def test_a_traceback_is_logged_without_the_secret_in_it(configured):
    stream = configured()
    for logger in (structlog.get_logger(), logging.getLogger("library")):
        try:
            int(CANARY)
        except ValueError:
            logger.exception("failed")
    assert len(lines(stream)) == 2
    for line in lines(stream):
        assert "Traceback" in line["exception"]
        assert "ValueError: invalid literal for int() with base 10: '[redacted]'" in line["exception"]
    assert CANARY not in stream.getvalue().decode()


def test_no_way_of_logging_shows_a_secret(configured):
    for stream in (configured("debug"), configured("debug", Terminal())):
        log = structlog.get_logger()
        log.info("a", a=CANARY, b=[CANARY], c={"d": CANARY}, e=Secret(CANARY), f=RuntimeError(CANARY))
        logging.getLogger("library").debug("x %s", CANARY)
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn(CANARY, stacklevel=1)
        assert CANARY not in stream.getvalue().decode()


def test_on_a_terminal_it_is_text(configured):
    stream = configured(stream=Terminal())
    structlog.get_logger().info("link.moved", to="connected")
    text = stream.getvalue().decode()
    assert "link.moved" in text
    assert not text.startswith("{")


def test_a_library_that_logs_wrongly_breaks_nothing(configured):
    stream = configured()
    logging.getLogger("library").warning("two %s %s", "one")  # noqa: PLE1206 - that is the point
    assert lines(stream)[0]["event"] == "two %s %s"


def test_a_log_that_cannot_be_written_breaks_nothing(configured):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as stream:
        configured(stream=stream)
        structlog.get_logger().info("into the void")
        structlog.get_logger().info("again")


async def test_the_access_log_has_no_query_and_no_headers(configured):
    stream = configured()

    async def handler(_):
        return web.Response(status=204)

    app = web.Application()
    app.router.add_get("/a{rest:.*}", handler)
    runner = web.AppRunner(app, access_log_class=AccessLog)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    async with aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{site.port}/a%20b?sessionId=query-canary"
        async with session.get(url, headers={"X-Api-Key": "header-canary"}) as answer:
            assert answer.status == 204
    await runner.cleanup()
    (line,) = lines(stream)
    assert (line["event"], line["method"], line["path"], line["status"]) == ("request", "GET", "/a b", 204)
    assert line["duration_ms"] >= 0
    assert b"canary" not in stream.getvalue()
