"""One service per state directory: an operating-system lock that names its holder."""

import errno
import fcntl
import hashlib
import os
import socket
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

    The holder's pid is in the file, for the message only. A directory that was removed and made again is told
    from the old one by `is_lost`, and by a name that the process holds beside the file, where the system has
    such names.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        self._name: int | None = None

    def acquire(self) -> None:
        """Take the lock at once or raise AlreadyRunning; StoreError when the file cannot be used."""
        create_directory(self._path.parent)
        with file_errors("lock", self._path):
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                self._lock(descriptor)
                self._name = self._named()
            except BaseException:
                os.close(descriptor)
                raise
        self._descriptor = descriptor

    @property
    def is_lost(self) -> bool:
        """Whether the file that is held is no longer the one at the path: somebody else may hold that."""
        if self._descriptor is None:
            return False
        held = os.fstat(self._descriptor)
        try:
            found = self._path.stat()
        except OSError:
            return True
        return (held.st_dev, held.st_ino) != (found.st_dev, found.st_ino)

    def release(self) -> None:
        """Free the lock; nothing happens when it is not held."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)
        if self._name is not None:
            name, self._name = self._name, None
            os.close(name)

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _named(self) -> int | None:
        """Take the name of this path among the processes that see the same files."""
        taken = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            files = Path("/proc/self/ns/mnt").readlink()
            path = os.path.realpath(self._path)
            taken.bind("\0eliza-cloud-" + hashlib.sha256(f"{files} {path}".encode()).hexdigest())
        except OSError as error:
            taken.close()
            if error.errno == errno.EADDRINUSE:
                raise AlreadyRunning(None, self._path) from None
            return None  # no such names here: the file alone has to do
        return taken.detach()

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
