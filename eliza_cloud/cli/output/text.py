"""What people read: text without control characters, and ages."""

from datetime import UTC, datetime

import click

from eliza_cloud.core.timefmt import parse_iso

_CONTROL = dict.fromkeys([*range(0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0)])


def printable(text: str) -> str:
    """Return text from elsewhere without the control characters that could steer a terminal."""
    return text.translate(_CONTROL)


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


def age(text: str | None) -> str:
    """Write how long ago an ISO 8601 time was; `never` for none."""
    then = parse_iso(text)
    return "never" if then is None else f"{duration((datetime.now(UTC) - then).total_seconds())} ago"
