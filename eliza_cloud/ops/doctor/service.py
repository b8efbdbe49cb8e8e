"""Does the service run, and is it of this version? Not to run is no failure."""

from eliza_cloud.ops.doctor.finding import Check, Finding, failed, passed, skipped, waits
from eliza_cloud.ops.doctor.installation import Installation
from eliza_cloud.ops.doctor.own_service import Answering, Fetched, NotFetched, fetch, who_answers
from eliza_cloud.store.look import lock_holder
from eliza_cloud.store.paths import StatePaths


async def check_service(installation: Installation, paths: StatePaths) -> Finding:
    """Ask the service that holds the state directory whether it is alive."""
    url = installation.url
    if url is None:
        return waits(Check.SERVICE, Check.SETTINGS)
    holder = lock_holder(paths.lock)
    try:
        health = await fetch(url, "/healthz")
    except NotFetched as error:
        return _unheard(url, holder, error)
    if holder is None:
        return waits(Check.SERVICE, Check.PORTS)
    if _says(health, alive=True):
        return passed(Check.SERVICE, f"It answers at {url} (process {holder}).")
    if _says(health, alive=False):
        why = f"It answers at {url} (process {holder}), but its link does not."
        return failed(Check.SERVICE, why, "service_stuck")
    if await who_answers(url) is Answering.ELIZA_CLOUD:
        return skipped(Check.SERVICE, f"The one at {url} is of another version.", "version_differs")
    return waits(Check.SERVICE, Check.PORTS)


def _unheard(url: str, holder: int | None, error: NotFetched) -> Finding:
    """Judge a service that gave no answer."""
    if holder is None and error.instead is Answering.NOBODY:
        return skipped(Check.SERVICE, f"None is running at {url}: {error}.", "service_not_running")
    if holder is None:
        return waits(Check.SERVICE, Check.PORTS)
    if error.instead is Answering.NOBODY:
        return skipped(
            Check.SERVICE,
            f"One is running (process {holder}), but not at {url}: it is starting or stopping, or listens"
            " elsewhere by a flag.",
        )
    return failed(Check.SERVICE, f"It runs (process {holder}), but {error} at {url}.", "service_stuck")


def _says(health: Fetched, *, alive: bool) -> bool:
    return health.status == (200 if alive else 503) and (health.document or {}).get("ok") is alive
