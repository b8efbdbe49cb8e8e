"""Money (local-api §9): what the account holds, what it was spent on, how to top it up."""

import math
import re
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from eliza_cloud.api.app_keys import BILLING, MANAGER
from eliza_cloud.api.http.request_body import read_object
from eliza_cloud.api.http.responses import answer
from eliza_cloud.api.middleware.errors import bad_request
from eliza_cloud.api.resources.billing_types import (
    CHECKOUT_LIMITS,
    CRYPTO_LIMITS,
    BillingSummary,
    Card,
    Checkout,
    CryptoQuote,
    History,
    LedgerLine,
    PaymentMethods,
)
from eliza_cloud.cloud.billing import Billing
from eliza_cloud.cloud.types.billing import LedgerEntry, Verbatim
from eliza_cloud.cloud.types.fields import number, text
from eliza_cloud.core.credits import CRITICAL_BELOW, LOW_BELOW
from eliza_cloud.core.problems import Problem
from eliza_cloud.core.views.status import TOP_UP_URL
from eliza_cloud.runtime.errors import LinkError

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
_COUNT = re.compile(r"[1-9][0-9]{0,4}")
_CARD = Card(id="stripe-default", type="card", label="Card on file", brand=None, is_default=True)


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
    """GET …/payment-methods: the cloud says only whether there is one, so at most one is shown."""
    found = await ask_billing(request, lambda billing: billing.summary())
    if isinstance(found, Verbatim):
        return pass_on(found)
    return answer(PaymentMethods(success=True, data=[_CARD] if found.has_payment_method else []))


async def history(request: web.Request) -> web.Response:
    """GET …/history?hours=&limit=: what came in and went out, newest first."""
    query = _history_query(request)
    found = await ask_billing(request, lambda billing: billing.ledger(query))
    if isinstance(found, Verbatim):
        return pass_on(found)
    data = [_shown(entry) for entry in found.entries]
    return answer(History(success=True, data=data, total=found.total, period=found.period))


async def checkout(request: web.Request) -> web.Response:
    """POST …/checkout {amountUsd, mode?}: the page to pay at, always the cloud's own whatever `mode` says."""
    amount = _amount(await read_object(request), CHECKOUT_LIMITS)
    found = await ask_billing(request, lambda billing: billing.checkout(amount))
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
    body = await read_object(request)
    amount = _amount(body, CRYPTO_LIMITS)
    currency = (text(body.get("currency")) or "USDC").upper()
    network = _network(body)
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


def _history_query(request: web.Request) -> str:
    given = {name: request.query[name] for name in ("hours", "limit") if name in request.query}
    for name, value in given.items():
        if not _COUNT.fullmatch(value):
            raise bad_request(f"{name} must be a whole number from 1 to 99999")
    return f"?{urlencode(given)}" if given else ""


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


def _amount(body: dict[str, Any], limits: tuple[float, float]) -> float:
    amount = number(body.get("amountUsd"))
    if amount is None or not limits[0] <= amount <= limits[1]:
        raise bad_request("Invalid top-up amount")
    return amount


def _network(body: dict[str, Any]) -> str | None:
    """Return the network under the cloud's name; None for one it does not have, so that it chooses."""
    name = (text(body.get("network")) or "").upper()
    name = _ALIASES.get(name, name)
    return name if name in _NETWORKS else None


_TEXTS = {
    "not_authenticated": "Not connected to Eliza Cloud. Please log in first.",
    "cloud_timeout": "Eliza Cloud {what} request timed out",
}

T = TypeVar("T")


async def ask_billing(request: web.Request, call: Callable[[Billing], Coroutine[Any, Any, T]]) -> T:
    """Make a billing call with the keys there are; raises `LinkError`."""
    manager = request.app[MANAGER]
    service_key = manager.settings.service_key
    try:
        found = await manager.ask_cloud(lambda cloud: call(cloud.billing(service_key)))
    except LinkError as error:
        raise LinkError(in_contract_words(error.problem, "billing")) from error
    if isinstance(found, Verbatim) and found.status == 401:
        manager.reverify_key()
    return found


def in_contract_words(problem: Problem, what: str) -> Problem:
    """Say a failure as front ends know it; a base URL that is refused is no fault of theirs."""
    status = 502 if problem.code == "base_url_refused" else problem.status
    message = _TEXTS.get(problem.code, problem.message)
    return msgspec.structs.replace(problem, status=status, message=message.format(what=what))


def pass_on(said: Verbatim) -> web.Response:
    """Answer what the cloud said, with its status and how long it asks to wait."""
    waits = said.retry_after
    headers = {} if waits is None else {"Retry-After": str(max(1, math.ceil(waits)))}
    return answer(said.document, said.status, headers)


def _passed_on(path: str, *parameters: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Make the handler that passes a request on to `path` of the cloud, with these query parameters only."""

    async def handler(request: web.Request) -> web.Response:
        body = await read_object(request) if request.method == "PUT" else None
        query = urlencode([(name, request.query[name]) for name in parameters if name in request.query])
        target = f"{path}?{query}" if query else path
        method = "GET" if request.method == "HEAD" else request.method
        return pass_on(await ask_billing(request, lambda billing: billing.pass_on(method, target, body)))

    return handler


cloud_settings = _passed_on("/api/v1/billing/settings")
cloud_balance = _passed_on("/api/v1/credits/balance", "fresh")
cloud_summary = _passed_on("/api/v1/credits/summary")
verify_checkout = _passed_on("/api/v1/credits/verify", "session_id")
crypto_status = _passed_on("/api/crypto/status")
crypto_paid = _passed_on("/api/crypto/payments")
