"""What billing calls return (cloud-api §15), and how it is read. Amounts are dollars."""

from typing import Any

import msgspec
from yarl import URL

from eliza_cloud.cloud.types.decode import unexpected
from eliza_cloud.cloud.types.models import members, number, text

#: Which member names the agent of a running resource; the contract does not settle it.
_RESOURCE_IDS = ("agentId", "resourceId", "id")


class Verbatim(msgspec.Struct, frozen=True):
    """What the cloud said, as it said it; from 400 on `document["error"]` is a string. Seconds to wait."""

    status: int
    document: dict[str, Any]
    retry_after: float | None


class AccountSummary(msgspec.Struct, frozen=True):
    """The account's balance and automatic top-up."""

    balance: float
    has_payment_method: bool
    auto_top_up: bool
    auto_top_up_amount: float | None
    auto_top_up_threshold: float | None
    minimum_top_up: float | None


class LedgerEntry(msgspec.Struct, frozen=True):
    """One line of the ledger; negative amounts are usage."""

    id: str
    kind: str | None
    is_card_payment: bool
    amount: float
    description: str | None
    created_at: str | None


class Ledger(msgspec.Struct, frozen=True):
    """Lines of the ledger, newest first."""

    entries: list[LedgerEntry]
    total: int
    period: Any


class CheckoutPage(msgspec.Struct, frozen=True):
    """Where a payment is made."""

    url: str
    session_id: str | None


class CryptoInvoice(msgspec.Struct, frozen=True):
    """A crypto payment that waits for its payer."""

    payment_id: str | None
    track_id: str | None
    pay_link: str
    expires_at: str | None


def read_summary(document: dict[str, Any]) -> AccountSummary:
    """Read the summary; a missing balance is an error, never a zero (local-api §20 row 45)."""
    organization = members(document.get("organization"))
    balance = number(organization.get("creditBalance"))
    if balance is None:
        raise unexpected("there is no balance in it")
    return AccountSummary(
        balance=balance,
        has_payment_method=organization.get("hasPaymentMethod") is True,
        auto_top_up=organization.get("autoTopUpEnabled") is True,
        auto_top_up_amount=number(organization.get("autoTopUpAmount")),
        auto_top_up_threshold=number(organization.get("autoTopUpThreshold")),
        minimum_top_up=number(members(document.get("pricing")).get("minimumTopUp")),
    )


def read_ledger(document: dict[str, Any]) -> Ledger:
    """Read the transactions."""
    lines = document.get("transactions")
    if not isinstance(lines, list):
        raise unexpected("there are no transactions in it")
    entries = [_read_entry(members(line)) for line in lines]
    total = number(document.get("total"))
    return Ledger(entries, len(entries) if total is None else int(total), document.get("period"))


def _read_entry(line: dict[str, Any]) -> LedgerEntry:
    entry_id, amount = text(line.get("id")), number(line.get("amount"))
    if entry_id is None or amount is None:
        raise unexpected("a transaction has no id or no amount")
    return LedgerEntry(
        id=entry_id,
        kind=text(line.get("type")),
        is_card_payment=text(line.get("stripe_payment_intent_id")) is not None,
        amount=amount,
        description=text(line.get("description")),
        created_at=text(line.get("created_at")),
    )


def read_crypto_status(document: dict[str, Any]) -> bool:
    """Read whether crypto payments are taken."""
    enabled = document.get("enabled")
    if not isinstance(enabled, bool):
        raise unexpected("the crypto status does not say whether it is enabled")
    return enabled


def read_checkout(document: dict[str, Any]) -> CheckoutPage:
    """Read a checkout."""
    return CheckoutPage(_page(document.get("url")), text(document.get("sessionId")))


def read_hourly_rates(document: dict[str, Any]) -> dict[str, float]:
    """Read the rates of running agents from the account's limits (cloud-api-latest L20), if there are any."""
    v2 = members(members(document.get("data")).get("v2"))
    active = members(v2.get("activeCompute"))
    resources = active.get("resources", members(active.get("value")).get("resources"))
    rates = {}
    for resource in map(members, resources if isinstance(resources, list) else []):
        agent_id = next(filter(None, (text(resource.get(name)) for name in _RESOURCE_IDS)), None)
        rate = _amount(resource.get("ratePerHour"))
        if agent_id is not None and rate is not None:
            rates[agent_id] = rate
    return rates


def read_crypto_invoice(document: dict[str, Any]) -> CryptoInvoice:
    """Read a crypto payment."""
    return CryptoInvoice(
        payment_id=text(document.get("paymentId")),
        track_id=text(document.get("trackId")),
        pay_link=_page(document.get("payLink")),
        expires_at=text(document.get("expiresAt")),
    )


def _amount(value: Any) -> float | None:
    """Read an amount that may stand inside one or two objects that say more about it."""
    for _ in range(2):
        value = value["value"] if isinstance(value, dict) and "value" in value else value
    return number(value)


def _page(value: Any) -> str:
    """Return the address of a page that a browser may be sent to: http or https, nothing that would run."""
    address = text(value)
    try:
        if address is not None and URL(address).scheme in {"http", "https"}:
            return address
    except ValueError:
        pass
    raise unexpected("there is no page to pay at")
