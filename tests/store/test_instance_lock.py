"""One service per state directory."""

import os
import signal

import pytest

from eliza_cloud.store.config.file import StoreError
from eliza_cloud.store.instance_lock import AlreadyRunning, InstanceLock


def test_a_second_service_is_refused_and_told_the_first_ones_pid(child, paths):
    holder = child("hold", paths.lock)
    pid = int(holder.stdout.readline())
    with pytest.raises(AlreadyRunning) as caught:
        InstanceLock(paths.lock).acquire()
    assert caught.value.pid == pid == holder.pid
    assert f"process {pid}" in str(caught.value)
    assert str(paths.directory) in str(caught.value)
    assert isinstance(caught.value, StoreError)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_the_lock_of_a_process_that_died_is_free(child, paths, end):
    holder = child("hold", paths.lock)
    holder.stdout.readline()
    holder.send_signal(end)
    holder.wait()
    with InstanceLock(paths.lock), pytest.raises(AlreadyRunning) as caught:
        InstanceLock(paths.lock).acquire()
    assert caught.value.pid == os.getpid()


def test_a_released_lock_is_free_and_a_stale_pid_does_not_matter(paths):
    paths.directory.mkdir()
    paths.lock.write_text("1234567\n")
    lock = InstanceLock(paths.lock)
    for _ in range(2):
        lock.acquire()
        assert paths.lock.read_text() == f"{os.getpid()}\n"
        lock.release()
        lock.release()


def test_a_holder_that_has_not_written_its_pid_yet_is_still_a_holder(paths):
    with InstanceLock(paths.lock):
        paths.lock.write_text("")
        with pytest.raises(AlreadyRunning, match="another process") as caught:
            InstanceLock(paths.lock).acquire()
    assert caught.value.pid is None


def test_a_child_process_does_not_inherit_the_lock(child, paths):
    with InstanceLock(paths.lock):
        other = child("hold", paths.directory / "other.lock")
        other.stdout.readline()
    InstanceLock(paths.lock).acquire()


def test_files_and_directory_are_private(paths):
    with InstanceLock(paths.lock):
        assert paths.lock.stat().st_mode & 0o777 == 0o600
        assert paths.directory.stat().st_mode & 0o777 == 0o700


def test_a_directory_that_may_not_be_written_is_said(read_only):
    with pytest.raises(StoreError, match=r"Cannot lock .*serve.lock: permission denied"):
        InstanceLock(read_only / "serve.lock").acquire()
