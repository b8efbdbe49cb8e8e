"""The agent's database record: the login, so that a lost eliza.json does not lose it, and the desired agent.

`Store` is what the rest of the service needs of it; `SqliteStore` keeps it in the service's database.
"""

import sqlite3
from typing import Protocol

import msgspec

from eliza_cloud.redaction.secret import Secret
from eliza_cloud.store.errors import StoreError
from eliza_cloud.store.sqlite.database import Database, wipe_log


class AgentRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One link's record. `key` is valid only for `base_url`, `desired_agent_id` for `desired_agent_base_url`.

    `signing_in` and `signing_out` mark a change that was begun and must be finished on the next load.
    `accepted_price`, `restarting` and `last_backup_at` (wall-clock seconds) are about the desired agent.
    `moved_api` and `moved_pages` are the hosts that the base URL `moved_from` now leads to. The `login_…`
    members are a sign-in that waits for the browser; its session id leads to a key, so it is as secret as
    one. `key_obtained` says that our own sign-in obtained the key, so that signing out may revoke it.
    """

    key: Secret | None = None
    key_prefix: str | None = None
    key_expires_at: str | None = None
    base_url: str | None = None
    user_id: str | None = None
    organization_id: str | None = None
    desired_agent_id: str | None = msgspec.field(default=None, name="wish")  # the column's name
    desired_agent_base_url: str | None = msgspec.field(default=None, name="wish_base_url")
    signing_in: bool = False
    signing_out: bool = False
    accepted_price: str | None = None
    restarting: bool = False
    last_backup_at: float | None = None
    moved_from: str | None = None
    moved_api: str | None = None
    moved_pages: str | None = None
    login_session: Secret | None = None
    login_page: str | None = None
    login_revocable: bool = False
    login_begun_at: float | None = None
    key_obtained: bool = False


class Store(Protocol):
    """Keeps one AgentRecord. Every method raises StoreError, and then what was held before is still held."""

    async def load(self) -> AgentRecord:
        """Return the record; an empty one when nothing was saved."""

    async def save(self, record: AgentRecord) -> None:
        """Replace the record, durable on return; no byte of a key it no longer holds stays in any file."""

    async def close(self) -> None:
        """Give back files and threads."""


_COLUMNS = AgentRecord.__struct_encode_fields__
_UPSERT = (
    f"INSERT OR REPLACE INTO agent (link, {', '.join(_COLUMNS)})"  # noqa: S608 - our own field names and marks
    f" VALUES ({', '.join('?' * (len(_COLUMNS) + 1))})"
)


class SqliteStore:
    """A `Store` in one database, one row per link name."""

    def __init__(self, database: Database, link: str = "default") -> None:
        self._database = database
        self._link = link

    async def load(self) -> AgentRecord:
        """Return the record; an empty one when nothing was saved."""
        return await self._database.run(lambda connection: read_record(connection, self._link))

    async def save(self, record: AgentRecord) -> None:
        """Replace the record; a key that goes is wiped from database and write-ahead log first."""
        await self._database.run(lambda connection: self._replace(connection, record))

    async def close(self) -> None:
        """Close the database."""
        await self._database.close()

    def _replace(self, connection: sqlite3.Connection, record: AgentRecord) -> None:
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            held = read_record(connection, self._link).key
            connection.execute(_UPSERT, (self._link, *_to_row(record)))
        key_gone = record.key is None or (held is not None and held != record.key)
        if not wipe_log(connection) and key_gone:
            raise StoreError(
                f"Cannot wipe the old key from {self._database.path}-wal: another program is reading the"
                " database; close that program and try again."
            )


def read_record(connection: sqlite3.Connection, link: str = "default") -> AgentRecord:
    """Read a record over any connection, also a read-only one."""
    there = {str(column[1]) for column in connection.execute("PRAGMA table_info(agent)")}
    columns = [name for name in _COLUMNS if name in there]  # who only looks does not upgrade an older file
    row = connection.execute(
        f"SELECT {', '.join(columns)} FROM agent WHERE link = ?",  # noqa: S608 - our own field names
        (link,),
    ).fetchone()
    return AgentRecord() if row is None else _from_row(dict(zip(columns, row, strict=True)))


def _to_row(record: AgentRecord) -> tuple[object, ...]:
    values = (getattr(record, name) for name in AgentRecord.__struct_fields__)
    return tuple(value.reveal() if isinstance(value, Secret) else value for value in values)


def _from_row(values: dict[str, object]) -> AgentRecord:
    for name in ("key", "login_session"):
        value = values.get(name)
        values[name] = Secret(str(value)) if value else None
    return msgspec.convert(values, AgentRecord, strict=False)
