"""What one check found. Root causes only: a check that cannot tell because another failed waits for that."""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from eliza_cloud.cloud.errors import CloudError
from eliza_cloud.core.problems import PROBLEMS
from eliza_cloud.core.views.health import problem_code
from eliza_cloud.runtime.errors import problem_of


class Check(StrEnum):
    """The checks, in the order they are told in."""

    SETTINGS = "settings"
    STATE = "state"
    CLOCK = "clock"
    DNS = "dns"
    TLS = "tls"
    BASE_URL = "baseUrl"
    KEY = "key"
    CREDITS = "credits"
    AGENT = "agent"
    PORTS = "ports"
    VERSIONS = "versions"
    SERVICE = "service"


TITLES: Mapping[Check, str] = {
    **{check: check.value for check in Check},
    Check.STATE: "state directory",
    Check.DNS: "DNS",
    Check.TLS: "TLS",
    Check.BASE_URL: "base URL",
}


class Result(StrEnum):
    """How a check ended; SKIP also where it cannot tell."""

    PASS = "PASS"  # noqa: S105 - no password
    FAIL = "FAIL"
    SKIP = "SKIP"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the report.

    `found` is a sentence, `code` one of the catalogue of causes, `remedy` what to do; a check that passed has
    the last two when something will need care soon.
    """

    check: Check
    result: Result
    found: str
    code: str | None = None
    remedy: str | None = None


def passed(check: Check, found: str, code: str | None = None) -> Finding:
    """Return what went well; `code` names what will need care."""
    return _finding(check, Result.PASS, found, code, None)


def failed(check: Check, found: str, code: str, remedy: str | None = None) -> Finding:
    """Return a failure; its remedy is the catalogue's unless the check knows a better one."""
    return _finding(check, Result.FAIL, found, code, remedy)


def skipped(check: Check, found: str, code: str | None = None, remedy: str | None = None) -> Finding:
    """Return a check that was not to be made, or could not tell."""
    return _finding(check, Result.SKIP, found, code, remedy)


def waits(check: Check, problem: Check) -> Finding:
    """Return a check that says nothing until another one passes."""
    return _finding(check, Result.SKIP, f"Waits for {TITLES[problem]} to pass.", None, None)


def _finding(check: Check, result: Result, found: str, code: str | None, remedy: str | None) -> Finding:
    if code is not None and remedy is None:
        remedy = PROBLEMS[code].remedy
    return Finding(check=check, result=result, found=found, code=code, remedy=remedy)


def cause_of(error: CloudError) -> str:
    """Return the code of the catalogue that the link, too, tells this error as."""
    return problem_code(problem_of(error))
