"""What goes wrong with files, as sentences a user can act on."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class StoreError(Exception):
    """Something could not be kept or read back: one sentence, with a remedy. Never holds a key or token.

    `code` is its cause in the catalogue (`core.problems`).
    """

    code = "store_failed"

    def __init__(self, sentence: str, code: str | None = None) -> None:
        super().__init__(sentence)
        if code is not None:
            self.code = code


class ConfigError(StoreError):
    """eliza.json or a variable cannot be understood: names it, what was expected and what was found."""

    code = "settings_invalid"


_FULL = "the disk is full"
_QUOTA = "the disk quota is used up"
_PERMISSION = "give the user who runs the service the right to read and write it"
_FILE_REMEDIES = {
    errno.ENOSPC: (_FULL, "free some space and try again"),
    errno.EDQUOT: (_QUOTA, "free some space and try again"),
    errno.EFBIG: ("the file may not grow that large", "raise the file size limit and try again"),
    errno.EROFS: (
        "the file system is read-only",
        "make it writable or set ELIZA_STATE_DIR to another directory",
    ),
    errno.EACCES: ("permission denied", _PERMISSION),
    errno.EPERM: ("operation not permitted", _PERMISSION),
    errno.EISDIR: ("it is a directory", "move the directory away"),
    errno.ENOTDIR: ("a part of the path is not a directory", "correct the path or move that file away"),
    errno.EEXIST: ("something else is in its place", "move that away"),
    errno.ELOOP: ("its symbolic links form a loop", "correct the links"),
}
_DATABASE_REMEDIES = (
    ("SQLITE_FULL", _FULL, "free some space and try again"),
    ("SQLITE_BUSY", "another program keeps it locked", "close that program and try again"),
    ("SQLITE_LOCKED", "another program keeps it locked", "close that program and try again"),
    ("SQLITE_READONLY", "it may not be written", _PERMISSION),
    ("SQLITE_PERM", "permission denied", _PERMISSION),
    ("SQLITE_CANTOPEN", "it cannot be opened", _PERMISSION),
    ("SQLITE_CORRUPT", "it is damaged", "move it away, restart the service and sign in again"),
    ("SQLITE_NOTADB", "it is not a database", "move it away, restart the service and sign in again"),
    ("SQLITE_IOERR_SHMSIZE", _FULL, "free some space and try again"),
    ("SQLITE_IOERR", "the disk failed to read or write", "check the disk and its free space, then try again"),
)


@contextmanager
def file_errors(action: str, path: Path) -> Iterator[None]:
    """Turn an OSError of the block into a StoreError: "Cannot <action> <path>: <reason>; <remedy>."."""
    try:
        yield
    except OSError as error:
        fallback = (error.strerror or "the system refused", "check the path and try again")
        reason, remedy = _FILE_REMEDIES.get(error.errno or 0, fallback)
        raise StoreError(f"Cannot {action} {path}: {reason}; {remedy}.", _code_of(reason)) from error


def database_error(error: sqlite3.Error, path: Path) -> StoreError:
    """Return the sentence for what SQLite reported about the database at `path`."""
    name = getattr(error, "sqlite_errorname", "")
    for prefix, reason, remedy in _DATABASE_REMEDIES:
        if name.startswith(prefix):
            return StoreError(f"Cannot use the database {path}: {reason}; {remedy}.", _code_of(reason))
    return StoreError(
        f"Cannot use the database {path}: {name or 'unknown error'}; check the file and its directory."
    )


def _code_of(reason: str) -> str | None:
    return "disk_full" if reason in {_FULL, _QUOTA} else None
