"""Topping up the account (local-api §9): a page to pay at, or a crypto payment."""

from typing import Annotated, Any, Literal

import msgspec
from aiohttp import web
from msgspec import Meta

from eliza_cloud.api.app_keys import BILLING
from eliza_cloud.api.http.inputs import Body, Parameter
from eliza_cloud.api.http.responses import answer
from eliza_cloud.api.openapi.operation import SuccessResponse
from eliza_cloud.api.resources.billing import Success
from eliza_cloud.api.resources.credits import Dollars
from eliza_cloud.api.resources.passthrough import ask_billing, billing_operation, pass_on
from eliza_cloud.cloud.types.billing import Verbatim
from eliza_cloud.cloud.types.models import text
from eliza_cloud.core.problems import KEY_NOT_IDEMPOTENT, PAYMENT_IN_BROWSER

_INVALID_AMOUNT = {"sentence": "Invalid top-up amount"}
#: Dollars that one payment may be about (cloud-api §19), as a number or in decimal digits.
CheckoutAmount = Annotated[
    Annotated[float, Meta(ge=1, le=1000)]
    | Annotated[str, Meta(pattern=r"^([1-9][0-9]{0,2}(\.[0-9]{1,9})?|1000(\.0{1,9})?)$")],
    Meta(extra=_INVALID_AMOUNT),
]
CryptoAmount = Annotated[
    Annotated[float, Meta(ge=1, le=10000)]
    | Annotated[str, Meta(pattern=r"^([1-9][0-9]{0,3}(\.[0-9]{1,9})?|10000(\.0{1,9})?)$")],
    Meta(extra=_INVALID_AMOUNT),
]


class TopUp(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """How much to pay in, between $1 and $1000. `mode` is accepted and has no effect."""

    amount_usd: CheckoutAmount
    mode: Any = None


class Checkout(msgspec.Struct, frozen=True, rename="camel"):
    """The page to pay at."""

    success: Success
    provider: Literal["stripe"]
    mode: Literal["hosted"]
    checkout_url: str
    session_id: str | None


class CryptoTopUp(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """How much to pay in, between $1 and $10000, in which currency (USDC) and over which network.

    An unknown network is left to the cloud to choose.
    """

    amount_usd: CryptoAmount
    currency: Any = None
    network: Any = None


class CryptoQuote(msgspec.Struct, frozen=True, rename="camel"):
    """A crypto payment that waits for its payer."""

    success: Success
    provider: Literal["oxapay"]
    invoice_id: str | None
    track_id: str | None
    network: str | None
    currency: str
    amount: Dollars
    amount_usd: Dollars
    payment_link_url: str
    expires_at: str | None


TOP_UP = Body(TopUp(25.0))
IDEMPOTENCY_KEY: Parameter[str | None] = Parameter(
    "Idempotency-Key",
    "Of this request: repeated with the same key and body, it opens the same page. Without it each request"
    " has one of its own.",
    Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{7,127}$(?!\n)")],
    place="header",
    default=None,
    example="top-up-2026-11-23",
    problem=KEY_NOT_IDEMPOTENT.example(),
)
CRYPTO_TOP_UP = Body(CryptoTopUp(25.0, "USDC", "BASE"))

CHECKOUT = billing_operation(
    "createCheckout",
    "Open a page to pay at",
    SuccessResponse(
        200,
        "The cloud's own page.",
        Checkout,
        Checkout(True, "stripe", "hosted", "https://checkout.stripe.com/c/pay/cs_1", "cs_1"),
    ),
    about="For an hour after that the balance is asked for past the cloud's cache.",
    parameters=(IDEMPOTENCY_KEY,),
    body=TOP_UP,
)
CRYPTO_QUOTE = billing_operation(
    "createCryptoQuote",
    "Open a crypto payment",
    SuccessResponse(
        200,
        "Where to pay.",
        CryptoQuote,
        CryptoQuote(
            success=True,
            provider="oxapay",
            invoice_id="p-1",
            track_id="t-1",
            network="BASE",
            currency="USDC",
            amount=25.0,
            amount_usd=25.0,
            payment_link_url="https://pay.oxapay.com/1",
            expires_at="2026-11-23T20:15:00.000Z",
        ),
    ),
    PAYMENT_IN_BROWSER.example(),
    body=CRYPTO_TOP_UP,
)

_NETWORKS = frozenset({"ERC20", "TRC20", "BEP20", "POLYGON", "SOL", "BASE", "ARB", "OP"})
_ALIASES = {
    "BSC": "BEP20",
    "ETH": "ERC20",
    "MATIC": "POLYGON",
    "SOLANA": "SOL",
    "ARBITRUM": "ARB",
    "OPTIMISM": "OP",
    "TRON": "TRC20",
}


async def checkout(request: web.Request) -> web.Response:
    """POST …/checkout {amountUsd, mode?}: the page to pay at, always the cloud's own, whatever `mode` is."""
    amount = float((await TOP_UP.read(request)).amount_usd)
    key = IDEMPOTENCY_KEY.read(request)
    found = await ask_billing(request, lambda billing: billing.checkout(amount, idempotency_key=key))
    if isinstance(found, Verbatim):
        return pass_on(found)
    request.app[BILLING].top_up_begun()
    return answer(
        Checkout(
            success=True,
            provider="stripe",
            mode="hosted",
            checkout_url=found.url,
            session_id=found.session_id,
        )
    )


async def crypto_quote(request: web.Request) -> web.Response:
    """POST …/crypto/quote {amountUsd, currency?, network?}: 403 where the cloud wants a browser for it."""
    wanted = await CRYPTO_TOP_UP.read(request)
    amount = float(wanted.amount_usd)
    currency = (text(wanted.currency) or "USDC").upper()
    network = _network(wanted.network)
    found = await ask_billing(request, lambda billing: billing.crypto_invoice(amount, currency, network))
    if isinstance(found, Verbatim):
        return pass_on(found)
    request.app[BILLING].top_up_begun()
    return answer(
        CryptoQuote(
            success=True,
            provider="oxapay",
            invoice_id=found.payment_id,
            track_id=found.track_id,
            network=network,
            currency=currency,
            amount=amount,
            amount_usd=amount,
            payment_link_url=found.pay_link,
            expires_at=found.expires_at,
        )
    )


def _network(wanted: Any) -> str | None:
    """Return the network under the cloud's name; None for one it does not have, so that it chooses."""
    name = (text(wanted) or "").upper()
    name = _ALIASES.get(name, name)
    return name if name in _NETWORKS else None
