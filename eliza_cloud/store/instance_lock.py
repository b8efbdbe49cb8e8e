"""One service per state directory: an operating-system lock that names its holder."""

import errno
import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from eliza_cloud.core.problems import ALREADY_RUNNING
from eliza_cloud.store.atomic_file import NOT_OFFERED, create_directory
from eliza_cloud.store.errors import StoreError, file_errors


class AlreadyRunning(StoreError):  # noqa: N818 - the fact, as its readers name it
    """Another service holds the state directory; `pid` is its process (None while it is still starting)."""

    def __init__(self, pid: int | None, path: Path) -> None:
        self.pid = pid
        process = f"process {pid}" if pid else "another process"
        super().__init__(ALREADY_RUNNING.occurred(directory=path.parent, process=process))


class InstanceLock:
    """Holds `path` exclusively from `acquire` (or `with`) to `release`; the system frees it at process end.

    The holder's pid is in the file, for the message only.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock at once or raise AlreadyRunning; StoreError when the file cannot be used."""
        create_directory(self._path.parent)
        with file_errors("lock", self._path):
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                self._lock(descriptor)
            except BaseException:
                os.close(descriptor)
                raise
        self._descriptor = descriptor

    def release(self) -> None:
        """Free the lock; nothing happens when it is not held."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _lock(self, descriptor: int) -> None:
        try:
            _take(descriptor)
        except (BlockingIOError, PermissionError):
            holder = os.read(descriptor, 32).partition(b"\n")[0]
            raise AlreadyRunning(int(holder) if holder.isdigit() else None, self._path) from None
        os.ftruncate(descriptor, os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0))


def _take(descriptor: int) -> None:
    """Take the lock by whichever of the two calls the file system offers."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in {*NOT_OFFERED, errno.ENOLCK}:
            raise
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
