"""Which keys were signed out and may still be found somewhere: known by their hashes, and then ignored."""

import hashlib
from collections.abc import Collection
from pathlib import Path

from eliza_cloud.redaction.secret import Secret
from eliza_cloud.store.atomic_file import exclusive, replace
from eliza_cloud.store.errors import file_errors


class SignedOutKeys:
    """The SHA-256 of each, one a line, in a private file; in memory alone without a path. Blocking.

    There is no file while there is none. Every method raises StoreError.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._memory: set[str] = set()

    def holds(self, key: Secret) -> bool:
        """Tell whether this key was signed out and is to be ignored."""
        return _hash(key.reveal()) in self._read()

    def known(self, keys: Collection[str]) -> set[str]:
        """Return those of the keys that were signed out."""
        hashes = self._read() if keys else set()
        return {key for key in keys if _hash(key) in hashes}

    def add(self, keys: Collection[str]) -> None:
        """Ignore these keys from now on; durable on return."""
        self._write(self._read() | set(map(_hash, keys)))

    def discard(self, keys: Collection[str]) -> None:
        """Let these keys count again: they are nowhere any more, or were signed in with anew."""
        self._write(self._read() - set(map(_hash, keys)))

    def _read(self) -> set[str]:
        if self._path is None:
            return set(self._memory)
        with file_errors("read", self._path):
            try:
                return set(self._path.read_text("ascii", "replace").split())
            except FileNotFoundError:
                return set()

    def _write(self, hashes: set[str]) -> None:
        if hashes == self._read():
            return
        if self._path is None:
            self._memory = hashes
            return
        with exclusive(self._path):
            if hashes:
                replace(self._path, "".join(f"{one}\n" for one in sorted(hashes)).encode())
            else:
                with file_errors("remove", self._path):
                    self._path.unlink(missing_ok=True)


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
