"""This machine's clock beside the cloud's."""

import time
from collections.abc import Mapping

from eliza_cloud.cloud.http.error_body import parse_iso
from eliza_cloud.core.problems import CLOCK_OFF
from eliza_cloud.ops.doctor.result import Check, Finding, failed, passed, skipped

TOLERATED = 300.0
"""Seconds the clocks may be apart."""


def skew(headers: Mapping[str, str]) -> float | None:
    """Return by how many seconds this clock is ahead of the one that wrote `Date`; None without one."""
    theirs = parse_iso(headers.get("Date", ""))
    return None if theirs is None else time.time() - theirs


def is_wrong(ahead: float | None) -> bool:
    """Tell whether the clocks are further apart than is tolerated."""
    return ahead is not None and abs(ahead) > TOLERATED


def judge_clock(ahead: float | None) -> Finding:
    """Say how far the clocks are apart."""
    if ahead is None:
        return skipped(Check.CLOCK, "The cloud's response has no `Date`.")
    apart = f"{_length(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'} the cloud's"
    if is_wrong(ahead):
        return failed(Check.CLOCK, CLOCK_OFF, apart=apart)
    return passed(Check.CLOCK, f"It is {apart}." if abs(ahead) >= 2 else "It agrees with the cloud's.")


def _length(seconds: float) -> str:
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"
