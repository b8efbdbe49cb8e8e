"""Users and their organizations: one default account, a further one for each other e-mail that signs in."""

from eliza_cloud.emulator.money.ledger import deposit
from eliza_cloud.emulator.server.cloud import Cloud
from eliza_cloud.emulator.server.database import Row, new_id
from eliza_cloud.emulator.server.responses import MICROS

DEFAULT_EMAIL = "demo@elizacloud.test"
OPENING_BALANCE = 25 * MICROS


def ensure_user(cloud: Cloud, email: str = DEFAULT_EMAIL) -> Row:
    """The user with this e-mail address; made, with an organization and an opening balance, if new."""
    email = email.strip().lower()
    found = cloud.database.one("SELECT * FROM users WHERE email = ?", email)
    if found is not None:
        return found
    now = cloud.clock.time()
    user_id, organization_id, name = new_id(), new_id(), email.partition("@")[0]
    with cloud.database.transaction():
        cloud.database.insert(
            "organizations",
            {
                "id": organization_id,
                "name": f"{name}'s Organization",
                "slug": f"{name}-{organization_id[:8]}",
                "balance": 0,
                "created_at": now,
            },
        )
        cloud.database.insert(
            "users",
            {
                "id": user_id,
                "organization_id": organization_id,
                "email": email,
                "name": name,
                "created_at": now,
                "updated_at": now,
            },
        )
        deposit(cloud, organization_id, OPENING_BALANCE, "Initial free credits")
    return get_user(cloud, user_id)


def get_user(cloud: Cloud, user_id: str) -> Row:
    """The user with this id, which must exist."""
    user = cloud.database.one("SELECT * FROM users WHERE id = ?", user_id)
    if user is None:
        raise LookupError(f"There is no user {user_id} in the emulator's database.")
    return user


def get_organization(cloud: Cloud, organization_id: str) -> Row:
    """The organization with this id, which must exist."""
    organization = cloud.database.one("SELECT * FROM organizations WHERE id = ?", organization_id)
    if organization is None:
        raise LookupError(f"There is no organization {organization_id} in the emulator's database.")
    return organization
