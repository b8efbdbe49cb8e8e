"""The way to the cloud: its address, its name, the handshake, the time, and who answers there."""

import msgspec

from eliza_cloud.cloud.errors import (
    BaseUrlRefused,
    CertificateDates,
    CloudError,
    CloudServerError,
    InvalidResponse,
    TimedOut,
    TlsFailed,
    Unreachable,
)
from eliza_cloud.cloud.http.address import BaseUrl, CloudAddress, parse_base_url, parse_pages_url
from eliza_cloud.cloud.http.error_mapping import error_for
from eliza_cloud.cloud.http.request import CloudResponse
from eliza_cloud.core.problems import CERTIFICATE_OUT_OF_DATE, NOT_ELIZA_CLOUD, particulars
from eliza_cloud.ops.doctor.clock import is_wrong, judge_clock
from eliza_cloud.ops.doctor.dns import check_name
from eliza_cloud.ops.doctor.probe import ProbeResult, probe
from eliza_cloud.ops.doctor.result import Check, Finding, Result, failed, failed_by, passed, skipped, waits
from eliza_cloud.redaction.secret import CloudTextRedactor

_CHECKS = (Check.CLOCK, Check.DNS, Check.TLS, Check.BASE_URL)


class Way(msgspec.Struct, frozen=True):
    """What was found, and the base URL when the cloud can be asked there."""

    findings: tuple[Finding, ...]
    base_url: BaseUrl | None = None


async def examine_way(
    configured: str, *, allow_loopback: bool, pages_url: str | None = None, moved_to: str | None = None
) -> Way:
    """Follow the way as far as it goes; nothing is said about what lies behind the first obstacle.

    It begins where the service was sent to (`moved_to`), if it was.
    """
    try:
        pages = None if pages_url is None else parse_pages_url(pages_url, allow_loopback=allow_loopback)
        address = CloudAddress(parse_base_url(configured, allow_loopback=allow_loopback), pages)
    except BaseUrlRefused as refused:
        return Way(_behind(failed_by(Check.BASE_URL, refused.problem)))
    set_url = address.base_url
    if moved_to is not None:
        address.resume_at(moved_to)
    base_url = address.base_url
    name = await check_name(base_url)
    if name.result is Result.FAIL:
        return Way(_behind(name))
    probed = await probe(address)
    findings = (name, *_judged(address, set_url, probed))
    reached = all(found.result is not Result.FAIL or found.check is Check.CLOCK for found in findings)
    return Way(findings, address.base_url if reached else None)


def _behind(obstacle: Finding) -> tuple[Finding, ...]:
    """Return the obstacle, and for each other check that it waits."""
    return (obstacle, *(waits(check, obstacle.check) for check in _CHECKS if check is not obstacle.check))


def _judged(address: CloudAddress, set_url: BaseUrl, probed: ProbeResult) -> tuple[Finding, Finding, Finding]:
    """Return clock, TLS and base URL."""
    error = probed.error
    if isinstance(error, CertificateDates):
        return _dated(error, probed.ahead)
    if isinstance(error, TlsFailed):
        tls = failed_by(Check.TLS, error.problem)
        return waits(Check.CLOCK, Check.TLS), tls, waits(Check.BASE_URL, Check.TLS)
    if isinstance(error, Unreachable | TimedOut):
        site = failed_by(Check.BASE_URL, error.problem)
        return waits(Check.CLOCK, Check.BASE_URL), waits(Check.TLS, Check.BASE_URL), site
    return judge_clock(probed.ahead), _proven(address.base_url), _answered(address, set_url, probed)


def _dated(error: CertificateDates, ahead: float | None) -> tuple[Finding, Finding, Finding]:
    """Distinguish a wrong clock from a bad certificate; without a clock to compare with it is the clock."""
    if ahead is None or is_wrong(ahead):
        clock = judge_clock(ahead) if is_wrong(ahead) else failed_by(Check.CLOCK, error.problem)
        return clock, waits(Check.TLS, Check.CLOCK), waits(Check.BASE_URL, Check.CLOCK)
    tls = failed(Check.TLS, CERTIFICATE_OUT_OF_DATE, reason=particulars(error.problem))
    return judge_clock(ahead), tls, waits(Check.BASE_URL, Check.TLS)


def _proven(base_url: BaseUrl) -> Finding:
    if base_url.site.scheme != "https":
        return skipped(Check.TLS, "The address is plain http on this machine.")
    return passed(Check.TLS, "The cloud's certificate is trusted, and valid by this machine's clock.")


def _answered(address: CloudAddress, set_url: BaseUrl, probed: ProbeResult) -> Finding:
    base_url = address.base_url
    error = probed.error if probed.answer is None else _complaint(base_url, probed.answer)
    if error is None:
        if base_url == set_url:
            return passed(Check.BASE_URL, f"Eliza Cloud answers at {base_url}.")
        where = f"{base_url}, to which {set_url} leads, and its pages are at {address.pages_url}"
        return passed(Check.BASE_URL, f"Eliza Cloud answers at {where}.")
    if isinstance(error, CloudServerError):
        return failed_by(Check.BASE_URL, error.problem)
    return failed_by(Check.BASE_URL, error.problem, NOT_ELIZA_CLOUD.remedy)


def _complaint(base_url: BaseUrl, answer: CloudResponse) -> CloudError | None:
    """Say what is wrong with the answer to a call without a key; None for Eliza Cloud's refusal of it."""
    if answer.document is not None and answer.status in {401, 403, 429}:
        return None
    if answer.status >= 500:
        return error_for(answer, CloudTextRedactor(None))
    found = f"HTTP {answer.status}{'' if answer.document is not None else ', not JSON'}"
    return InvalidResponse(NOT_ELIZA_CLOUD.occurred(site=base_url, found=found))
