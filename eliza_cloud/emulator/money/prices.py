"""What a dedicated agent costs in generation L, and the consent that a start needs (cloud-api-latest L2, L3).

All figures can be set: real ones move, and a client must take the value from the 428.
"""

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from eliza_cloud.emulator.server import settings
from eliza_cloud.emulator.server.cloud import CLOUD, Cloud
from eliza_cloud.emulator.server.responses import ApiError, dollars

HEADER: Final = "X-Eliza-Dedicated-Price"
_HOURLY: Final = 10_000
# Besides create, provision and resume, which always ask.
OPEN_CALLS: Final = ("wake", "upgrade")


@dataclass(frozen=True, slots=True)
class Tariff:
    """Prices in millionths of a dollar: an hour, and the least that each successful start costs."""

    hourly: int
    activation: int

    @property
    def acceptance_value(self) -> str:
        """The header value that accepts exactly this price."""
        return f"dedicated-compute-v1:USD:{self.hourly / 1e6:.6f}:{self.activation / 1e6:.6f}"


def tariff(cloud: Cloud) -> Tariff:
    """The tariff in force."""
    hourly = settings.read(cloud, "hourly_price")
    activation = settings.read(cloud, "activation_price")
    rate = hourly if isinstance(hourly, int) else _HOURLY
    return Tariff(rate, activation if isinstance(activation, int) else 2 * rate)


def asks_for_price(cloud: Cloud, call: str) -> bool:
    """Whether a call of which the contract leaves it open asks for the price; it does not unless set so."""
    calls = settings.read(cloud, "priced_calls", [])
    return isinstance(calls, list) and call in calls


def require_acceptance(request: web.Request) -> str:
    """The accepted price, which is the one in force; raises the 428 that tells it."""
    price = tariff(request.app[CLOUD])
    accepted = request.headers.get(HEADER)
    if accepted == price.acceptance_value:
        return accepted
    hourly, activation = dollars(price.hourly), dollars(price.activation)
    raise ApiError(
        428,
        {
            "success": False,
            "code": "DEDICATED_PRICE_CONFIRMATION_REQUIRED",
            "error": f"Confirm the price of dedicated compute: ${hourly} per hour, at least ${activation}.",
            "pricing": {
                "currency": "USD",
                "hourlyRateUsd": hourly,
                "minimumActivationChargeUsd": activation,
                "acceptanceHeader": HEADER,
                "acceptanceValue": price.acceptance_value,
            },
        },
    )
