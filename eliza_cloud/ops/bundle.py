"""A zip for whoever helps from afar: parts without secrets, and a manifest of what is in it and what not."""

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import msgspec

from eliza_cloud.core.secret import Secret
from eliza_cloud.ops.redaction import SHOWN, Redaction

MANIFEST = "manifest.json"
_DISTINCT = 8  # characters; what is shorter is also found where it is no secret
#: A user name or password in a URL.
_USER_INFO = re.compile(r"(?<=://)[^/@\s\"']+(?=@)")


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One file to be: a JSON `document`, lines of `text`, or `why` it is left out.

    In a document also what has a secret's name is hidden, in a text only what is known or looks like one.
    """

    name: str
    document: Any = None
    text: str | None = None
    why: str | None = None


class PackedFile(msgspec.Struct, frozen=True):
    """A file of the zip; `size` in bytes."""

    name: str
    size: int
    sha256: str


class LeftOut(msgspec.Struct, frozen=True):
    """A file that is not in the zip."""

    name: str
    why: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is in the zip beside this; `redacted` counts the places where something was hidden."""

    created_at: str
    version: str
    files: tuple[PackedFile, ...]
    left_out: tuple[LeftOut, ...]
    redacted: int


def pack(parts: Iterable[Part], secrets: Sequence[Secret]) -> tuple[bytes, Manifest]:
    """Return the zip and its manifest; no part that still holds a secret gets in."""
    redaction = Redaction()
    for secret in _written(secrets):
        redaction.register(secret)
    unmistakable = [
        text for secret in _written(secrets) if len(text := secret.reveal().encode()) >= _DISTINCT
    ]
    files: list[tuple[PackedFile, bytes]] = []
    left_out: list[LeftOut] = []
    redacted = 0
    for part in parts:
        if part.why is not None:
            left_out.append(LeftOut(part.name, redaction.text(part.why)))
            continue
        content, places = _redacted(part, redaction)
        if any(secret in content for secret in unmistakable):
            left_out.append(LeftOut(part.name, "a secret in it could not be hidden"))
            continue
        redacted += places
        files.append((PackedFile(part.name, len(content), hashlib.sha256(content).hexdigest()), content))
    manifest = Manifest(
        created_at=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        version=version("eliza-cloud"),
        files=tuple(file for file, _ in files),
        left_out=tuple(left_out),
        redacted=redacted,
    )
    told = _json(msgspec.to_builtins(manifest)).encode()
    return _zipped([(MANIFEST, told), *((file.name, content) for file, content in files)]), manifest


def _written(secrets: Sequence[Secret]) -> list[Secret]:
    """Return the secrets, and each as JSON writes it where that differs."""
    plain = [secret.reveal() for secret in secrets]
    return [Secret(text) for text in dict.fromkeys([*plain, *(json.dumps(text)[1:-1] for text in plain)])]


def _redacted(part: Part, redaction: Redaction) -> tuple[bytes, int]:
    """Return the file's content, and in how many places something was hidden."""
    if part.text is None:
        before = _json(part.document)
        after = _json(redaction(None, "", {"": part.document})[""])
    else:
        before, after = part.text, redaction.text(part.text)
    after = _USER_INFO.sub(SHOWN, after)
    return after.encode("utf-8", "replace"), after.count(SHOWN) - before.count(SHOWN)


def _json(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _zipped(files: Iterable[tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            entry = zipfile.ZipInfo(name, datetime.now().timetuple()[:6])  # noqa: DTZ005 - zip has no zones
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()
