"""The log: one pipe for our own lines, for libraries' and for the access log."""

import logging
import os
from collections.abc import Sequence
from typing import Any, BinaryIO, Protocol, cast

import msgspec
import structlog
from structlog.typing import Processor

from eliza_cloud.ops.logging.level import set_level
from eliza_cloud.redaction.log import LogRedactor


class LogStream(Protocol):
    """Where lines go."""

    def write(self, line: bytes, /) -> int:
        """Take a line, with its line break."""

    def flush(self) -> None:
        """Called after each line."""

    def isatty(self) -> bool:
        """Tell whether a person reads along."""


def configure_logs(level: int, redaction: LogRedactor, stream: LogStream) -> None:
    """Send all that is logged in this process to `stream`: JSON lines, or text on a terminal."""
    structlog.configure(
        processors=processors(redaction, terminal=stream.isatty()),
        logger_factory=structlog.BytesLoggerFactory(cast("BinaryIO", stream)),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers[:] = [_ToStructlog()]
    set_level(level)
    logging.captureWarnings(capture=True)


def processors(redaction: LogRedactor, *, terminal: bool) -> Sequence[Processor]:
    """Return the pipe: context, level, UTC time, exception as text, redaction, then one line of bytes."""
    return [
        _with_context,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redaction,
        *(_text_lines() if terminal else (structlog.processors.JSONRenderer(serializer=_json_line),)),
    ]


def _with_context(_logger: Any, _method: str, entry: Any) -> Any:
    """Add the context variables, except those that are for our own code (a leading underscore)."""
    for name, value in structlog.contextvars.get_contextvars().items():
        if not name.startswith("_"):
            entry.setdefault(name, value)
    return entry


def _json_line(entry: Any, **_options: Any) -> bytes:
    first = {name: entry.pop(name) for name in ("timestamp", "level", "event") if name in entry}
    return msgspec.json.encode({**first, **entry})


def _text_lines() -> Sequence[Processor]:
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    console = structlog.dev.ConsoleRenderer(colors=not plain)

    def encoded(logger: Any, method: str, entry: Any) -> bytes:
        harmless = {name: _harmless(value) for name, value in entry.items()}
        return str(console(logger, method, harmless)).encode("utf-8", "replace")

    return (encoded,)


def _harmless(value: Any) -> Any:
    """Take out of a text what could steer a terminal; the lines of a traceback stay lines."""
    if not isinstance(value, str) or value.isprintable():
        return value
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in value)


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
