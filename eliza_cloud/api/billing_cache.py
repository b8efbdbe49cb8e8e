"""What billing remembers between requests, for as long as the process runs."""

from collections.abc import Callable

#: Seconds: how long a checkout may take to be paid, and how long an answer about crypto payments is kept.
TOP_UP_TAKES = 3600.0
CRYPTO_STATUS_KEPT = 60.0


class BillingMemory:
    """Remembers top-ups that were begun, and whether the cloud takes crypto payments from this key."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._top_up_until: float | None = None
        self._crypto: tuple[int, float, bool] | None = None

    def top_up_begun(self) -> None:
        """Note that the balance may grow from now on."""
        self._top_up_until = self._monotonic() + TOP_UP_TAKES

    @property
    def expects_top_up(self) -> bool:
        """Whether a top-up was begun within the last hour."""
        return self._top_up_until is not None and self._monotonic() < self._top_up_until

    def crypto_enabled(self, key_generation: int) -> bool | None:
        """Return the cloud's answer for this key of the last minute; None when it has to be asked."""
        if self._crypto is None:
            return None
        number, until, enabled = self._crypto
        return enabled if number == key_generation and self._monotonic() < until else None

    def note_crypto(self, key_generation: int, *, enabled: bool) -> None:
        """Note what the cloud answered for this key."""
        self._crypto = (key_generation, self._monotonic() + CRYPTO_STATUS_KEPT, enabled)
