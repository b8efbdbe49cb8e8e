"""How long the cloud asks to wait, in seconds; what makes no sense is ignored."""

import math
import re
import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

_SECONDS = re.compile(r"[0-9]{1,9}")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Read `Retry-After`: whole seconds, or a date compared with the answer's own `Date` (else our clock)."""
    text = headers.get("Retry-After", "").strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    until = parse_iso(text)
    if until is None:
        return None
    now = parse_iso(headers.get("Date", ""))
    return max(0.0, until - (time.time() if now is None else now))


def body_retry_after(value: Any) -> float | None:
    """Read a body's `retryAfter`: seconds as a number or as digits."""
    if isinstance(value, str) and _SECONDS.fullmatch(value.strip()):
        return float(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e9:
        return float(value) if math.isfinite(value) else None
    return None


def parse_iso(text: str) -> float | None:
    """Read an HTTP date as seconds since the epoch; None for what is none."""
    try:
        return parsedate_to_datetime(text).replace(tzinfo=UTC).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
