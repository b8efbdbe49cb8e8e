"""What a step expects, and how it fails."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

from eliza_cloud.cli.client.http import Body

T = TypeVar("T")

POLL_INTERVAL = 0.05
WITHIN = 15.0


class StepError(Exception):
    """A step did not do what it should."""

    def __init__(self, expected: str, found: Any) -> None:
        super().__init__(f"expected {expected}, found {found}")


def expect(expected: str, found: Any, *, holds: bool) -> None:
    """Fail the step unless `holds`."""
    if not holds:
        raise StepError(expected, found)


def eventually(expected: str, look: Callable[[], T], holds: Callable[[T], bool]) -> T:
    """Look until it holds and return what was found; fails the step after fifteen seconds."""
    deadline = time.monotonic() + WITHIN
    while not holds(found := look()):
        if time.monotonic() > deadline:
            raise StepError(f"{expected} within {WITHIN:.0f} s", found)
        time.sleep(POLL_INTERVAL)
    return found


def link_of(status: Body) -> Body:
    """Return the link's part of a status."""
    link: Body = status.get("connection") or {}
    return link
