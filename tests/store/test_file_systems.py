"""File systems that lack what others have: it works where that is safe, else a sentence says what it is."""

import errno
import fcntl
import os

import pytest

from eliza_cloud.store.config.file import StoreError
from eliza_cloud.store.instance_lock import AlreadyRunning, InstanceLock
from eliza_cloud.store.token import api_token


def refuse(number):
    def call(*_args, **_more):
        raise OSError(number, os.strerror(number))

    return call


@pytest.fixture
def no_modes(monkeypatch):
    """Every file has the mode that the mount gives it, and nobody may change it (CIFS, vfat)."""
    monkeypatch.setattr(os, "chmod", refuse(errno.EPERM))
    monkeypatch.setattr(os, "fchmod", refuse(errno.EPERM))


async def test_files_whose_modes_cannot_be_changed_are_used_in_a_directory_of_ours(
    paths, config, put, credentials, no_modes
):
    paths.directory.mkdir(mode=0o700)
    put('{"cloud": {"apiKey": "a-key"}}')
    paths.database.touch(mode=0o644)
    paths.token.write_text("a-token-that-is-long-enough\n")
    api_token({}, paths)
    config.update(lambda document: document.update(a=1))
    assert (await credentials().load()).key.reveal() == "a-key"


def test_a_secret_that_others_could_read_is_refused_with_the_reason(paths, no_modes):
    paths.directory.mkdir(mode=0o755)
    paths.token.write_text("a-token-that-is-long-enough\n")
    with pytest.raises(
        StoreError, match=r"its mode 06?44 cannot be changed; mount its file system with modes"
    ):
        api_token({}, paths)


def test_one_without_flock_is_locked_by_the_other_call(paths, monkeypatch):
    monkeypatch.setattr(fcntl, "flock", refuse(errno.ENOTSUP))
    with InstanceLock(paths.lock):
        held = os.open(paths.lock, os.O_RDWR)
        pid = os.fork()
        if pid == 0:
            try:
                InstanceLock(paths.lock).acquire()
            except AlreadyRunning:
                os._exit(7)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
        os.close(held)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOLCK, "its file system cannot lock files; choose a directory on another file system"),
        (errno.ENOTSUP, "its file system does not offer that; choose a directory on another file system"),
    ],
)
def test_one_without_any_locks_is_named(paths, config, monkeypatch, number, said):
    monkeypatch.setattr(fcntl, "flock", refuse(number))
    monkeypatch.setattr(fcntl, "lockf", refuse(number))
    with pytest.raises(StoreError, match=said):
        InstanceLock(paths.lock).acquire()
    with pytest.raises(StoreError, match=said):
        config.update(lambda document: document.update(a=1))
