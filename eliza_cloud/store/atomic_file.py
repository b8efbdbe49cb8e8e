"""Writing a small private file so that a kill at any instant leaves the old content or the new one.

A file has one fixed name for its temporary neighbour, used only while the file's lock is held. So whoever
holds the lock knows that a neighbour it finds was left behind by a kill, and removes it with any key in it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from eliza_cloud.store.errors import StoreError, file_errors

LOCK_TIMEOUT = 5.0  # seconds; a stop has 13 in all


def create_directory(path: Path) -> None:
    """Create a state directory and its parents; the directory itself is for the user alone (0700)."""
    with file_errors("create the directory", path):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock of `path` against other threads and processes; clears what a killed writer left.

    Raises StoreError when the lock is not free within LOCK_TIMEOUT seconds.
    """
    create_directory(path.parent)
    lock = filelock.FileLock(f"{path}.lock", timeout=LOCK_TIMEOUT, mode=0o600)
    with file_errors("lock", path):
        try:
            lock.acquire(poll_interval=0.01)
        except filelock.Timeout:
            raise StoreError(
                f"Cannot lock {path}: another program is using it; close that and try again."
            ) from None
    try:
        with file_errors("clean up beside", path):
            temporary(path).unlink(missing_ok=True)
        yield
    finally:
        lock.release()


def temporary(path: Path) -> Path:
    """Return the name `replace` writes to before it renames."""
    return path.with_name(f".{path.name}.tmp")


def replace(path: Path, content: bytes, neighbour: Path | None = None) -> None:
    """Give `path` new content, mode 0600, durable on return.

    The caller holds `exclusive` of the file whose temporary `neighbour` is (by default `path` itself).
    Raises StoreError and leaves the old content when anything fails.
    """
    neighbour = neighbour or temporary(path)
    with file_errors("write", path):
        try:
            _write_through(neighbour, content)
            neighbour.replace(path)
        except BaseException:
            neighbour.unlink(missing_ok=True)
            raise
        _sync_directory(path.parent)


def make_private(path: Path) -> None:
    """Take the rights of group and others from an existing file."""
    with file_errors("protect", path):
        if path.exists() and path.stat().st_mode & 0o077:
            path.chmod(0o600)


def _write_through(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600, exist_ok=False)
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
