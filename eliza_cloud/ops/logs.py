"""The log: one pipe to stderr for our own lines, for libraries' and for the access log."""

import io
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO, cast

import msgspec
import structlog
from structlog.typing import Processor

from eliza_cloud.ops.redaction import Redaction
from eliza_cloud.store.config_text import describe

LOG_LEVEL = "ELIZA_LOG_LEVEL"
LEVELS = ("debug", "info", "warning", "error", "critical")


class LogLevelError(Exception):
    """ELIZA_LOG_LEVEL is none of the five words; the message says so."""


def log_level(environ: Mapping[str, str]) -> int:
    """Read ELIZA_LOG_LEVEL (default info, any case); raises LogLevelError."""
    word = environ.get(LOG_LEVEL, "").strip().lower() or "info"
    if word not in LEVELS:
        raise LogLevelError(f"{LOG_LEVEL}: expected one of {', '.join(LEVELS)}, found {describe(word)}.")
    return logging.getLevelNamesMapping()[word.upper()]


def configure_logs(level: int, redaction: Redaction, stream: BinaryIO | None = None) -> None:
    """Send all that is logged in this process to `stream` (stderr): JSON lines, or text on a terminal."""
    target = stream or sys.stderr.buffer
    structlog.configure(
        processors=processors(redaction, terminal=target.isatty()),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(cast("BinaryIO", _Steady(target))),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers[:] = [_ToStructlog()]
    root.setLevel(level)
    for talkative in ("transitions", "asyncio"):
        logging.getLogger(talkative).setLevel(max(level, logging.WARNING))
    logging.captureWarnings(capture=True)


def processors(redaction: Redaction, *, terminal: bool) -> Sequence[Processor]:
    """Return the pipe: context, level, UTC time, exception as text, redaction, then one line of bytes."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redaction,
        *(_text_lines() if terminal else (structlog.processors.JSONRenderer(serializer=_json_line),)),
    ]


def _json_line(entry: Any, **_options: Any) -> bytes:
    first = {name: entry.pop(name) for name in ("timestamp", "level", "event") if name in entry}
    return msgspec.json.encode({**first, **entry})


def _text_lines() -> Sequence[Processor]:
    console = structlog.dev.ConsoleRenderer(colors=True)

    def encoded(logger: Any, method: str, entry: Any) -> bytes:
        return str(console(logger, method, entry)).encode("utf-8", "replace")

    return (encoded,)


class _Steady(io.RawIOBase):
    """A stream whose reader may go away (`serve 2>&1 | head`): the service goes on without a log."""

    def __init__(self, target: BinaryIO) -> None:
        self._target = target

    def write(self, line: Any) -> int:
        """Write and flush one line, if that can be."""
        try:
            self._target.write(line)
            self._target.flush()
        except BrokenPipeError:
            self._divert()
        except (OSError, ValueError):
            pass
        return len(line)

    def _divert(self) -> None:
        """Let the rest go nowhere, or what is still buffered would spoil the exit code."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._target.fileno())
        os.close(nowhere)


class _ToStructlog(logging.Handler):
    """Hands what libraries log through `logging` to the one pipe."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log the record's message under its logger's name."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError):
            message = str(record.msg)
        structlog.get_logger().log(
            record.levelno, message, logger=record.name, exc_info=record.exc_info or None
        )
