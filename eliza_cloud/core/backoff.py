"""How long to wait before an attempt (architecture: Repair): a pure function of attempt and jitter."""

import msgspec

RETRY_AFTER_CAP = 300.0
_MAX_DOUBLINGS = 64  # beyond any ceiling, and far below where a float overflows


class Backoff(msgspec.Struct, frozen=True):
    """The delays of the reconnect attempts, in seconds; `attempts` 0 means without end."""

    initial: float = 3.0
    factor: float = 2.0
    ceiling: float = 60.0
    attempts: int = 10


def documented_delay(backoff: Backoff, attempt: int) -> float:
    """Return the longest wait before attempt `attempt` (from 1): 3, 6, 12, 24, 48, 60, 60 … seconds."""
    return min(backoff.ceiling, backoff.initial * backoff.factor ** min(attempt - 1, _MAX_DOUBLINGS))


def delay(backoff: Backoff, attempt: int, jitter: float, retry_after: float | None = None) -> float:
    """Return the seconds to wait before attempt number `attempt`.

    `jitter` in 0…1 only shortens the documented delay, to no less than half. The cloud's `Retry-After` is a
    floor, itself capped at five minutes.
    """
    jittered = documented_delay(backoff, attempt) * (0.5 + 0.5 * jitter)
    return max(jittered, min(retry_after or 0.0, RETRY_AFTER_CAP))


def attempts_left(backoff: Backoff, attempt: int) -> bool:
    """Tell whether another attempt may follow attempt number `attempt`."""
    return backoff.attempts == 0 or attempt < backoff.attempts
