"""A bound on guessing the token that never delays who knows it."""

import math
from collections import deque
from collections.abc import Callable

WINDOW = 60.0
GUESSES = 10


class WrongTokens:
    """Counts wrong tokens; from the 11th within a minute on, a wrong one learns only how long to wait."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._times: deque[float] = deque(maxlen=GUESSES)

    def another(self) -> int | None:
        """Note one more; return the whole seconds to wait when there were too many, else None."""
        now = self._monotonic()
        if len(self._times) == GUESSES and now - self._times[0] < WINDOW:
            return math.ceil(self._times[0] + WINDOW - now)
        self._times.append(now)
        return None
