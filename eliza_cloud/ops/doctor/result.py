"""What one check found. Root causes only: a check that depends on one that failed is skipped."""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from eliza_cloud.core.problems import PROBLEMS, Problem, ProblemType, particulars
from eliza_cloud.core.views.health import problem_code


class Check(StrEnum):
    """The checks, in the order they are reported in."""

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
    """How a check ended; SKIP also where it has no result."""

    PASS = "PASS"  # noqa: S105 - no password
    FAIL = "FAIL"
    SKIP = "SKIP"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the report.

    `found` is a sentence, `code` one of the catalogue, `remedy` what to do; a check that passed has
    the last two when something will need care soon.
    """

    check: Check
    result: Result
    found: str
    code: str | None = None
    remedy: str | None = None


def passed(check: Check, found: str, row: ProblemType | None = None) -> Finding:
    """Return a check that passed; `row` is what will need care soon."""
    return _finding(check, Result.PASS, found, row)


def failed(check: Check, row: ProblemType, **fields: object) -> Finding:
    """Return a failure, in the words of a row of the catalogue."""
    return Finding(
        check=check,
        result=Result.FAIL,
        found=row.says(**fields),
        code=row.code,
        remedy=row.remedy.format(**fields),
    )


def failed_by(check: Check, problem: Problem, remedy: str | None = None) -> Finding:
    """Return a failure that a problem explains; it has the code under which health shows that."""
    row = PROBLEMS[problem_code(problem)]
    found = particulars(problem)
    return Finding(
        check=check,
        result=Result.FAIL,
        found=found if found.endswith(".") else f"{found}.",
        code=row.code,
        remedy=remedy or row.remedy,
    )


def skipped(check: Check, found: str, row: ProblemType | None = None, remedy: str | None = None) -> Finding:
    """Return a check that was not made, or has no result."""
    return _finding(check, Result.SKIP, found, row, remedy)


def waits(check: Check, problem: Check) -> Finding:
    """Return a check that depends on another one, which did not pass."""
    return _finding(check, Result.SKIP, f"Skipped: depends on {TITLES[problem]}.")


def _finding(
    check: Check, result: Result, found: str, row: ProblemType | None = None, remedy: str | None = None
) -> Finding:
    code, usual = (None, None) if row is None else (row.code, row.remedy)
    return Finding(check=check, result=result, found=found, code=code, remedy=remedy or usual)
