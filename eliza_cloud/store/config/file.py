"""eliza.json on disk: read as JSON5, changed under a lock, written atomically (local-api §15, §20 row 20).

Other programs write the file, too, and not all of them as a whole: what is empty or does not parse may be
half of what is being written. It is read again for a while, then refused, and never taken for {}.
"""

import os
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import Any

from eliza_cloud.store.atomic_file import (
    ChangedMeanwhile,
    exclusive,
    finish_in_place,
    in_place,
    make_private,
    replace,
    temporary,
)
from eliza_cloud.store.config.api_key import contains, key_in, secrets_in, without_keys, without_secrets
from eliza_cloud.store.config.include import included
from eliza_cloud.store.config.json5 import MAX_JSON, ConfigText, decode, encode, render
from eliza_cloud.store.errors import ConfigError, NotWritable, StoreError, file_errors

__all__ = ["ConfigError", "ConfigFile", "StoreError"]

#: Seconds between two looks at a file that somebody may be writing, and how many there are.
LOOKED_AGAIN_AFTER = 0.1
LOOKS = 6


class ConfigFile:
    """One eliza.json. Blocking: call it from a thread.

    A symbolic link stays one: lock, temporary file and backup live beside the file it points to.
    `$include` is resolved by `read` alone: what comes from other files is never written here.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def where(self) -> str:
        """The path, for sentences."""
        return str(self.path)

    def read(self) -> dict[str, Any]:
        """Return the document; {} when there is no file. Raises ConfigError with path, line and column."""
        target = self._target()
        return included(_load(target)[0].document, target, lambda path: _load(path)[0].document)

    def parsed(self) -> ConfigText:
        """Return the file alone, its document with its text; raises as `read` does."""
        return _load(self._target())[0]

    def update(
        self, change: Callable[[dict[str, Any]], None], forget: Collection[str] = ()
    ) -> dict[str, Any]:
        """Read afresh under the lock, let `change` edit the document in place, write it if that changed it.

        The file is 0600 afterwards, and what it was before is kept as `.bak` without keys and tokens; the
        newest text that was not plain JSON (comments) as `.json5`. `forget` names keys of which no copy may
        stay, here or there. What another program writes meanwhile is not written over: the change is made
        again to that. Raises StoreError; then the old file stands.
        """
        target = self._target()
        with exclusive(target):
            for looked in range(LOOKS):
                if looked:
                    time.sleep(LOOKED_AGAIN_AFTER)
                try:
                    return _changed(target, change, forget)
                except ChangedMeanwhile:
                    continue
        raise StoreError(
            f"Cannot write {target}: another program goes on writing it; let that finish, then try again."
        )

    def protect(self) -> None:
        """Take the rights of group and others from the file, whoever wrote it."""
        make_private(self._target())

    def keep_copy(self) -> None:
        """Keep the file, which has to be a good one, as `.bak` without keys and tokens."""
        target = self._target()
        if not target.exists():
            return
        original, _ = _load(target)
        if _stripped(original, ()) != _text_of(_backup_of(target)):
            with exclusive(target):
                _keep(original, (), target)

    def discard_leftovers(self) -> None:
        """Finish or remove what a writer that was killed has left; waits for one that is alive."""
        target = self._target()
        if in_place(target).exists() or temporary(target).exists():
            with exclusive(target):
                if in_place(target).exists():
                    _finish(target)

    def _target(self) -> Path:
        with file_errors("follow", self.path):
            return Path(os.path.realpath(self.path))


def _changed(
    target: Path, change: Callable[[dict[str, Any]], None], forget: Collection[str]
) -> dict[str, Any]:
    if in_place(target).exists():
        _finish(target)
    original, content = _load(target)
    document = original.document
    keys = [*forget, key_in(document)]
    before = render(document)
    change(document)
    after = render(document)
    for copy in (_backup_of(target), _commented(target)):
        _drop_with(forget, copy)
    if after == before and not contains(original.text, forget):
        with suppress(NotWritable):  # what is to be in it is; who starts the service says who can read it
            make_private(target)
        return document
    if original.text:
        _keep(original, {key for key in [*keys, key_in(document)] if key}, target)
    replace(target, encode(after), before=content)
    return document


def _finish(path: Path) -> None:
    """Complete a write in place that was killed; where the file is whole again somebody wrote it since."""
    try:
        _parsed(_content(path) or b"", path)
    except ConfigError:
        finish_in_place(path)
    else:
        in_place(path).unlink(missing_ok=True)


def _load(path: Path) -> tuple[ConfigText, bytes]:
    """Return what a file holds, parsed and as it is; looks again while it is not whole. Raises StoreError."""
    refused: bytes | None = None
    refusal: ConfigError | None = None
    for looked in range(LOOKS):
        if looked:
            time.sleep(LOOKED_AGAIN_AFTER)
        content = _content(path)
        if content is None and refusal is None:
            break
        if content is not None and content != refused:
            try:
                return _parsed(content, path), content
            except ConfigError as error:
                refused, refusal = content, error
    if refusal is None or content is None:
        return ConfigText("", str(path)), b""
    raise refusal


def _parsed(content: bytes, path: Path) -> ConfigText:
    text = decode(content, str(path))
    if not text.strip():
        raise ConfigError(f"{path}: the file is empty; write {{}} into it, or remove it.")
    return ConfigText(text, str(path))


def _content(path: Path) -> bytes | None:
    with file_errors("read", path):
        try:
            with path.open("rb") as file:
                return file.read(MAX_JSON + 1)
        except FileNotFoundError:
            return None


def _backup_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.bak")


def _commented(path: Path) -> Path:
    return path.with_name(f"{path.name}.json5")


def _keep(original: ConfigText, keys: Collection[str], path: Path) -> None:
    """Write what the file was beside it, without secrets; its comments are not lost to a later copy."""
    kept, backup = _stripped(original, keys), _backup_of(path)
    before = _text_of(backup)
    if kept is None or kept == before:
        return
    if before is not None and original.plain and not _is_plain(before, backup):
        with file_errors("keep", backup):
            backup.replace(_commented(path))
    replace(backup, encode(kept), temporary(path))


def _stripped(original: ConfigText, keys: Collection[str]) -> str | None:
    """Return the text without `keys` and the secrets of the document; None when that cannot be told."""
    secrets = {*keys, *secrets_in(original.document)}
    kept = without_keys(original.text, secrets)
    try:
        document = ConfigText(kept, "").document
    except ConfigError:
        return None
    if key_in(document) is None and not secrets_in(document) and not contains(render(document), secrets):
        return kept
    return render(without_secrets(document, secrets))  # one is spelled with escapes: not as it was written


def _text_of(path: Path) -> str | None:
    content = _content(path)
    return None if content is None else content.decode("utf-8", "replace")


def _is_plain(text: str, path: Path) -> bool:
    try:
        return ConfigText(text, str(path)).plain
    except ConfigError:
        return True


def _drop_with(keys: Collection[str], copy: Path) -> None:
    text = _text_of(copy)
    if text is not None and contains(text, keys):
        with file_errors("clean", copy):
            copy.unlink()
