"""CLI login sessions (cloud-api §7): ten minutes long, one key each, handed out once."""

import sqlite3
from dataclasses import dataclass

from eliza_cloud.emulator.access import api_keys
from eliza_cloud.emulator.server.cloud import Cloud
from eliza_cloud.emulator.server.database import Row
from eliza_cloud.emulator.server.responses import iso

SESSION_SECONDS = 600.0


class DuplicateSessionError(Exception):
    """A session with this id exists already."""


class NotCompletableError(Exception):
    """The session is unknown, past its expiry, or used; the message says which."""


@dataclass(frozen=True, slots=True)
class MintedKey:
    """What signing in produced: the key in plain text, its record."""

    plain: str
    record: Row


def create(cloud: Cloud, session_id: str) -> Row:
    """Start a login; raises DuplicateSessionError for an id that was used before."""
    now = cloud.clock.time()
    row = {
        "session_id": session_id,
        "status": "pending",
        "expires_at": now + SESSION_SECONDS,
        "created_at": now,
    }
    try:
        cloud.database.insert("login_sessions", row)
    except (sqlite3.IntegrityError, UnicodeEncodeError) as error:
        raise DuplicateSessionError from error
    return _get(cloud, session_id)


def _get(cloud: Cloud, session_id: str) -> Row:
    session = cloud.database.one("SELECT * FROM login_sessions WHERE session_id = ?", session_id)
    if session is None:
        raise LookupError("The login session that was just written cannot be read back.")
    return session


def find_active(cloud: Cloud, session_id: str) -> Row | None:
    """The session, unless it is unknown or past its expiry; an uncollected key dies with it.

    In generation L such a key is revoked, too (cloud-api-latest L8).
    """
    now = cloud.clock.time()
    if cloud.is_latest:
        cloud.database.run(
            "DELETE FROM api_keys WHERE id IN (SELECT api_key_id FROM login_sessions"
            " WHERE expires_at <= ? AND api_key_plain IS NOT NULL)",
            now,
        )
    cloud.database.run(
        "UPDATE login_sessions SET status = 'expired', api_key_plain = NULL WHERE expires_at <= ?"
        " AND (status = 'pending' OR api_key_plain IS NOT NULL)",
        now,
    )
    return cloud.database.one(
        "SELECT * FROM login_sessions WHERE session_id = ? AND expires_at > ?", session_id, now
    )


def complete(cloud: Cloud, session_id: str, user: Row) -> MintedKey:
    """Sign the session in as this user and mint its key; raises NotCompletableError."""
    session = find_active(cloud, session_id)
    if session is None:
        raise NotCompletableError("Invalid or expired session")
    if session["status"] != "pending":
        raise NotCompletableError("Session already authenticated or expired")
    with cloud.database.transaction():
        record, plain = api_keys.mint(cloud, user, f"CLI Login - {iso(cloud.clock.time())}")
        cloud.database.run(
            "UPDATE login_sessions SET status = 'authenticated', user_id = ?, api_key_id = ?,"
            " api_key_plain = ? WHERE session_id = ?",
            user["id"],
            record["id"],
            plain,
            session_id,
        )
    return MintedKey(plain, record)


def completed_by(cloud: Cloud, session_id: str, user: Row) -> Row | None:
    """The key of a session that this user has signed in already."""
    session = find_active(cloud, session_id)
    if session is None or session["status"] != "authenticated" or session["user_id"] != user["id"]:
        return None
    return cloud.database.one("SELECT * FROM api_keys WHERE id = ?", session["api_key_id"])


def collect(cloud: Cloud, session: Row) -> str | None:
    """The key in plain text, the first time only; the reading erases it."""
    with cloud.database.transaction():
        row = cloud.database.one(
            "SELECT api_key_plain FROM login_sessions WHERE session_id = ?", session["session_id"]
        )
        cloud.database.run(
            "UPDATE login_sessions SET api_key_plain = NULL WHERE session_id = ?", session["session_id"]
        )
    return None if row is None else row["api_key_plain"]


def revoke_collected(cloud: Cloud, session_id: str, plain: str) -> bool:
    """Revoke the key that this session gave out, if that is the key presented (generation N)."""
    key = api_keys.find(cloud, plain)
    if key is None:
        return False
    session = cloud.database.one(
        "SELECT 1 FROM login_sessions WHERE session_id = ? AND api_key_id = ? AND api_key_plain IS NULL",
        session_id,
        key["id"],
    )
    if session is None:
        return False
    api_keys.revoke(cloud, key["id"])
    return True
