"""What is wrong with this process and its machine, whichever link one looks from: health shows it with each.

What a link meets stands in its facts, and so in its journal; a log that cannot be written, or a descriptor
limit, is no event of any link.
"""

import threading
from collections.abc import Callable

from eliza_cloud.core.link.state import OngoingProblem
from eliza_cloud.core.problems import Problem


class Conditions:
    """The problems that last, by their codes; for any thread. `now` gives wall-clock seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._problems: dict[str, OngoingProblem] = {}

    def note(self, problem: Problem) -> bool:
        """Note that it holds from now on, or still; tell whether that is new."""
        with self._lock:
            known = self._problems.get(problem.code)
            since = self._now() if known is None else known.since
            self._problems[problem.code] = OngoingProblem(problem, since)
            return known is None

    def end(self, code: str) -> bool:
        """Note that it is over; tell whether it was known."""
        with self._lock:
            return self._problems.pop(code, None) is not None

    @property
    def problems(self) -> tuple[OngoingProblem, ...]:
        """Those that hold now, the first that was noted first."""
        return tuple(self._problems.values())
