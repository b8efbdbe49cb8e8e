"""The calls about money (cloud-api §15). What the cloud refuses is returned as it said it."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar
from uuid import uuid4

from eliza_cloud.cloud.errors import AccessDenied, InvalidRequest
from eliza_cloud.cloud.http.address import CloudAddress, billing_page
from eliza_cloud.cloud.http.error_body import body_retry_after, cloud_text
from eliza_cloud.cloud.http.error_mapping import error_for, success
from eliza_cloud.cloud.http.request import CloudResponse, Exchange, deadline
from eliza_cloud.cloud.types.billing import (
    AccountSummary,
    CheckoutPage,
    CryptoInvoice,
    Ledger,
    Verbatim,
    read_checkout,
    read_crypto_invoice,
    read_crypto_status,
    read_hourly_rates,
    read_ledger,
    read_summary,
)
from eliza_cloud.core.problems import KEY_NOT_IDEMPOTENT, PAYMENT_IN_BROWSER
from eliza_cloud.core.views.status import TOP_UP_URL
from eliza_cloud.redaction.secret import CloudTextRedactor, Secret

#: Seconds for each call (local-api §9).
TIMEOUT = 15.0
_IDEMPOTENCY_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{7,127}")

T = TypeVar("T")


class Billing:
    """Billing with one key. An answer of 400 or more is returned as `Verbatim`, all else raises `CloudError`.

    The service key, if there is one, goes along as `X-Service-Key` (cloud-api §20).
    """

    def __init__(self, exchange: Exchange, address: CloudAddress, service_key: Secret | None) -> None:
        self._exchange = exchange
        self._address = address
        self._service_key = service_key
        self._redaction = CloudTextRedactor(service_key)

    async def summary(self) -> AccountSummary | Verbatim:
        """Return balance and top-up settings."""
        return await self._read("GET", "/api/v1/credits/summary", None, read_summary)

    async def ledger(self, query: str) -> Ledger | Verbatim:
        """Return what came in and went out; `query` is `hours` and `limit`, encoded."""
        return await self._read("GET", f"/api/credits/transactions{query}", None, read_ledger)

    async def crypto_enabled(self) -> bool | Verbatim:
        """Tell whether the cloud takes crypto payments."""
        return await self._read("GET", "/api/crypto/status", None, read_crypto_status)

    async def checkout(
        self, dollars: float, *, idempotency_key: str | None = None
    ) -> CheckoutPage | Verbatim:
        """Open a payment page, which leads back to the cloud's own pages.

        `idempotency_key` is the caller's; without one each request has its own. A server error of the cloud
        is raised, all it refuses otherwise is returned.
        """
        if idempotency_key is None:
            idempotency_key = str(uuid4())
        elif not _IDEMPOTENCY_KEY.fullmatch(idempotency_key):
            raise InvalidRequest(KEY_NOT_IDEMPOTENT.occurred())
        pages = self._address.pages_url
        page = f"{pages}{billing_page(pages.site)}"
        # The newest generation prefers `amountUsd`, but takes this as the others do.
        body = {"credits": dollars, "success_url": page, "cancel_url": page}
        headers = {"Idempotency-Key": idempotency_key}
        answer = await self._ask("POST", "/api/v1/credits/checkout", body, headers)
        if answer.status >= 500:
            raise error_for(answer, self._exchange.redaction)
        return verbatim(answer) if answer.status >= 400 else read_checkout(self._success(answer))

    async def hourly_rates(self) -> dict[str, float] | Verbatim:
        """Return what each running agent costs an hour, in dollars by its id, as far as the cloud tells."""
        return await self._read("GET", "/api/v1/billing/limits", None, read_hourly_rates)

    async def crypto_invoice(
        self, dollars: float, currency: str, network: str | None
    ) -> CryptoInvoice | Verbatim:
        """Open a crypto payment; raises `AccessDenied` where the cloud wants a browser for it."""
        body: dict[str, Any] = {"amount": dollars, "currency": "USD", "payCurrency": currency}
        if network is not None:
            body["network"] = network
        outcome = await self._read("POST", "/api/crypto/payments", body, read_crypto_invoice)
        if isinstance(outcome, Verbatim) and _wants_browser(outcome):
            raise AccessDenied(PAYMENT_IN_BROWSER.occurred(url=TOP_UP_URL, details={"topUpUrl": TOP_UP_URL}))
        return outcome

    async def pass_on(self, method: str, path: str, body: Any = None) -> Verbatim:
        """Make any call of the site; `path` is encoded, and the caller's to choose with care."""
        answer = await self._ask(method, path, body)
        if answer.status < 400 and answer.document is None:
            self._success(answer)
        return verbatim(answer)

    async def _read(
        self, method: str, path: str, body: Any, read: Callable[[dict[str, Any]], T]
    ) -> T | Verbatim:
        answer = await self._ask(method, path, body)
        if answer.status >= 400:
            return verbatim(answer)
        return read(self._success(answer))

    def _success(self, answer: CloudResponse) -> dict[str, Any]:
        return success(answer, self._exchange.redaction)

    async def _ask(
        self, method: str, path: str, body: Any, more_headers: Mapping[str, str] = MappingProxyType({})
    ) -> CloudResponse:
        headers = dict(more_headers)
        if self._service_key is not None:
            headers["X-Service-Key"] = self._service_key.reveal()
        async with deadline(TIMEOUT):
            answer = await self._exchange.call(
                method, self._address.base_url.at(path), body, more_headers=headers
            )
        return CloudResponse(answer.status, self._redaction.document(answer.document), answer.retry_after)


def verbatim(answer: CloudResponse) -> Verbatim:
    """Keep an answer as it is; a refusal without words gets some."""
    document = answer.document or {}
    if answer.status >= 400:
        said = cloud_text(document) or f"Eliza Cloud answered HTTP {answer.status} without saying why."
        document = {**document, "error": said}
    waits = answer.retry_after
    return Verbatim(
        status=answer.status,
        document=document,
        retry_after=body_retry_after(document.get("retryAfter")) if waits is None else waits,
    )


def _wants_browser(refusal: Verbatim) -> bool:
    """Recognise both ways in which the cloud refuses a key where it wants a session (cloud-api §4, §15)."""
    breaks = refusal.status == 500 and refusal.document["error"] == "Failed to process payment request"
    return breaks or refusal.document.get("code") == "session_auth_required"
