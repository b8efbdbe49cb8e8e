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


def revoke_own(cloud: Cloud, plain: str) -> str | None:
    """Revoke the key that proves itself (generation L); its id, each time; None if it was never issued."""
    key = find(cloud, plain)
    if key is not None:
        with cloud.database.transaction():
            cloud.database.run(
                "INSERT OR REPLACE INTO revoked_keys (key_hash, credential_id) VALUES (?, ?)",
                key["key_hash"],
                key["id"],
            )
            revoke(cloud, key["id"])
        return str(key["id"])
    receipt = cloud.database.one("SELECT * FROM revoked_keys WHERE key_hash = ?", digest(plain))
    return None if receipt is None else str(receipt["credential_id"])


def deactivate(cloud: Cloud, key_id: str) -> None:
    """Switch the key off: from now on it is refused like an unknown one, 401."""
    cloud.database.update("api_keys", key_id, {"is_active": 0})
