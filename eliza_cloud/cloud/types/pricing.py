"""What a start costs (cloud-api-latest L2, L4): the price of a 428, and the quote of an upgrade."""

from typing import Any

from eliza_cloud.cloud.errors import CloudError, InvalidRequest, InvalidResponse, PriceConfirmationRequired
from eliza_cloud.cloud.types.decode import unexpected
from eliza_cloud.cloud.types.fields import members, number, text
from eliza_cloud.cloud.types.models import Pricing, UpgradeQuote
from eliza_cloud.core.problems import (
    PRICE_CONFIRMATION_REQUIRED,
    PRICE_NOT_NAMED,
    PRICE_NOT_SENDABLE,
    PRICE_UNUSABLE,
)

#: The header with which a price is accepted.
PRICE_HEADER = "X-Eliza-Dedicated-Price"
#: Characters of the value that accepts a price.
MAX_ACCEPTANCE = 256


def accepting(price: str) -> dict[str, str]:
    """Return the header that accepts a price, byte for byte; raises `InvalidRequest` for what can be none."""
    if not _is_sendable(price):
        raise InvalidRequest(PRICE_NOT_SENDABLE.occurred())
    return {PRICE_HEADER: price}


def require_price(document: dict[str, Any], said: str, details: dict[str, Any]) -> CloudError:
    """Return the error for a 428; one without a usable price is an `InvalidResponse`."""
    if "pricing" not in document:
        problem = PRICE_NOT_NAMED.occurred(said=said, details=details)
        return PriceConfirmationRequired(problem, cloud_status=428)
    raw = members(document["pricing"])
    value, currency = raw.get("acceptanceValue"), text(raw.get("currency"))
    hourly, minimum = number(raw.get("hourlyRateUsd")), number(raw.get("minimumActivationChargeUsd"))
    if not isinstance(value, str) or not _is_sendable(value):
        return _unusable("names no value that could be sent back")
    if currency is None or hourly is None or minimum is None or hourly < 0 or minimum < 0:
        return _unusable("does not say what it is")
    pricing = Pricing(currency, hourly, minimum, value)
    problem = PRICE_CONFIRMATION_REQUIRED.occurred(
        hourly=f"{hourly:g}",
        minimum=f"{minimum:g}",
        details={
            **details,
            "pricing": {
                "currency": currency,
                "hourlyRateUsd": hourly,
                "minimumActivationChargeUsd": minimum,
                "acceptanceValue": value,
            },
        },
    )
    return PriceConfirmationRequired(problem, pricing=pricing, cloud_status=428)


def read_quote(document: dict[str, Any]) -> UpgradeQuote:
    """Read the quote for making a shared agent dedicated; it may stand in `data` or by itself."""
    quote = quote_or_none(members(document.get("data")) or document)
    if quote is None:
        raise unexpected("the quote has no id or no price")
    return quote


def quote_or_none(raw: dict[str, Any]) -> UpgradeQuote | None:
    """Read a quote; None for what is none."""
    quote_id = text(raw.get("quoteId"))
    hourly, minimum = number(raw.get("hourlyRateUsd")), number(raw.get("minimumActivationChargeUsd"))
    if quote_id is None or hourly is None or minimum is None:
        return None
    activation = members(raw.get("activation"))
    return UpgradeQuote(
        id=quote_id,
        hourly_rate_usd=hourly,
        minimum_activation_charge_usd=minimum,
        minimum_balance_usd=number(raw.get("minimumBalanceUsd")),
        balance_usd=number(raw.get("balanceUsd")),
        deficit_usd=number(raw.get("deficitUsd")),
        can_activate=raw.get("canActivate") is not False,
        unavailable_reason=text(raw.get("unavailableReason")),
        dedicated_agent_id=text(activation.get("dedicatedAgentId")),
        raw=raw,
    )


def _unusable(what: str) -> InvalidResponse:
    return InvalidResponse(PRICE_UNUSABLE.occurred(what=what), cloud_status=428)


def _is_sendable(value: str) -> bool:
    """Tell whether a value is short visible ASCII, as every header value of ours is."""
    return 0 < len(value) <= MAX_ACCEPTANCE and all("!" <= character <= "~" for character in value)
