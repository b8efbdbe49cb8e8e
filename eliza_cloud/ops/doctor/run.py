"""All checks together: what depends on nothing else goes on at the same time."""

import asyncio
import time
from collections.abc import Iterable
from importlib.metadata import version

import msgspec

from eliza_cloud.cloud.client import ElizaCloudClient
from eliza_cloud.cloud.config import CloudConfig
from eliza_cloud.cloud.http.address import BaseUrl, same_cloud
from eliza_cloud.cloud.http.request import Timeouts
from eliza_cloud.cloud.http.session import open_session
from eliza_cloud.core.problems import CLOUD_TIMEOUT
from eliza_cloud.core.timefmt import timestamp
from eliza_cloud.ops.doctor.account import examine_account, signed_out
from eliza_cloud.ops.doctor.connectivity import examine_way
from eliza_cloud.ops.doctor.installation import Installation
from eliza_cloud.ops.doctor.ports import check_ports
from eliza_cloud.ops.doctor.result import Check, Finding, Result, failed_by, skipped, waits
from eliza_cloud.ops.doctor.service import check_service
from eliza_cloud.ops.doctor.settings import ReadSettings, check_settings
from eliza_cloud.ops.doctor.state_directory import check_state
from eliza_cloud.ops.doctor.versions import check_versions
from eliza_cloud.store.config.env import allows_loopback
from eliza_cloud.store.config.settings import effective_base_url
from eliza_cloud.store.credentials import Held
from eliza_cloud.store.errors import StoreError
from eliza_cloud.store.inspect import read_only_login, read_only_move
from eliza_cloud.store.paths import StatePaths, state_paths

ACCOUNT_WITHIN = 25.0
"""Seconds for all questions about key, credits and agent together; each has ten."""
_TIMEOUTS = Timeouts(rest=10.0, heartbeat=10.0)
_WAY = (Check.CLOCK, Check.DNS, Check.TLS, Check.BASE_URL)
_ACCOUNT = (Check.KEY, Check.CREDITS, Check.AGENT)


class DoctorReport(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the doctor says; `ok` is false when anything fails."""

    ok: bool
    version: str
    created_at: str
    checks: tuple[Finding, ...]


async def examine(installation: Installation) -> DoctorReport:
    """Make every check; takes a minute at the most and changes nothing."""
    try:
        paths = state_paths(installation.environ)
    except StoreError as error:
        others = (waits(check, Check.STATE) for check in Check if check is not Check.STATE)
        return _report([failed_by(Check.STATE, error.problem), *others])
    settings = check_settings(installation, paths)
    state = check_state(paths, settings.document)
    cloud, *local = await asyncio.gather(
        _cloud(installation, paths, settings, state),
        check_ports(installation, paths),
        check_versions(installation, paths),
        check_service(installation, paths),
    )
    return _report([settings.finding, state, *cloud, *local])


async def why_not_running(installation: Installation) -> Finding | None:
    """Return the first reason for which no service can run here; None when one could be started."""
    try:
        paths = state_paths(installation.environ)
    except StoreError as error:
        return failed_by(Check.STATE, error.problem)
    settings = check_settings(installation, paths)
    for finding in (settings.finding, check_state(paths, settings.document)):
        if finding.result is Result.FAIL and finding.code != "state_dir_permissions":
            return finding
    ports = await check_ports(installation, paths)
    return ports if ports.result is Result.FAIL else None


async def _cloud(
    installation: Installation, paths: StatePaths, read: ReadSettings, state: Finding
) -> list[Finding]:
    if read.settings is None or read.document is None:
        return [waits(check, Check.SETTINGS) for check in (*_WAY, *_ACCOUNT)]
    environ = installation.environ
    configured = effective_base_url(read.settings, environ)
    way = await examine_way(
        configured,
        allow_loopback=allows_loopback(environ),
        pages_url=read.settings.pages_url,
        moved_to=_moved_to(paths, configured),
    )
    try:
        held = read_only_login(paths, read.document, environ, configured, same_cloud)
    except StoreError as error:
        key = failed_by(Check.KEY, error.problem)
        if state.result is Result.FAIL:
            key = waits(Check.KEY, Check.STATE)
        return [*way.findings, key, waits(Check.CREDITS, Check.KEY), waits(Check.AGENT, Check.KEY)]
    if held.key is None:
        return [*way.findings, *signed_out()]
    if way.base_url is None:
        obstacles = [found.check for found in way.findings if found.result is Result.FAIL]
        return [*way.findings, *(waits(check, obstacles[-1]) for check in _ACCOUNT)]
    return [*way.findings, *await _account(way.base_url, held)]


def _moved_to(paths: StatePaths, configured: str) -> str | None:
    """Return where the service was sent to; a record that cannot be read is another check's finding."""
    try:
        move = read_only_move(paths, configured)
    except StoreError:
        return None
    return None if move is None else move.api_url


async def _account(base_url: BaseUrl, held: Held) -> Iterable[Finding]:
    try:
        async with asyncio.timeout(ACCOUNT_WITHIN), open_session(base_url) as session:
            return await examine_account(
                ElizaCloudClient(CloudConfig.of(base_url, held.key), session=session, timeouts=_TIMEOUTS),
                held,
            )
    except TimeoutError:
        why = CLOUD_TIMEOUT.says(seconds=round(ACCOUNT_WITHIN))
        return [skipped(check, why) for check in _ACCOUNT]


def _report(findings: Iterable[Finding]) -> DoctorReport:
    order = list(Check)
    ordered = tuple(sorted(findings, key=lambda finding: order.index(finding.check)))
    return DoctorReport(
        ok=all(finding.result is not Result.FAIL for finding in ordered),
        version=version("eliza-cloud"),
        created_at=timestamp(time.time()),
        checks=ordered,
    )
