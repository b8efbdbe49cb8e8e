"""The calls about money (cloud-api §15). What the cloud refuses is returned as it said it."""

from collections.abc import Callable
from typing import Any, TypeVar

from eliza_cloud.cloud.errors import AccessDenied
from eliza_cloud.cloud.http.address import CloudAddress
from eliza_cloud.cloud.http.error_mapping import cloud_text, success
from eliza_cloud.cloud.http.hosts import billing_page
from eliza_cloud.cloud.http.request import CloudResponse, Exchange
from eliza_cloud.cloud.http.retry_after import body_retry_after
from eliza_cloud.cloud.http.timeouts import deadline
from eliza_cloud.cloud.types.billing import (
    AccountSummary,
    CheckoutPage,
    CryptoInvoice,
    Ledger,
    Verbatim,
    read_checkout,
    read_crypto_invoice,
    read_crypto_status,
    read_ledger,
    read_summary,
)
from eliza_cloud.core.problems import PAYMENT_IN_BROWSER
from eliza_cloud.core.views.status import TOP_UP_URL
from eliza_cloud.redaction.cloud import CloudTextRedactor
from eliza_cloud.redaction.secret import Secret

#: Seconds for each call (local-api §9).
TIMEOUT = 15.0

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

    async def checkout(self, dollars: float) -> CheckoutPage | Verbatim:
        """Open a payment page, which leads back to the cloud's own pages."""
        pages = self._address.pages_url
        page = f"{pages}{billing_page(pages.site)}"
        body = {"credits": dollars, "success_url": page, "cancel_url": page}
        return await self._read("POST", "/api/v1/credits/checkout", body, read_checkout)

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
            success(answer, self._exchange.redaction)
        return verbatim(answer)

    async def _read(
        self, method: str, path: str, body: Any, read: Callable[[dict[str, Any]], T]
    ) -> T | Verbatim:
        answer = await self._ask(method, path, body)
        if answer.status >= 400:
            return verbatim(answer)
        return read(success(answer, self._exchange.redaction))

    async def _ask(self, method: str, path: str, body: Any) -> CloudResponse:
        headers = {} if self._service_key is None else {"X-Service-Key": self._service_key.reveal()}
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
