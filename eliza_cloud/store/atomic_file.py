"""Writing a small private file so that a kill at any instant leaves the old content or the new one.

A file has one fixed name for its temporary neighbour, used only while the file's lock is held. So whoever
holds the lock knows that a neighbour it finds was left behind by a kill, and removes it with any key in it.
A file that cannot be replaced, because it is a mount of its own, is written in place; a second neighbour
holds the whole content meanwhile, so that `finish_in_place` can complete what a kill interrupted.
"""

import errno
import fcntl
import os
import signal
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import filelock

from eliza_cloud.store.errors import NotWritable, StoreError, file_errors

LOCK_TIMEOUT = 5.0  # seconds; a stop has 13 in all
#: What a file system says that has no such thing as syncing a directory, or a file's mode.
NOT_OFFERED = frozenset({errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.ENOTTY})


_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_ENTER = stat.S_IXGRP | stat.S_IXOTH
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class ChangedMeanwhile(Exception):  # noqa: N818 - no error of anybody's
    """Another program wrote the file, or is writing it; nothing was written over it."""


def create_directory(path: Path) -> None:
    """Create a state directory and its parents; the directory itself is for the user alone (0700)."""
    with file_errors("create the directory", path):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)


def close_directory(path: Path) -> tuple[int, int]:
    """Take a directory of ours from others that may write there; return its mode before and after.

    One that is not ours stays as it is, and so does one with the sticky bit, which is meant to be shared.
    """
    with file_errors("look at", path):
        status = path.stat()
        before = stat.S_IMODE(status.st_mode)
        if before & _OTHERS_WRITE and status.st_uid == os.geteuid() and not before & stat.S_ISVTX:
            with suppress(OSError):  # what came of it is looked at
                path.chmod(0o700)
        return before, stat.S_IMODE(path.stat().st_mode)


def is_open(mode: int) -> bool:
    """Tell whether others may put something of theirs into a directory of this mode."""
    return bool(mode & _OTHERS_WRITE)


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


def in_place(path: Path) -> Path:
    """Return the name of the whole content while a file that cannot be replaced is written."""
    return path.with_name(f".{path.name}.new")


def replace(path: Path, content: bytes, neighbour: Path | None = None, before: bytes | None = None) -> None:
    """Give `path` new content, mode 0600, durable on return.

    The caller holds `exclusive` of the file whose temporary `neighbour` is (by default `path` itself).
    Raises StoreError and leaves the old content when anything fails; ChangedMeanwhile when `before` is given
    (empty for no file) and the file holds something else by now, or another program has it open to write.
    """
    neighbour = neighbour or temporary(path)
    with file_errors("write", path):
        try:
            _write_through(neighbour, content)
            with _unwritten(path, before):
                try:
                    neighbour.replace(path)
                except OSError as error:
                    if error.errno != errno.EBUSY:
                        raise
                    neighbour.replace(in_place(path))
        except BaseException:
            neighbour.unlink(missing_ok=True)
            raise
        if in_place(path).exists():
            finish_in_place(path)
        _sync_directory(path.parent)


def finish_in_place(path: Path) -> None:
    """Copy the whole content over the file, which stays the same one; its neighbour goes when all is there.

    The caller holds `exclusive`. Raises StoreError; a file that may not be written then stands as it was.
    """
    source = in_place(path)
    with file_errors("write", path):
        try:
            with path.open("r+b") as file:
                content = source.read_bytes()
                # The room first: a full disk must not leave half of it.
                if len(content) > os.fstat(file.fileno()).st_size:
                    _reserve(file.fileno(), len(content))
                file.write(content)
                file.truncate()
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            source.unlink(missing_ok=True)
            raise
        source.unlink()


def _reserve(descriptor: int, size: int) -> None:
    try:
        os.posix_fallocate(descriptor, 0, size)
    except OSError as error:
        if error.errno not in NOT_OFFERED:
            raise


def make_private(path: Path) -> None:
    """Take the rights of group and others from an existing file.

    Raises NotWritable where that cannot be done and others can get at the file.
    """
    with file_errors("protect", path):
        if not path.exists() or not path.stat().st_mode & _OTHERS:
            return
        try:
            path.chmod(0o600)
        except OSError as error:
            if error.errno not in {*NOT_OFFERED, errno.EPERM}:
                raise
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & _OTHERS and path.parent.stat().st_mode & _OTHERS_ENTER:
            raise NotWritable(
                f"Cannot protect {path}: its mode {mode:04o} cannot be changed; mount its file system with"
                " modes that keep others out, or choose another directory with ELIZA_STATE_DIR."
            )


@contextmanager
def _unwritten(path: Path, before: bytes | None) -> Iterator[None]:
    """See that `path` holds `before`, and let no other program begin to write it within the block."""
    if before is None:
        yield
        return
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        if before:
            raise ChangedMeanwhile from None
        yield
        return
    try:
        _lease(descriptor)
        if not before or os.pread(descriptor, len(before) + 1, 0) != before:
            raise ChangedMeanwhile
        yield
    finally:
        os.close(descriptor)  # ends the lease, too


def _lease(descriptor: int) -> None:
    """Take the kernel's promise that nobody has the file open to write; whoever opens it then waits for us.

    Where leases are not offered the comparison alone has to do.
    """
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)  # ignored by default; SIGIO would kill
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        if error.errno == errno.EAGAIN:
            raise ChangedMeanwhile from None


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
    except OSError as error:
        if error.errno not in NOT_OFFERED:  # CIFS and FUSE have nothing to sync: the rename is the server's
            raise
    finally:
        os.close(descriptor)
