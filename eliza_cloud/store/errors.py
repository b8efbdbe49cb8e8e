"""What the system says about files, the database and ports, as problems a user can act on."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from eliza_cloud.core.problems import (
    DISK_FULL,
    PORT_IN_USE,
    PORT_UNAVAILABLE,
    SETTINGS_INVALID,
    STORE_FAILED,
    Problem,
    ProblemType,
)


class StoreError(Exception):
    """Something could not be kept or read back: one sentence, with a remedy. Never holds a key or token.

    A plain sentence has the class's own code.
    """

    _row = STORE_FAILED

    def __init__(self, what: str | Problem) -> None:
        self.problem = self._row.occurred(what=what) if isinstance(what, str) else what
        super().__init__(self.problem.message)

    @property
    def code(self) -> str:
        """The problem's code."""
        return self.problem.code


class ConfigError(StoreError):
    """eliza.json or a variable cannot be understood: names it, what was expected and what was found."""

    _row = SETTINGS_INVALID


class NotWritable(StoreError):  # noqa: N818 - the fact, as its readers name it
    """A file that can be read may not be written or replaced, by its mode, its mount or its file system."""


_FULL = "the disk is full"
_QUOTA = "the disk quota is used up"
_PERMISSION = "give the user who runs the service the right to read and write it"
_SET_ASIDE = "restart the service, and a new one is made in its place"
_ELSEWHERE = "choose a directory on another file system with ELIZA_STATE_DIR"
_FREE = "free some space and try again"
#: What the system says, in words.
_REASONS = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _QUOTA,
    errno.EFBIG: "the file may not grow that large",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "permission denied",
    errno.EPERM: "operation not permitted",
    errno.EISDIR: "it is a directory",
    errno.ENOTDIR: "a part of the path is not a directory",
    errno.EEXIST: "something else is in its place",
    errno.ELOOP: "its symbolic links form a loop",
    errno.ENOLCK: "its file system cannot lock files",
    errno.ENOSYS: "its file system does not offer that",
    errno.ENOTSUP: "its file system does not offer that",
    errno.EBUSY: "it is in use, as a mounted file for example",
    errno.EADDRNOTAVAIL: "address not available",
}
_FILE_REMEDIES = {
    errno.ENOSPC: _FREE,
    errno.EDQUOT: _FREE,
    errno.EFBIG: "raise the file size limit and try again",
    errno.EROFS: "make it writable or choose another directory with ELIZA_STATE_DIR",
    errno.EACCES: _PERMISSION,
    errno.EPERM: _PERMISSION,
    errno.EISDIR: "move the directory away",
    errno.ENOTDIR: "correct the path or move that file away",
    errno.EEXIST: "move that away",
    errno.ELOOP: "correct the links",
    errno.ENOLCK: _ELSEWHERE,
    errno.ENOSYS: _ELSEWHERE,
    errno.ENOTSUP: _ELSEWHERE,
    errno.EBUSY: "mount the directory instead of the file, or make the file writable",
}
_MAY_NOT = frozenset({errno.EROFS, errno.EACCES, errno.EPERM, errno.EBUSY})
_PORT_REMEDIES = {
    errno.EACCES: "Set a port above 1023 with {setting}.",
    errno.EADDRNOTAVAIL: "Set an address of this machine with ELIZA_API_BIND.",
}
_DATABASE_REMEDIES = (
    ("SQLITE_FULL", _FULL, _FREE),
    ("SQLITE_BUSY", "another program keeps it locked", "close that program and try again"),
    ("SQLITE_LOCKED", "another program keeps it locked", "close that program and try again"),
    ("SQLITE_READONLY", "it may not be written", _PERMISSION),
    ("SQLITE_PERM", "permission denied", _PERMISSION),
    ("SQLITE_CANTOPEN", "it cannot be opened", _PERMISSION),
    ("SQLITE_CORRUPT", "it is damaged", _SET_ASIDE),
    ("SQLITE_NOTADB", "it is not a database", _SET_ASIDE),
    ("SQLITE_IOERR_SHMSIZE", _FULL, _FREE),
    ("SQLITE_IOERR", "the disk failed to read or write", "check the disk and its free space, then try again"),
)


@contextmanager
def file_errors(action: str, path: Path) -> Iterator[None]:
    """Turn an OSError of the block into a StoreError: "Cannot <action> <path>: <reason>; <remedy>."."""
    try:
        yield
    except OSError as error:
        reason = _reason_of(error)
        remedy = _FILE_REMEDIES.get(error.errno or 0, "check the path and try again")
        kind = NotWritable if error.errno in _MAY_NOT else StoreError
        raise _store_error(f"Cannot {action} {path}", reason, remedy, kind) from error


def database_error(error: sqlite3.Error, path: Path) -> StoreError:
    """Return the sentence for what SQLite reported about the database at `path`."""
    name = getattr(error, "sqlite_errorname", "")
    reason, remedy = next(
        (words for prefix, *words in _DATABASE_REMEDIES if name.startswith(prefix)),
        (name or "unknown error", "check the file and its directory"),
    )
    return _store_error(f"Cannot use the database {path}", reason, remedy)


def port_error(
    host: str, number: int, setting: str, error: OSError, holder: str = "another program"
) -> tuple[ProblemType, dict[str, Any]]:
    """Return what the system said about binding a port, as a row of the catalogue and its fields.

    `setting` sets the port, `holder` uses it.
    """
    address = f"[{host}]:{number}" if ":" in host else f"{host}:{number}"
    if error.errno == errno.EADDRINUSE:
        return PORT_IN_USE, {"address": address, "holder": holder, "setting": setting}
    remedy = _PORT_REMEDIES.get(error.errno or 0, "Set another port with {setting}.").format(setting=setting)
    return PORT_UNAVAILABLE, {"address": address, "reason": _reason_of(error), "remedy": remedy}


def _reason_of(error: OSError) -> str:
    return _REASONS.get(error.errno or 0, error.strerror or "the system refused")


def _store_error(what: str, reason: str, remedy: str, kind: type[StoreError] = StoreError) -> StoreError:
    row = DISK_FULL if reason in {_FULL, _QUOTA} else STORE_FAILED
    return kind(row.occurred(what=f"{what}: {reason}; {remedy}."))
