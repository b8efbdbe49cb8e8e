"""The support bundle: parts without secrets, zipped with a manifest of what is in it and what is not."""

import asyncio
import hashlib
import io
import json
import re
import stat
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from eliza_cloud.ops.doctor.installation import Installation
from eliza_cloud.ops.doctor.run import DoctorReport
from eliza_cloud.ops.doctor.service import Fetched, NotFetched, fetch
from eliza_cloud.ops.doctor.versions import installed_versions
from eliza_cloud.redaction.log import SHOWN, LogRedactor
from eliza_cloud.redaction.secret import Secret
from eliza_cloud.store.config.env import OWN_VARIABLES
from eliza_cloud.store.config.file import ConfigFile
from eliza_cloud.store.errors import StoreError, file_errors
from eliza_cloud.store.inspect import read_only_journal
from eliza_cloud.store.paths import StatePaths

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
    redaction = LogRedactor()
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
    written = _json(msgspec.to_builtins(manifest)).encode()
    return _zipped([(MANIFEST, written), *((file.name, content) for file, content in files)]), manifest


def _written(secrets: Sequence[Secret]) -> list[Secret]:
    """Return the secrets, and each as JSON writes it where that differs."""
    plain = [secret.reveal() for secret in secrets]
    return [Secret(text) for text in dict.fromkeys([*plain, *(json.dumps(text)[1:-1] for text in plain)])]


def _redacted(part: Part, redaction: LogRedactor) -> tuple[bytes, int]:
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


NEWEST = 2000
"""Entries of the journal."""
MOST_FILES = 1000
#: The sections of eliza.json that this service reads; of others only the names are shown.
_SECTIONS = ("cloud", "serviceRouting", "linkedAccounts", "deploymentTarget", "models", "logging")
_JOURNAL = "journal.jsonl"
_OF_THE_SERVICE = {
    "status.json": "/api/cloud/status",
    "health.json": "/api/cloud/health",
    "explain.json": "/api/cloud/explain",
    "log-level.json": "/api/cloud/log-level",
    "installation.json": "/api/cloud/installation",
}


async def collect(
    installation: Installation, paths: StatePaths, report: DoctorReport, token: Secret | None
) -> list[Part]:
    """Gather the parts; `token` is shown to the service that runs at the installation's URL."""
    return [
        Part(name="doctor.json", document=msgspec.to_builtins(report)),
        Part(name="versions.json", document=installed_versions()),
        _settings(paths),
        Part(name="environment.json", document=_environment(installation.environ)),
        _listing(paths),
        *await asyncio.gather(
            *(_told(installation, name, path, token) for name, path in _OF_THE_SERVICE.items()),
            _metrics(installation, token),
            _journal(installation, paths, token),
        ),
    ]


def _settings(paths: StatePaths) -> Part:
    try:
        document = ConfigFile(paths.config).read()
    except StoreError as error:
        return Part(name="settings.json", why=str(error))
    shown: dict[str, Any] = {name: document[name] for name in _SECTIONS if name in document}
    others = sorted(set(document) - set(shown))
    return Part(
        name="settings.json", document={"path": str(paths.config), "shown": shown, "notShown": others}
    )


def _environment(environ: Mapping[str, str]) -> dict[str, Any]:
    known = {variable.name for variable in OWN_VARIABLES}
    return {
        "shown": {name: environ[name] for name in sorted(known & set(environ))},
        "notShown": sorted(name for name in environ if name.startswith("ELIZA") and name not in known),
    }


def _listing(paths: StatePaths) -> Part:
    name = "state-directory.json"
    try:
        with file_errors("list", paths.directory):
            found = sorted(paths.directory.rglob("*"))
            files = [_described(path, paths.directory) for path in found[:MOST_FILES]]
            own = _described(paths.directory, paths.directory.parent)
    except StoreError as error:
        return Part(name=name, why=str(error))
    return Part(
        name=name,
        document={"path": str(paths.directory), "mode": own["mode"], "count": len(found), "files": files},
    )


def _described(path: Path, below: Path) -> dict[str, Any]:
    status = path.lstat()
    return {
        "name": str(path.relative_to(below)),
        "kind": stat.filemode(status.st_mode)[0],
        "mode": f"{stat.S_IMODE(status.st_mode):04o}",
        "size": status.st_size,
    }


async def _told(installation: Installation, name: str, path: str, token: Secret | None) -> Part:
    """Return what the running service says, as JSON."""
    answer = await _asked(installation, path, token)
    if isinstance(answer, str):
        return Part(name=name, why=answer)
    document = answer.document
    return Part(name=name, why="no JSON came") if document is None else Part(name=name, document=document)


async def _metrics(installation: Installation, token: Secret | None) -> Part:
    answer = await _asked(installation, "/metrics", token)
    if isinstance(answer, str):
        return Part(name="metrics.txt", why=answer)
    return Part(name="metrics.txt", text=answer.body.decode("utf-8", "replace"))


async def _journal(installation: Installation, paths: StatePaths, token: Secret | None) -> Part:
    """Return the newest entries: as the service gives them, or else as they are in the database."""
    answer = await _asked(installation, f"/api/cloud/journal?limit={NEWEST}", token)
    if not isinstance(answer, str):
        entries = (answer.document or {}).get("entries")
        if isinstance(entries, list):
            return Part(
                name=_JOURNAL, text="".join(f"{msgspec.json.encode(one).decode()}\n" for one in entries)
            )
    try:
        lines = await asyncio.to_thread(read_only_journal, paths.database, NEWEST)
    except StoreError as error:
        return Part(name=_JOURNAL, why=str(error))
    if not lines:
        return Part(name=_JOURNAL, why="there is no journal yet")
    return Part(name=_JOURNAL, text="".join(f"{line.text}\n" for line in lines))


async def _asked(installation: Installation, path: str, token: Secret | None) -> Fetched | str:
    """Ask the running service; returns why it did not answer well."""
    if installation.url is None:
        return "the service's address cannot be understood"
    try:
        answer = await fetch(installation.url, path, token)
    except NotFetched as error:
        return f"the service at {installation.url} was asked, but {error}"
    return answer if answer.status == 200 else f"the service answered HTTP {answer.status}"
