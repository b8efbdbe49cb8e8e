"""`eliza-cloud doctor`: diagnose connectivity and configuration."""

from pathlib import Path

import click
import msgspec

from eliza_cloud.cli.client.in_force import ask, differences, examined, print_differences
from eliza_cloud.cli.decorators import of_the_service, print_json
from eliza_cloud.cli.exit_codes import ExitCode
from eliza_cloud.cli.installation import diagnosis
from eliza_cloud.cli.output.table import print_table
from eliza_cloud.ops.doctor.result import TITLES, Result
from eliza_cloud.ops.doctor.run import DoctorReport
from eliza_cloud.ops.variables import proxy_sentence, unused_proxies


@click.command()
@of_the_service
@click.option("--json", "as_json", is_flag=True, help="Print the whole report on one line.")
def doctor(*, url: str | None, token_file: Path | None, as_json: bool) -> ExitCode:
    """Diagnose connectivity and configuration.

    Settings, state, network, key, credits, agent and ports are checked, whether a service runs or not;
    nothing is changed, and it takes at most a minute. Where one problem causes others, only that one
    FAILs. Exits 0 unless a check does. A service that runs is asked what it was started with, and it is said
    where that differs from this shell, whose settings the checks go by.
    """
    environ = examined()
    report = diagnosis(environ, url)
    service = ask(url, token_file, environ)
    differing = [] if service is None else differences(service, environ)
    if as_json:
        print_json(
            {
                **msgspec.to_builtins(report),
                "differs": [one._asdict() for one in differing],
                "proxiesNotUsed": unused_proxies(environ),
            }
        )
    else:
        print_report(report)
        if proxy := proxy_sentence(environ):
            click.echo(proxy)
        if service is not None:
            print_differences(service, differing)
    return ExitCode.DONE if report.ok else ExitCode.FAILED


def print_report(report: DoctorReport) -> None:
    """Print a line for each check, what to do below it, and how many failed."""
    rows: list[tuple[str, str, str]] = []
    for finding in report.checks:
        rows.append((finding.result.value, TITLES[finding.check], finding.found))
        if finding.remedy:
            rows.append(("", "", f"→ {finding.remedy}"))
    print_table(("", "", ""), rows)
    failures = sum(finding.result is Result.FAIL for finding in report.checks)
    click.echo()
    fail = "fails" if failures == 1 else "fail"
    click.echo(f"{failures} of {len(report.checks)} checks {fail}." if failures else "All checks passed.")
