"""What is installed, for whoever reads a report elsewhere."""

import platform
import sqlite3
import ssl
import sys
from importlib.metadata import PackageNotFoundError, requires, version

from eliza_cloud.core.problems import VERSION_DIFFERS
from eliza_cloud.ops.doctor.installation import Installation
from eliza_cloud.ops.doctor.result import Check, Finding, failed, passed
from eliza_cloud.ops.doctor.service import NotFetched, fetch
from eliza_cloud.store.inspect import lock_holder
from eliza_cloud.store.paths import StatePaths

OURS = "eliza-cloud"


def installed_versions() -> dict[str, str]:
    """Return the versions of this program, of Python and what it is linked with, and of each library."""
    found = {OURS: version(OURS), "Python": platform.python_version()}
    for requirement in requires(OURS) or ():
        name = requirement.partition(";")[0].rstrip("0123456789.<>=!~, ").partition("[")[0]
        if "extra ==" not in requirement:
            found[name] = _version(name)
    return {
        **found,
        "OpenSSL": ssl.OPENSSL_VERSION.removeprefix("OpenSSL ").partition(" ")[0],
        "SQLite": sqlite3.sqlite_version,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "executable": sys.executable,
    }


async def check_versions(installation: Installation, paths: StatePaths) -> Finding:
    """Tell what is installed; a service of another version that still runs fails."""
    mine, running = version(OURS), None
    if installation.url is not None and lock_holder(paths.lock) is not None:
        running = await _version_of(installation.url)
    if running is not None and running != mine:
        return failed(Check.VERSIONS, VERSION_DIFFERS, running=running, installed=mine)
    named = ", ".join(f"{name} {found}" for name, found in installed_versions().items() if name in _TOLD)
    return passed(Check.VERSIONS, f"{named}.")


_TOLD = {OURS, "Python", "aiohttp", "msgspec", "OpenSSL", "SQLite"}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


async def _version_of(url: str) -> str | None:
    """Return what the running service says of itself; None where it says nothing."""
    try:
        answer = await fetch(url, "/api/openapi.json")
    except NotFetched:
        return None
    about = (answer.document or {}).get("info")
    said = about.get("version") if isinstance(about, dict) and about.get("title") == OURS else None
    return said if isinstance(said, str) else None
