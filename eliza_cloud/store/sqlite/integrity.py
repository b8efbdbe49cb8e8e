"""Is the database whole? One that is not is set aside, without secrets, so that a new one can be made."""

import re
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

import msgspec

from eliza_cloud.redaction.secret import KEY_SHAPE, Secret
from eliza_cloud.store.atomic_file import replace
from eliza_cloud.store.errors import database_error, file_errors
from eliza_cloud.store.sqlite.database import BUSY_TIMEOUT, AgentRecord, read_record, refuse_newer

_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
_KEY = re.compile(KEY_SHAPE.pattern.encode())


class SetAside(msgspec.Struct, frozen=True):
    """A damaged database: what was wrong, where it is now, and the record if that could still be read."""

    reason: str
    path: Path
    record: AgentRecord | None


def damage(connection: sqlite3.Connection) -> str | None:
    """Return what is wrong with a database, None for nothing; other errors of SQLite go on."""
    try:
        found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
        read_record(connection)
    except sqlite3.Error as error:
        if not getattr(error, "sqlite_errorname", "").startswith(_DAMAGED):
            raise
        return str(error)
    return None if found == "ok" else found.replace("\n", " ")


def mend(path: Path, secrets: Callable[[], Iterable[Secret]]) -> SetAside | None:
    """Set a damaged database aside, beside its place; None when it is whole or missing.

    Nobody else may have it open. What `secrets` then finds is cut out, and all that looks like a key. Raises
    StoreError.
    """
    with file_errors("look at", path):
        if not path.exists() or path.stat().st_size == 0:
            return None
    try:
        with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT)) as connection:
            reason, record = _look(connection, path)
    except sqlite3.Error as error:
        raise database_error(error, path) from error
    return None if reason is None else _set_aside(path, reason, record, secrets)


def _look(connection: sqlite3.Connection, path: Path) -> tuple[str | None, AgentRecord | None]:
    reason = damage(connection)
    if reason is None:
        refuse_newer(connection, path)
        return None, None
    try:
        return reason, read_record(connection)
    except sqlite3.Error:
        return reason, None


def _set_aside(
    path: Path, reason: str, record: AgentRecord | None, secrets: Callable[[], Iterable[Secret]]
) -> SetAside:
    aside = path.with_name(f"{path.name}.damaged")
    with file_errors("set aside", path):
        content = _KEY.sub(_blank, path.read_bytes())
        for secret in secrets():
            content = content.replace(secret.reveal().encode(), b"\0" * len(secret.reveal().encode()))
        replace(aside, content)
        for name in (f"{path.name}-wal", f"{path.name}-shm", path.name):
            path.with_name(name).unlink(missing_ok=True)
    return SetAside(reason, aside, record)


def _blank(found: re.Match[bytes]) -> bytes:
    return b"\0" * len(found[0])
