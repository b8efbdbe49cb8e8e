"""Points in time as text, ISO 8601: written in UTC, read with or without a zone."""

from datetime import UTC, datetime


def timestamp(seconds: float) -> str:
    """Write wall-clock seconds as ISO 8601 in UTC with milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_iso(text: str | None) -> datetime | None:
    """Read an ISO 8601 time, in UTC where it names no zone; None for one that is absent or is none."""
    try:
        read = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def seconds_of(text: str | None) -> float | None:
    """Read an ISO 8601 time as wall-clock seconds; None as `moment`."""
    read = parse_iso(text)
    return None if read is None else read.timestamp()
