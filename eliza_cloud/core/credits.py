"""Credits: how low a balance is, how fast it is spent, and how long it will last (dollars and hours).

What happens when the credits run out is in `link/table.py`, at `CreditsExhausted`.
"""

from enum import StrEnum

import msgspec

#: When a balance is low, critical (local-api §6), and too low for the cloud to start agents (cloud-api §15).
LOW_BELOW = 2.0
CRITICAL_BELOW = 0.5
MINIMUM_DEPOSIT = 5.0

#: Seconds between two polls of the balance while a link is connected.
POLL_INTERVAL = 300.0

#: Agents are billed once an hour, so that less than an hour of watching says nothing about a rate.
LEAST_HOURS = 1.0
#: After so many hours what was spent has half its weight: the rate is the present one, over several bills.
HALF_LIFE_HOURS = 6.0
_SMALLEST_RATE = 0.000001


class CreditLevel(StrEnum):
    """How low a balance is."""

    FINE = "fine"
    LOW = "low"
    CRITICAL = "critical"


class Spending(msgspec.Struct, frozen=True):
    """What watching the balance has shown.

    `at` is in wall-clock seconds. `spent` dollars in `hours`, both fading with age; top-ups are not spending.
    """

    balance: float
    at: float
    spent: float = 0.0
    hours: float = 0.0

    @property
    def rate(self) -> float | None:
        """Dollars an hour; None while too little has been seen to tell."""
        return self.spent / self.hours if self.hours >= LEAST_HOURS else None


def level_of(balance: float) -> CreditLevel:
    """Tell how low a balance is; the thresholds themselves are not below."""
    if balance < CRITICAL_BELOW:
        return CreditLevel.CRITICAL
    return CreditLevel.LOW if balance < LOW_BELOW else CreditLevel.FINE


def may_provision(balance: float, minimum: float | None = None) -> bool:
    """Tell whether the cloud will create, start and resume agents; `minimum` is what it last asked for."""
    return balance >= (MINIMUM_DEPOSIT if minimum is None else minimum)


def watched(before: Spending | None, balance: float, at: float) -> Spending:
    """Add one reading of the balance to what watching has shown."""
    if before is None:
        return Spending(balance, at)
    hours = max(0.0, at - before.at) / 3600
    kept = 0.5 ** (hours / HALF_LIFE_HOURS)
    return Spending(
        balance,
        at,
        spent=before.spent * kept + max(0.0, before.balance - balance),
        hours=before.hours * kept + hours,
    )


def hours_left(balance: float, rate: float | None) -> float | None:
    """Return how long the balance lasts at this rate; None when that is unknown or without end."""
    if rate is None or rate < _SMALLEST_RATE:
        return None
    return max(0.0, balance) / rate
