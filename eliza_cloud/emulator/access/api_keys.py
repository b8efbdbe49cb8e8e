"""API keys (cloud-api §4): `eliza_` and 64 hex digits, shown by 12 characters, stored as SHA-256."""

import hashlib
import secrets

from eliza_cloud.emulator.server.cloud import Cloud
from eliza_cloud.emulator.server.database import Row, new_id

PREFIX = "eliza_"
SHOWN = 12


def digest(secret: str) -> str:
    """What is stored instead of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def mint(cloud: Cloud, user: Row, name: str) -> tuple[Row, str]:
    """A new key that never expires: its record, and the key itself, which is stored nowhere."""
    plain = PREFIX + secrets.token_hex(32)
    key_id = new_id()
    cloud.database.insert(
        "api_keys",
        {
            "id": key_id,
            "user_id": user["id"],
            "name": name,
            "key_hash": digest(plain),
            "key_prefix": plain[:SHOWN],
            "created_at": cloud.clock.time(),
        },
    )
    record = cloud.database.one("SELECT * FROM api_keys WHERE id = ?", key_id)
    if record is None:
        raise LookupError("The key that was just written cannot be read back.")
    return record, plain


def find(cloud: Cloud, plain: str) -> Row | None:
    """The record of this key, whatever its state."""
    return cloud.database.one("SELECT * FROM api_keys WHERE key_hash = ?", digest(plain))


def revoke(cloud: Cloud, key_id: str) -> None:
    """Forget the key: from now on it is unknown, 401."""
    cloud.database.run("DELETE FROM api_keys WHERE id = ?", key_id)


def deactivate(cloud: Cloud, key_id: str) -> None:
    """Switch the key off: from now on it is inactive, 403."""
    cloud.database.update("api_keys", key_id, {"is_active": 0})
