"""A look at what is kept, from outside: nothing is made, changed or finished, and a service may run."""

import fcntl
import operator
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from eliza_cloud.redaction.secret import Secret
from eliza_cloud.store.config.api_key import key_in
from eliza_cloud.store.config.env import API_KEY, API_TOKEN, value_of
from eliza_cloud.store.config.file import ConfigFile
from eliza_cloud.store.credentials import CloudMove, Held, held_by, move_of
from eliza_cloud.store.errors import StoreError, database_error, file_errors
from eliza_cloud.store.paths import StatePaths
from eliza_cloud.store.signed_out import SignedOutKeys
from eliza_cloud.store.sqlite.database import (
    BUSY_TIMEOUT,
    SECRET_COLUMNS,
    AgentRecord,
    read_record,
    refuse_newer,
)
from eliza_cloud.store.sqlite.journal import Line, read_lines

_HAS_JOURNAL = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'journal'"
_MAX_TOKEN = 4096


def read_only_login(
    paths: StatePaths,
    document: Mapping[str, Any],
    environ: Mapping[str, str],
    base_url: str,
    same_cloud: Callable[[str, str], bool] = operator.eq,
) -> Held:
    """Find key and desired agent as the service will: what was interrupted is taken as finished.

    Raises StoreError.
    """
    record = read_only_record(paths.database)
    if record.signing_out:
        return held_by({}, AgentRecord(), {}, base_url)
    ignored = SignedOutKeys(paths.signed_out).holds
    held = held_by(document, record, environ, base_url, same_cloud, ignored=ignored)
    if record.signing_in and record.key and record.base_url and same_cloud(record.base_url, base_url):
        held = held_by({}, record, {}, base_url, same_cloud)
        return msgspec.structs.replace(held, source="file", enabled=True)
    return held


def read_only_move(paths: StatePaths, base_url: str) -> CloudMove | None:
    """Return where this base URL has led the service; None for nowhere else. Raises StoreError."""
    return move_of(read_only_record(paths.database), base_url)


def read_only_record(database: Path) -> AgentRecord:
    """Return the record as it is; an empty one where there is none. Raises StoreError."""
    with opened_to_read(database) as connection:
        return AgentRecord() if connection is None else read_record(connection)


def read_only_journal(database: Path, newest: int) -> list[Line]:
    """Return the newest entries of the journal, oldest first. Raises StoreError."""
    with opened_to_read(database) as connection:
        if connection is None or not connection.execute(_HAS_JOURNAL).fetchone():
            return []
        return [line for line in read_lines(connection, "default", limit=newest) if line.text]


@contextmanager
def opened_to_read(database: Path) -> Iterator[sqlite3.Connection | None]:
    """Open the database to read; None where there is none yet. Raises StoreError, also for the body.

    Where nobody has it open it is read as a file that does not change: SQLite would make the write-ahead
    log's files again.
    """
    with file_errors("look at", database):
        is_there, alone = database.exists(), _is_alone(database)
    if not is_there:
        yield None
        return
    try:
        address = f"{database.as_uri()}?mode=ro{'&immutable=1' if alone else ''}"
        with closing(sqlite3.connect(address, uri=True, timeout=BUSY_TIMEOUT)) as connection:
            version = refuse_newer(connection, database)
            yield connection if version else None
    except sqlite3.Error as error:
        raise database_error(error, database) from error


def _is_alone(database: Path) -> bool:
    """Tell whether nobody has the database open, and nothing is left in its write-ahead log."""
    log, index = Path(f"{database}-wal"), Path(f"{database}-shm")
    return not log.exists() or (log.stat().st_size == 0 and not index.exists())


def known_secrets(paths: StatePaths, environ: Mapping[str, str]) -> list[Secret]:
    """Return every key and token that can be found, to hide them; what cannot be read is passed over.

    It is passed over by whoever wants to show it, too.
    """
    found = [value_of(environ, API_KEY), value_of(environ, API_TOKEN)]
    with suppress(StoreError):
        record = read_only_record(paths.database)
        secrets: list[Secret | None] = [getattr(record, name) for name in SECRET_COLUMNS]
        found += [secret and secret.reveal() for secret in secrets]
    with suppress(StoreError):
        document = ConfigFile(paths.config).read()
        found.append(key_in(document))
        cloud = document.get("cloud")
        service_key = cloud.get("serviceKey") if isinstance(cloud, dict) else None
        found.append(service_key.strip() if isinstance(service_key, str) else None)
    with suppress(OSError), paths.token.open("rb") as file:
        found.append(file.read(_MAX_TOKEN).decode("ascii", "replace").strip())
    return [Secret(value) for value in dict.fromkeys(found) if value]


def lock_holder(lock: Path) -> int | None:
    """Return the process that holds the state directory; None when no service runs.

    A dead holder is told by its pid, so that a service which starts just now does not find the lock taken.
    """
    try:
        descriptor = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        pid = os.read(descriptor, 32).partition(b"\n")[0]
        if not pid.isdigit() or not _is_alive(int(pid)):
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(pid)
        return None
    finally:
        os.close(descriptor)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # another user's
    return True
