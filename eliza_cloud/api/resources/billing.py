"""Money (local-api §9): what the account holds, how one can pay, what came in and went out."""

from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import msgspec
from aiohttp import web
from msgspec import Meta

from eliza_cloud.api.app_keys import BILLING, MANAGER
from eliza_cloud.api.http.inputs import Parameter
from eliza_cloud.api.http.responses import answer
from eliza_cloud.api.openapi.operation import SuccessResponse
from eliza_cloud.api.resources.credits import Dollars
from eliza_cloud.api.resources.passthrough import ask_billing, billing_operation, pass_on
from eliza_cloud.cloud.types.billing import LedgerEntry, Verbatim
from eliza_cloud.core.credits import CRITICAL_BELOW, LOW_BELOW
from eliza_cloud.core.views.status import TOP_UP_URL
from eliza_cloud.runtime.errors import LinkError

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
    """A way to pay. The cloud reports only that there is one."""

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


_Count = Annotated[int, Meta(ge=1, le=99999)]
HOURS: Parameter[int | None] = Parameter("hours", "How far to look back.", _Count, default=None, example=24)
LIMIT: Parameter[int | None] = Parameter("limit", "How many lines at most.", _Count, default=None, example=50)
_CARD = Card(id="stripe-default", type="card", label="Card on file", brand=None, is_default=True)

SUMMARY = billing_operation(
    "getBillingSummary",
    "Balance, automatic top-up, and how one can pay",
    SuccessResponse(
        200,
        "As it is now.",
        BillingSummary,
        BillingSummary(
            success=True,
            balance=15.5,
            currency="USD",
            top_up_url=TOP_UP_URL,
            embedded_checkout_enabled=False,
            hosted_checkout_enabled=True,
            crypto_enabled=False,
            low=False,
            critical=False,
            has_payment_method=True,
            auto_top_up_enabled=False,
            auto_top_up_amount=None,
            auto_top_up_threshold=None,
            minimum_top_up=5.0,
        ),
    ),
)
PAYMENT_METHODS = billing_operation(
    "listPaymentMethods",
    "Ways to pay that are on file",
    SuccessResponse(200, "At most one.", PaymentMethods, PaymentMethods(True, [_CARD])),
)
_LINE = LedgerLine(
    id="tx-1",
    kind="debit",
    provider=None,
    status="usage",
    amount=-0.01,
    currency="USD",
    description="Agent hosting",
    created_at="2026-11-23T20:15:00.000Z",
)
HISTORY = billing_operation(
    "getBillingHistory",
    "What came in and went out",
    SuccessResponse(200, "The ledger.", History, History(True, [_LINE], 1, None)),
    parameters=(HOURS, LIMIT),
)


async def summary(request: web.Request) -> web.Response:
    """GET …/summary: balance, thresholds, automatic top-up, and how one can pay."""
    found = await ask_billing(request, lambda billing: billing.summary())
    if isinstance(found, Verbatim):
        return pass_on(found)
    return answer(
        BillingSummary(
            success=True,
            balance=found.balance,
            currency="USD",
            top_up_url=TOP_UP_URL,
            embedded_checkout_enabled=False,
            hosted_checkout_enabled=True,
            crypto_enabled=await _crypto_enabled(request),
            low=found.balance < LOW_BELOW,
            critical=found.balance < CRITICAL_BELOW,
            has_payment_method=found.has_payment_method,
            auto_top_up_enabled=found.auto_top_up,
            auto_top_up_amount=found.auto_top_up_amount,
            auto_top_up_threshold=found.auto_top_up_threshold,
            minimum_top_up=found.minimum_top_up,
        )
    )


async def payment_methods(request: web.Request) -> web.Response:
    """GET …/payment-methods: the cloud reports only whether there is one, so at most one is shown."""
    found = await ask_billing(request, lambda billing: billing.summary())
    if isinstance(found, Verbatim):
        return pass_on(found)
    return answer(PaymentMethods(success=True, data=[_CARD] if found.has_payment_method else []))


async def history(request: web.Request) -> web.Response:
    """GET …/history?hours=&limit=: what came in and went out, newest first."""
    given = {one.name: one.read(request) for one in (HOURS, LIMIT)}
    query = urlencode({name: count for name, count in given.items() if count is not None})
    found = await ask_billing(request, lambda billing: billing.ledger(f"?{query}" if query else ""))
    if isinstance(found, Verbatim):
        return pass_on(found)
    data = [_shown(entry) for entry in found.entries]
    return answer(History(success=True, data=data, total=found.total, period=found.period))


async def _crypto_enabled(request: web.Request) -> bool:
    """Ask whether crypto payments are taken, at most once a minute; what cannot be read is a no."""
    memory, key_generation = request.app[BILLING], request.app[MANAGER].facts.key_generation
    known = memory.crypto_enabled(key_generation)
    if known is not None:
        return known
    try:
        found = await ask_billing(request, lambda billing: billing.crypto_enabled())
    except LinkError:
        found = False
    enabled = found is True
    memory.note_crypto(key_generation, enabled=enabled)
    return enabled


def _shown(entry: LedgerEntry) -> LedgerLine:
    return LedgerLine(
        id=entry.id,
        kind=entry.kind,
        provider="stripe" if entry.is_card_payment else None,
        status="usage" if entry.amount < 0 else "credited",
        amount=entry.amount,
        currency="USD",
        description=entry.description,
        created_at=entry.created_at,
    )
