"""eliza.json on disk: read as JSON5, changed under a lock, written atomically (local-api §15, §20 row 20)."""

import os
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from eliza_cloud.store.atomic_file import exclusive, make_private, replace, temporary
from eliza_cloud.store.config.api_key import contains, key_in, without_keys
from eliza_cloud.store.config.json5 import MAX_JSON, ConfigText, decode, encode, render
from eliza_cloud.store.errors import ConfigError, StoreError, file_errors

__all__ = ["ConfigError", "ConfigFile", "StoreError"]


class ConfigFile:
    """One eliza.json. Blocking: call it from a thread.

    A symbolic link stays one: lock, temporary file and backup live beside the file it points to.
    `$include` is not resolved and is kept like any other key.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[str, Any]:
        """Return the document; {} when missing or blank. Raises ConfigError with path, line and column."""
        return self.parsed().document

    def parsed(self) -> ConfigText:
        """Return the document with its text; raises as `read` does."""
        return _load(self._target())

    def update(
        self, change: Callable[[dict[str, Any]], None], forget: Collection[str] = ()
    ) -> dict[str, Any]:
        """Read afresh under the lock, let `change` edit the document in place, write it if that changed it.

        The file is 0600 afterwards. A text that was not plain JSON (comments) is kept as `.bak`, without the
        API key. `forget` names keys of which no copy may stay, here or there. Raises StoreError; then the old
        file stands.
        """
        target = self._target()
        with exclusive(target):
            original = _load(target)
            document = original.document
            keys = [*forget, key_in(document)]
            before = render(document)
            change(document)
            after = render(document)
            _drop_backup_with(forget, target)
            if after == before and not contains(original.text, forget):
                make_private(target)
            else:
                if not original.plain:
                    _keep(original.text, {key for key in [*keys, key_in(document)] if key}, target)
                replace(target, encode(after))
            return document

    def protect(self) -> None:
        """Take the rights of group and others from the file, whoever wrote it."""
        make_private(self._target())

    def discard_leftovers(self) -> None:
        """Remove the temporary file of a writer that was killed; waits for one that is alive."""
        target = self._target()
        if temporary(target).exists():
            with exclusive(target):
                pass

    def _target(self) -> Path:
        with file_errors("follow", self.path):
            return Path(os.path.realpath(self.path))


def _load(path: Path) -> ConfigText:
    with file_errors("read", path):
        try:
            with path.open("rb") as file:
                content = file.read(MAX_JSON + 1)
        except FileNotFoundError:
            content = b""
    return ConfigText(decode(content, str(path)), str(path))


def _backup_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.bak")


def _keep(text: str, keys: Collection[str], path: Path) -> None:
    """Write the original beside the file; not when a key is spelled with escapes and cannot be cut out."""
    kept = without_keys(text, keys)
    document = ConfigText(kept, str(path)).document
    if key_in(document) is None and not contains(render(document), keys):
        replace(_backup_of(path), encode(kept), temporary(path))


def _drop_backup_with(keys: Collection[str], path: Path) -> None:
    backup = _backup_of(path)
    with file_errors("clean", backup):
        if backup.exists() and contains(backup.read_text("utf-8", "replace"), keys):
            backup.unlink()
