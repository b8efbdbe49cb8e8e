"""Starting what costs: only at a price that its owner has agreed to (cloud-api-latest L2)."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from eliza_cloud.cloud.errors import PriceConfirmationRequired
from eliza_cloud.cloud.types.models import Pricing
from eliza_cloud.store.config.settings import Settings

T = TypeVar("T")


async def at_price(
    call: Callable[[str | None], Awaitable[T]], accepted_price: str | None, settings: Settings
) -> T:
    """Make a call at the price agreed to, or at one within the limits of the settings.

    The value that accepts a price is always the one the cloud has just named, never one made here. Raises
    `PriceConfirmationRequired` for any other price; nothing was started then.
    """
    try:
        return await call(accepted_price)
    except PriceConfirmationRequired as error:
        if error.pricing is None or not is_within_limits(settings, error.pricing):
            raise
        return await call(error.pricing.acceptance_value)


def is_within_limits(settings: Settings, pricing: Pricing) -> bool:
    """Tell whether a price is within both limits, in USD; without both of them none is."""
    hourly, start = settings.max_hourly_usd, settings.max_start_usd
    if hourly is None or start is None or pricing.currency != "USD":
        return False
    return pricing.hourly_rate_usd <= hourly and pricing.minimum_activation_charge_usd <= start
