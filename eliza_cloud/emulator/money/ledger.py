"""Credits: every change of an organization's balance is one ledger line, in millionths of a dollar."""

from eliza_cloud.emulator.server.cloud import Cloud
from eliza_cloud.emulator.server.database import Row, new_id
from eliza_cloud.emulator.server.responses import api_error, dollars, to_json

MINIMUM_DEPOSIT = 5_000_000


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


def set_balance(cloud: Cloud, organization: Row, balance: int) -> None:
    """Bring the balance to this figure with one ledger line."""
    with cloud.database.transaction():
        enter(cloud, organization["id"], balance - organization["balance"], "Balance set by hand")


def require_deposit(cloud: Cloud, organization: Row) -> None:
    """The credit gate (cloud-api §10, §15): 402 below the minimum deposit of $5."""
    if organization["balance"] >= MINIMUM_DEPOSIT:
        return
    missing = dollars(MINIMUM_DEPOSIT - organization["balance"])
    code = {"code": "insufficient_credits"} if cloud.is_next else {}
    raise api_error(
        402,
        f"Insufficient credits: agents need a balance of at least $5.00. Please add ${missing:.2f} or more.",
        **code,
        requiredBalance=5,
        currentBalance=dollars(organization["balance"]),
    )


def transactions(cloud: Cloud, organization_id: str, limit: int) -> list[Row]:
    """The newest ledger lines."""
    return cloud.database.all(
        "SELECT * FROM credit_transactions WHERE organization_id = ?"
        " ORDER BY created_at DESC, rowid DESC LIMIT ?",
        organization_id,
        limit,
    )
