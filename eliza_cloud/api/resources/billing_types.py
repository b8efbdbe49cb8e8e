"""What the billing routes take and answer, for the API's document."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from eliza_cloud.api.openapi.error_examples import BODY, CLOUD, invalid
from eliza_cloud.api.openapi.operation import Body, Operation, Parameter, SuccessResponse
from eliza_cloud.api.resources.credits import Dollars
from eliza_cloud.core.problems import Problem
from eliza_cloud.core.views.status import TOP_UP_URL

_GROUP = "Credits and billing"
_WHEN = "2026-11-23T20:15:00.000Z"
#: Dollars that one payment may be about (cloud-api §19).
CHECKOUT_LIMITS = (1.0, 1000.0)
CRYPTO_LIMITS = (1.0, 10000.0)

Success = Annotated[bool, Meta(extra_json_schema={"const": True})]


class BillingSummary(msgspec.Struct, frozen=True, rename="camel"):
    """What the account holds and how one can pay."""

    success: Success
    balance: Dollars
    currency: Literal["USD"]
    top_up_url: str
    embedded_checkout_enabled: bool
    hosted_checkout_enabled: bool
    crypto_enabled: bool
    low: bool
    critical: bool
    has_payment_method: bool
    auto_top_up_enabled: bool
    auto_top_up_amount: Dollars | None
    auto_top_up_threshold: Dollars | None
    minimum_top_up: Dollars | None


class Card(msgspec.Struct, frozen=True, rename="camel"):
    """A way to pay. The cloud says no more than that there is one."""

    id: str
    type: Literal["card"]
    label: str
    brand: str | None
    is_default: bool


class PaymentMethods(msgspec.Struct, frozen=True):
    """The card on file, if there is one."""

    success: Success
    data: list[Card]


class LedgerLine(msgspec.Struct, frozen=True, rename="camel"):
    """What came in or went out; negative amounts are usage."""

    id: str
    kind: str | None
    provider: Literal["stripe"] | None
    status: Literal["usage", "credited"]
    amount: Dollars
    currency: Literal["USD"]
    description: str | None
    created_at: str | None


class History(msgspec.Struct, frozen=True):
    """Lines of the ledger, newest first. `period` is the cloud's own."""

    success: Success
    data: list[LedgerLine]
    total: int
    period: Any


class TopUp(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """How much to pay in, between $1 and $1000. `mode` is accepted and has no effect."""

    amount_usd: Annotated[float, Meta(ge=CHECKOUT_LIMITS[0], le=CHECKOUT_LIMITS[1])]
    mode: Any = None


class Checkout(msgspec.Struct, frozen=True, rename="camel"):
    """The page to pay at."""

    success: Success
    provider: Literal["stripe"]
    mode: Literal["hosted"]
    checkout_url: str
    session_id: str | None


class CryptoTopUp(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """How much to pay in, between $1 and $10000, in which currency (USDC) and over which network."""

    amount_usd: Annotated[float, Meta(ge=CRYPTO_LIMITS[0], le=CRYPTO_LIMITS[1])]
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


_OTHERS = "What the cloud answered instead of a success, as it said it; `error` is a sentence."
_AMOUNT = invalid("Invalid top-up amount")
_PLAIN = BillingSummary(
    True, 15.5, "USD", TOP_UP_URL, False, True, False, False, False, True, False, None, None, 5.0
)  # fmt: skip


def _count(name: str, about: str, example: str) -> Parameter:
    return Parameter(name, about, Annotated[str, Meta(pattern="^[1-9][0-9]{0,4}$")], example=example)


def _operation(summary: str, answer: SuccessResponse, *errors: Problem, **more: Any) -> Operation:
    return Operation(
        group=_GROUP,
        summary=summary,
        answers=(answer,),
        errors=(*errors, *CLOUD),
        others=_OTHERS,
        verbatim=True,
        **more,
    )


SUMMARY = _operation(
    "Balance, automatic top-up, and how one can pay",
    SuccessResponse(200, "As it is now.", BillingSummary, _PLAIN),
)
PAYMENT_METHODS = _operation(
    "Ways to pay that are on file",
    SuccessResponse(
        200,
        "At most one.",
        PaymentMethods,
        PaymentMethods(True, [Card("stripe-default", "card", "Card on file", None, is_default=True)]),
    ),
)
HISTORY = _operation(
    "What came in and went out",
    SuccessResponse(
        200,
        "The ledger.",
        History,
        History(
            True,
            [LedgerLine("tx-1", "debit", None, "usage", -0.01, "USD", "Agent hosting", _WHEN)],
            1,
            None,
        ),
    ),
    invalid("hours must be a whole number from 1 to 99999"),
    parameters=(
        _count("hours", "How far to look back.", "24"),
        _count("limit", "How many lines at most.", "50"),
    ),
)
CHECKOUT = _operation(
    "Open a page to pay at",
    SuccessResponse(
        200,
        "The cloud's own page.",
        Checkout,
        Checkout(True, "stripe", "hosted", "https://checkout.stripe.com/c/pay/cs_1", "cs_1"),
    ),
    *BODY,
    _AMOUNT,
    about="For an hour after that the balance is asked for past the cloud's cache.",
    body=Body(model=TopUp, example=TopUp(25.0)),
)
CRYPTO_QUOTE = _operation(
    "Open a crypto payment",
    SuccessResponse(
        200,
        "Where to pay.",
        CryptoQuote,
        CryptoQuote(
            True, "oxapay", "p-1", "t-1", "BASE", "USDC", 25.0, 25.0, "https://pay.oxapay.com/1", _WHEN
        ),
    ),
    *BODY,
    _AMOUNT,
    Problem(
        code="browser_required",
        status=403,
        message="Eliza Cloud takes crypto payments from its own web page only, not with an API key.",
    ),
    body=Body(model=CryptoTopUp, example=CryptoTopUp(25.0, "USDC", "BASE")),
)


def _passed_on(summary: str, *parameters: Parameter, body: bool = False) -> Operation:
    """Return the contract of a call that is passed on: what travels is in the cloud's own form."""
    return _operation(
        summary,
        SuccessResponse(200, "The cloud's own answer.", dict[str, Any], {"success": True}),
        *(BODY if body else ()),
        about="Passed on to Eliza Cloud as it is.",
        parameters=parameters,
        body=Body(model=dict[str, Any], example={"autoTopUp": {"enabled": False}}) if body else None,
    )


_FRESH = Parameter("fresh", "`true` asks past the cloud's cache.", example="true")
_SESSION = Parameter(
    "session_id",
    "Of the checkout.",
    Annotated[str, Meta(min_length=1, pattern=r"\S")],
    required=True,
    example="cs_1",
)

SHOW_SETTINGS = _passed_on("Billing settings")
CHANGE_SETTINGS = _passed_on("Change billing settings", body=True)
CLOUD_BALANCE = _passed_on("The cloud's own answer about the balance", _FRESH)
CLOUD_SUMMARY = _passed_on("The cloud's own summary")
VERIFY = _passed_on("Whether a checkout was paid", _SESSION)
CRYPTO_STATUS = _passed_on("Whether crypto payments are taken")
CRYPTO_PAID = _passed_on("Crypto payments there were")
