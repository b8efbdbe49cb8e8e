"""Credits: every change of an organization's balance is one ledger line, in millionths of a dollar."""

from eliza_cloud.emulator.server import settings
from eliza_cloud.emulator.server.cloud import Cloud
from eliza_cloud.emulator.server.database import Row, new_id
from eliza_cloud.emulator.server.responses import ApiError, api_error, dollars, six_places, to_json

MINIMUM_DEPOSIT = 5_000_000
MINIMUM_BALANCE = 100_000


def enter(cloud: Cloud, organization_id: str, amount: int, description: str, **metadata: object) -> None:
    """Change the balance by `amount`, which is negative for a debit; call it inside a transaction."""
    cloud.database.run("UPDATE organizations SET balance = balance + ? WHERE id = ?", amount, organization_id)
    cloud.database.insert(
        "credit_transactions",
        {
            "id": new_id(),
            "organization_id": organization_id,
            "amount": amount,
            "type": "credit" if amount >= 0 else "debit",
            "description": description,
            "metadata": to_json(metadata),
            "created_at": cloud.clock.time(),
        },
    )


def deposit(cloud: Cloud, organization_id: str, amount: int, description: str) -> None:
    """Add credits; call it inside a transaction."""
    enter(cloud, organization_id, amount, description)


def charge(cloud: Cloud, organization_id: str, amount: int, description: str, agent_id: str) -> None:
    """Take credits for an agent; call it inside a transaction."""
    enter(cloud, organization_id, -amount, description, agentId=agent_id)


def charge_start(cloud: Cloud, agent: Row, activation: int, hourly: int) -> None:
    """Charge the minimum for a start (cloud-api-latest L2), which pays for the first hours."""
    paid_hours = activation / hourly if hourly else 0.0
    with cloud.database.transaction():
        charge(cloud, agent["organization_id"], activation, f"Start: {agent['agent_name']}", agent["id"])
        last_billed = cloud.clock.time() + max(0.0, paid_hours - 1) * 3600
        cloud.database.update("agents", agent["id"], {"last_billed_at": last_billed})


def set_balance(cloud: Cloud, organization: Row, balance: int) -> None:
    """Bring the balance to this figure with one ledger line."""
    with cloud.database.transaction():
        enter(cloud, organization["id"], balance - organization["balance"], "Balance set by hand")


def minimum_balance(cloud: Cloud) -> int:
    """Below this balance no agent is started (cloud-api §15 and cloud-api-latest L3)."""
    found = settings.read(cloud, "minimum_balance")
    if isinstance(found, int):
        return found
    return MINIMUM_BALANCE if cloud.is_latest else MINIMUM_DEPOSIT


def refuse_hold(organization: Row) -> None:
    """402 while a reversed payment holds paid starts, whatever the balance (cloud-api-latest L3)."""
    if organization["hold"] is not None:
        raise api_error(
            402,
            "A reversed payment is outstanding. Settle it to start agents again.",
            code="billing_hold_active",
            outstandingUsd=six_places(organization["hold"]),
        )


def insufficient_credits(cloud: Cloud, organization: Row, minimum: int) -> ApiError:
    """The 402 of every agent gate, with what is needed and what is there."""
    missing = dollars(minimum - organization["balance"])
    code = {} if cloud.is_c else {"code": "insufficient_credits"}
    return api_error(
        402,
        f"Insufficient credits: agents need a balance of at least ${dollars(minimum):.2f}. "
        f"Please add ${missing:.2f} or more.",
        **code,
        requiredBalance=dollars(minimum),
        currentBalance=dollars(organization["balance"]),
    )


def require_deposit(cloud: Cloud, organization: Row) -> None:
    """The credit gate (cloud-api §10, §15, cloud-api-latest L3): 402 for a hold or too low a balance."""
    if cloud.is_latest:
        refuse_hold(organization)
    minimum = minimum_balance(cloud)
    if organization["balance"] < minimum:
        raise insufficient_credits(cloud, organization, minimum)


def is_funded(cloud: Cloud, organization: Row) -> bool:
    """Whether the credit gate lets this organization start agents."""
    has_hold = cloud.is_latest and organization["hold"] is not None
    return not has_hold and organization["balance"] >= minimum_balance(cloud)


def transactions(cloud: Cloud, organization_id: str, limit: int) -> list[Row]:
    """The newest ledger lines."""
    return cloud.database.all(
        "SELECT * FROM credit_transactions WHERE organization_id = ?"
        " ORDER BY created_at DESC, rowid DESC LIMIT ?",
        organization_id,
        limit,
    )
