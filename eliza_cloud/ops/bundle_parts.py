"""What goes into a bundle: each part by itself, so that one that cannot be had keeps no other away."""

import asyncio
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from eliza_cloud.core.secret import Secret
from eliza_cloud.ops.bundle import Part
from eliza_cloud.ops.doctor.examination import Report
from eliza_cloud.ops.doctor.installation import Installation
from eliza_cloud.ops.doctor.own_service import Fetched, NotFetched, fetch
from eliza_cloud.ops.doctor.versions import installed_versions
from eliza_cloud.store.config_file import ConfigFile
from eliza_cloud.store.environment_table import OWN_VARIABLES
from eliza_cloud.store.errors import StoreError, file_errors
from eliza_cloud.store.look import look_at_journal
from eliza_cloud.store.paths import StatePaths

NEWEST = 2000
"""Entries of the journal."""
MOST_FILES = 1000
#: The sections of eliza.json that this service reads; of others only the names are told.
_SECTIONS = ("cloud", "serviceRouting", "linkedAccounts", "deploymentTarget", "models", "logging")
_JOURNAL = "journal.jsonl"
_OF_THE_SERVICE = {
    "status.json": "/api/cloud/status",
    "health.json": "/api/cloud/health",
    "explain.json": "/api/cloud/explain",
    "log-level.json": "/api/cloud/log-level",
}


async def collect(
    installation: Installation, paths: StatePaths, report: Report, token: Secret | None
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
        lines = await asyncio.to_thread(look_at_journal, paths.database, NEWEST)
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
