"""Can the state be kept, and is it for its owner's eyes alone?"""

import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from eliza_cloud.core.problems import DATABASE_DAMAGED, NOT_CREATABLE, SECRETS_EXPOSED
from eliza_cloud.ops.doctor.result import Check, Finding, failed, failed_by, passed
from eliza_cloud.store.config.api_key import key_in
from eliza_cloud.store.errors import StoreError, file_errors
from eliza_cloud.store.inspect import opened_to_read
from eliza_cloud.store.paths import StatePaths
from eliza_cloud.store.sqlite.integrity import damage

PROBE_BYTES = 64 * 1024
"""What is written to see whether anything can be: a few pages of the database."""
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_OTHERS_ENTER = stat.S_IXGRP | stat.S_IXOTH


def check_state(paths: StatePaths, document: dict[str, Any] | None) -> Finding:
    """Write, sync and remove a small file, read the database, and look at who else may read.

    `document` is eliza.json, None when it cannot be read.
    """
    try:
        if not _exists(paths.directory):
            return _to_be_made(paths.directory)
        _write_and_remove(paths.directory)
        with opened_to_read(paths.database) as connection:  # not one of a newer version
            damaged = connection and damage(connection)
        exposed = [*_exposed(paths, document)]
    except StoreError as error:
        return failed_by(Check.STATE, error.problem)
    if damaged:
        return failed(Check.STATE, DATABASE_DAMAGED, path=paths.database, reason=damaged)
    if exposed:
        commands = " && ".join(f"chmod {mode} {path}" for path, mode in exposed)
        names = ", ".join(str(path) for path, _ in exposed)
        return failed(Check.STATE, SECRETS_EXPOSED, paths=names, commands=commands)
    return passed(Check.STATE, f"{paths.directory} can be written to; {_free(paths.directory)}.")


def _exists(directory: Path) -> bool:
    with file_errors("look at", directory):
        return directory.exists()


def _to_be_made(directory: Path) -> Finding:
    """Judge the directory that the service would make the missing one in."""
    parent = next(path for path in directory.parents if path.exists())
    if not parent.is_dir():
        return failed(Check.STATE, NOT_CREATABLE, path=directory, reason=f"{parent} is not a directory")
    if not os.access(parent, os.W_OK | os.X_OK):
        return failed(Check.STATE, NOT_CREATABLE, path=directory, reason=f"{parent} is not writable")
    return passed(Check.STATE, f"{directory} is made when the service starts; {_free(parent)}.")


def _write_and_remove(directory: Path) -> None:
    probe = directory / f".doctor-{secrets.token_hex(8)}"
    with file_errors("write to", directory):
        descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            left = memoryview(bytes(PROBE_BYTES))
            while left:
                left = left[os.write(descriptor, left) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
            probe.unlink()


def _exposed(paths: StatePaths, document: dict[str, Any] | None) -> Iterator[tuple[Path, str]]:
    """Yield where others could read a secret or put something of theirs, and the mode it should have."""
    with file_errors("look at", paths.directory):
        if paths.directory.stat().st_mode & _OTHERS_WRITE:
            yield paths.directory, "700"
        holds_key = document is None or key_in(document) is not None
        beside = [paths.config.with_name(f"{paths.config.name}{end}") for end in (".bak", ".json5")]
        database = (paths.database.with_name(f"{paths.database.name}{end}") for end in ("", "-wal", "-shm"))
        for path in (paths.token, *database, *((paths.config, *beside) if holds_key else ())):
            if path.exists() and path.stat().st_mode & _OTHERS and path.parent.stat().st_mode & _OTHERS_ENTER:
                yield path, "600"


def _free(directory: Path) -> str:
    with file_errors("look at", directory):
        free = float(shutil.disk_usage(directory).free)
    for unit in ("bytes", "KiB", "MiB", "GiB", "TiB"):
        if free < 1024 or unit == "TiB":
            break
        free /= 1024
    return f"{free:.0f} {unit} are free"
