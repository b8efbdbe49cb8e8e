"""The doctor's questions to the running service, and what its answers show."""

from enum import Enum, auto
from typing import Any

import aiohttp
import msgspec

from eliza_cloud.cloud.http.request import json_object
from eliza_cloud.core.problems import LINK_UNRESPONSIVE, SERVICE_NOT_RUNNING, SERVICE_SILENT, VERSION_DIFFERS
from eliza_cloud.ops.doctor.installation import Installation
from eliza_cloud.ops.doctor.result import Check, Finding, failed, passed, skipped, waits
from eliza_cloud.redaction.secret import Secret
from eliza_cloud.store.inspect import lock_holder
from eliza_cloud.store.paths import StatePaths

LIMIT = 32 * 1024 * 1024
ANSWER_WITHIN = 8.0
"""Seconds; longer than the service gives its own consumer to answer."""


class Fetched(msgspec.Struct, frozen=True):
    """An answer of any status."""

    status: int
    body: bytes

    @property
    def document(self) -> dict[str, Any] | None:
        """The JSON object the body is; None for anything else."""
        return json_object(self.body)


class Answering(Enum):
    """Who answers at an address."""

    NOBODY = auto()
    SILENCE = auto()
    STRANGER = auto()
    ELIZA_CLOUD = auto()


class NotFetched(Exception):  # noqa: N818 - named after what happened
    """No answer came; the message says why in a few words, `instead` what is there."""

    def __init__(self, why: str, instead: Answering) -> None:
        super().__init__(why)
        self.instead = instead


async def fetch(
    url: str, path: str, token: Secret | None = None, *, within: float | None = None, limit: int = LIMIT
) -> Fetched:
    """GET a path, `within` seconds (`ANSWER_WITHIN`) and at most `limit` bytes; raises `NotFetched`."""
    headers = {} if token is None else {"Authorization": f"Bearer {token.reveal()}"}
    seconds = ANSWER_WITHIN if within is None else within
    timeout = aiohttp.ClientTimeout(total=seconds)
    try:
        async with (
            aiohttp.ClientSession(trust_env=False, cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.get(f"{url}{path}", headers=headers, timeout=timeout, allow_redirects=False) as response,
        ):
            body = bytearray()
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) > limit:
                    raise NotFetched(f"the answer is larger than {limit // 2**20} MiB", Answering.STRANGER)
            return Fetched(response.status, bytes(body))
    except TimeoutError:
        error = NotFetched(f"no answer came within {seconds:g} s", Answering.SILENCE)
    except aiohttp.ClientConnectorError:
        error = NotFetched("nothing listens there", Answering.NOBODY)
    except (aiohttp.ClientError, OSError, ValueError):
        error = NotFetched("what answers there does not speak HTTP", Answering.STRANGER)
    raise error  # outside the handler: aiohttp's exceptions hold the request's headers


async def who_answers(url: str) -> Answering:
    """Tell who answers there; no token is shown to whatever does."""
    try:
        answer = await fetch(url, "/api/cloud/status", limit=1024 * 1024)
    except NotFetched as error:
        return error.instead
    document = answer.document or {}
    is_ours = (
        isinstance(document.get("connection"), dict)
        if answer.status == 200
        else document.get("code") in {"unauthorized", "host_not_allowed", "too_many_attempts"}
    )
    return Answering.ELIZA_CLOUD if is_ours else Answering.STRANGER


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
        return failed(Check.SERVICE, LINK_UNRESPONSIVE, url=url, process=holder)
    if await who_answers(url) is Answering.ELIZA_CLOUD:
        return skipped(Check.SERVICE, f"The one at {url} has another version.", VERSION_DIFFERS)
    return waits(Check.SERVICE, Check.PORTS)


def _unheard(url: str, holder: int | None, error: NotFetched) -> Finding:
    """Judge a service that gave no answer."""
    if holder is None and error.instead is Answering.NOBODY:
        return skipped(Check.SERVICE, f"None is running at {url}: {error}.", SERVICE_NOT_RUNNING)
    if holder is None:
        return waits(Check.SERVICE, Check.PORTS)
    if error.instead is Answering.NOBODY:
        return skipped(
            Check.SERVICE,
            f"One is running (process {holder}), but not at {url}: it is starting or stopping, or listens"
            " elsewhere by a flag.",
        )
    return failed(Check.SERVICE, SERVICE_SILENT, process=holder, reason=error, url=url)


def _says(health: Fetched, *, alive: bool) -> bool:
    return health.status == (200 if alive else 503) and (health.document or {}).get("ok") is alive
