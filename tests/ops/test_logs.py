"""The one pipe everything that is logged goes through."""

import io
import json
import logging
import warnings

import aiohttp
import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from eliza_cloud.ops.logging.access_log import TRUSTED, AccessLog, LineBudget
from eliza_cloud.ops.logging.level import LogLevelError, log_level
from eliza_cloud.ops.logging.setup import configure_logs
from eliza_cloud.redaction.log import LogRedactor
from eliza_cloud.redaction.secret import Secret

CANARY = "canary-secret-value"
STEERING = "a\x1b]0;title\x07\x9bb"


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
        redaction = LogRedactor()
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
    structlog.get_logger().info("link.transition", attempt=3)
    (line,) = lines(stream)
    assert list(line) == ["timestamp", "level", "event", "attempt"]
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "link.transition", "level": "info", "attempt": 3}


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
    structlog.get_logger().info("link.transition", to="connected")
    text = stream.getvalue().decode()
    assert "link.transition" in text
    assert not text.startswith("{")


def test_a_library_that_logs_wrongly_breaks_nothing(configured):
    stream = configured()
    logging.getLogger("library").warning("two %s %s", "one")  # noqa: PLE1206 - that is the point
    assert lines(stream)[0]["event"] == "two %s %s"


@pytest.mark.parametrize(
    ("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_a_terminal_gets_colours_unless_told_otherwise(configured, monkeypatch, variables, coloured):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    stream = configured(stream=Terminal())
    structlog.get_logger().info("link.transition", to="connected")
    assert (b"\x1b[" in stream.getvalue()) is coloured


class SteeringKey:
    def __repr__(self):
        return STEERING


def test_nothing_that_is_logged_steers_the_terminal(configured, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    stream = configured(stream=Terminal())
    logging.getLogger("library").warning(STEERING)
    try:
        {}[SteeringKey()]
    except KeyError:
        structlog.get_logger().exception("failed", why=STEERING, listed=[STEERING])
    text = stream.getvalue().decode()
    assert not {"\x1b", "\x07", "\x9b"} & set(text)
    assert "Traceback (most recent call last):\n" in text
    assert text.count("0;title") == 4


def test_context_with_a_leading_underscore_is_not_logged(configured):
    stream = configured()
    structlog.contextvars.bind_contextvars(_trace_state="vendor=opaque", shown="yes")
    structlog.get_logger().info("one", shown="more exactly")
    (line,) = lines(stream)
    assert line["shown"] == "more exactly"
    assert "opaque" not in stream.getvalue().decode()


@pytest.fixture
async def answered(configured):
    """Give a function that sends a request to a small server and returns what the access log says of it."""

    async def handler(request):
        return web.Response(status=int(request.query.get("status", 200)), body=b"x" * 1000)

    app = web.Application()
    app.router.add_post("/a", handler)
    for path in ("/a{rest:.*}", "/healthz", "/readyz", "/metrics", "/healthz/more"):
        app.router.add_get(path, handler)
    runner = web.AppRunner(app, access_log_class=AccessLog)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()

    async def ask(path, level="debug", method="GET"):
        stream = configured(level)
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                method, f"http://127.0.0.1:{site.port}{path}", headers={"X-Api-Key": "header-canary"}
            ) as got,
        ):
            assert got.status
        assert b"canary" not in stream.getvalue()
        return lines(stream)

    yield ask
    await runner.cleanup()


async def test_the_access_log_has_the_route_and_no_query_and_no_headers(answered):
    (line,) = await answered("/a%20b?sessionId=query-canary")
    assert (line["event"], line["level"], line["method"]) == ("request.answered", "debug", "GET")
    assert (line["route"], line["path"], line["status"]) == ("/a{rest}", "/a b", 200)
    assert 1000 < line["bytes"] < 1500
    assert 0 <= line["duration_ms"] < 10_000


async def test_a_path_that_there_is_not_has_no_route(answered):
    (line,) = await answered("/nowhere")
    assert (line["route"], line["path"], line["status"]) == (None, "/nowhere", 404)


@pytest.mark.parametrize(
    ("path", "level"),
    [
        ("/healthz", "debug"),
        ("/readyz", "debug"),
        ("/metrics?status=204", "debug"),
        ("/healthz?status=503", "info"),
        ("/readyz?status=301", "debug"),
        ("/readyz?status=503", "debug"),
        ("/healthz/more", "debug"),
        ("/a", "debug"),
        ("/a?status=304", "debug"),
        ("/a?status=404", "info"),
        ("/a?status=500", "info"),
    ],
)
async def test_a_read_that_went_well_is_only_worth_debug(answered, path, level):
    (line,) = await answered(path)
    assert line["level"] == level
    assert len(await answered(path, level="info")) == (level == "info")


async def test_what_changes_something_is_worth_info(answered):
    (line,) = await answered("/a", method="POST")
    assert (line["level"], line["method"]) == ("info", "POST")


async def test_a_long_path_is_cut(answered):
    (line,) = await answered(f"/a{'b' * 5000}")
    assert line["path"] == f"/a{'b' * 298}…"


def answer_of(duration, content_type="application/json", **more):
    """Log one answered read that took so many seconds."""
    request = make_mocked_request("GET", "/a")
    response = web.Response(content_type=content_type, **more)
    AccessLog(logging.getLogger(), "").log(request, response, duration)


@pytest.mark.parametrize(
    ("duration", "content_type", "level"),
    [
        (0.99, "application/json", "debug"),
        (1.0, "application/json", "info"),
        (60.0, "text/event-stream", "debug"),
    ],
)
def test_a_slow_read_is_worth_info_and_a_long_stream_is_not(configured, duration, content_type, level):
    stream = configured("debug")
    answer_of(duration, content_type)
    assert [line["level"] for line in lines(stream)] == [level]


def test_of_requests_without_the_token_so_many_a_minute_are_logged_and_the_rest_counted(configured):
    stream, now = configured("debug"), [0.0]
    budget = LineBudget(lambda: now[0])

    def refuse(*, trusted=False):
        request = make_mocked_request("POST", "/a")
        if trusted:
            request[TRUSTED] = True
        AccessLog(budget, "").log(request, web.Response(status=401), 0.0)  # one for each connection

    for _ in range(100):
        refuse()
    assert len(lines(stream)) == 20
    refuse(trusted=True)
    assert len(lines(stream)) == 21
    now[0] = 60.0
    refuse()
    refuse()
    assert [line.get("omitted") for line in lines(stream)[21:]] == [80, None]
