"""What people read: text without control characters, and ages."""

from datetime import UTC, datetime

import click

from eliza_cloud.core.timefmt import parse_iso

_CONTROLS = [*range(0x20), *range(0x7F, 0xA0)]
#: What sets the direction of text, and with it the order in which a line is shown.
_DIRECTIONS = [0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
_LINE_ENDS = [0x2028, 0x2029]


def _escaped(code: int) -> str:
    return {0x09: r"\t", 0x0A: r"\n", 0x0D: r"\r"}.get(code) or (
        f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    )


_ESCAPES = {code: _escaped(code) for code in (*_CONTROLS, *_DIRECTIONS, *_LINE_ENDS)}
_JSON_ESCAPES = {code: f"\\u{code:04x}" for code in _ESCAPES}
_REMOVED = dict.fromkeys(code for code in _CONTROLS if chr(code) not in "\t\n")


def printable(text: str) -> str:
    """Return one line of text from elsewhere; what could steer a terminal or forge a line is escaped."""
    return text.translate(_ESCAPES)


def reply_text(text: str) -> str:
    """Return what an agent says, lines and directions kept, without what could steer a terminal."""
    return text.translate(_REMOVED)


def json_line(text: str) -> str:
    """Return JSON without characters that could steer a terminal; it means the same."""
    return text.translate(_JSON_ESCAPES)


def say(text: str) -> None:
    """Print a line for a person on stderr, where it is in no script's way."""
    click.echo(printable(text), err=True)


def duration(seconds: float) -> str:
    """Write a length of time in its largest fitting unit: `40 s`, `3 min`, `5 h`, `2 days`."""
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{int(seconds // size)} {unit}"
    return f"{max(0, int(seconds))} s"


def iso(moment: datetime) -> str:
    """Write a time as ISO 8601, in the local zone, with its offset."""
    return moment.astimezone().isoformat(timespec="seconds")


def when(text: str | None) -> str:
    """Write an ISO 8601 time in the local zone, and how long ago it was; `never` for none."""
    then = parse_iso(text)
    return "never" if then is None else f"{iso(then)} ({age(text)})"


def day_and_time(text: str | None) -> str:
    """Write an ISO 8601 time in the local zone; `never` for none."""
    then = parse_iso(text)
    return "never" if then is None else iso(then)


def age(text: str | None) -> str:
    """Write how long ago an ISO 8601 time was; `never` for none."""
    then = parse_iso(text)
    return "never" if then is None else f"{duration((datetime.now(UTC) - then).total_seconds())} ago"
