"""What a run prints besides failures: how far it is, and the figures, where they are wanted."""

import time

import pytest

#: Seconds that pass at least between two lines that say how far the run is.
PAUSE = 10.0


class Progress:
    """Says at every tenth how far a run is, instead of a dot for each of thousands of tests."""

    def __init__(self, reporter: pytest.TerminalReporter) -> None:
        self._reporter = reporter
        self._finished = self._tenth = 0
        self._begun = self._said = time.monotonic()

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        self._session = session

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Count what passed without printing it."""
        passed = report.when == "call" and report.passed and not hasattr(report, "wasxfail")
        return ("passed", "", "") if passed else None

    def pytest_runtest_logfinish(self) -> None:
        self._finished += 1
        now, total = time.monotonic(), self._session.testscollected
        tenth = 10 * self._finished // max(total, 1)
        if tenth > self._tenth and now - self._said >= PAUSE:
            self._tenth, self._said = tenth, now
            self._reporter.ensure_newline()
            self._reporter.write_line(f"{self._finished} of {total} tests after {now - self._begun:.0f} s")


def figures(reporter: pytest.TerminalReporter) -> list[str]:
    """Collect what tests have measured, of all the processes that ran them."""
    reports = [report for group in reporter.stats.values() for report in group]
    properties = [
        given
        for report in reports
        if getattr(report, "when", None) == "call"
        for given in report.user_properties
    ]
    return sorted(line for name, line in properties if name == "figure")
