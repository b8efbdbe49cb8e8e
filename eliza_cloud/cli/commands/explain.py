"""`eliza-cloud explain`: the link's state, what happens next, and other problems."""

import contextlib
import os
from pathlib import Path

import click

from eliza_cloud.cli.client.endpoint import service_token, service_url
from eliza_cloud.cli.client.http import Service
from eliza_cloud.cli.commands.health import show_items
from eliza_cloud.cli.commands.status import exit_code
from eliza_cloud.cli.decorators import addressed, print_json
from eliza_cloud.cli.errors import CliError
from eliza_cloud.cli.exit_codes import ExitCode
from eliza_cloud.cli.output.text import printable, say

#: What a call to our own address fails with when it is not our service that answers there, if anything does.
NOBODY_OF_OURS = {"service_not_running", "not_our_service", "service_timeout", "connection_lost"}


@click.command()
@addressed
def explain(url: str, token_file: Path | None, as_json: bool) -> ExitCode:
    """Explain the link's state: which event led to it, why, and what happens next.

    Where no service runs, it says what keeps one from running. Where the service that answers was started
    with other paths or variables than this shell has, it says so, too. Exits as `status` does.
    """
    service = Service(url, service_token(os.environ, url, token_file))
    try:
        explanation = service.get("/api/cloud/explain")
    except CliError as error:
        if error.body.get("code") in NOBODY_OF_OURS and url == service_url(os.environ):
            raise _not_running(error) from error
        raise
    if as_json:
        print_json(explanation)
    else:
        for sentence in explanation["sentences"]:
            click.echo(printable(sentence))
        others = [item for item in explanation["items"] if item["code"] != explanation["cause"]]
        if others:
            click.echo()
            show_items(others)
        _say_differences(service)
    return exit_code(service.get("/api/cloud/status"))


def _say_differences(service: Service) -> None:
    """Say on stderr where the service has other paths or another address of the cloud than this shell."""
    from eliza_cloud.cli.client.in_force import PATH, differences  # noqa: PLC0415 - the settings, needed last

    with contextlib.suppress(CliError):
        for name, theirs, ours in differences(service.get(PATH), os.environ):
            say(f"The service has {name} {theirs}; this shell has {ours}.")


def _not_running(error: CliError) -> CliError:
    """Add to the sentence what would keep a service from starting here."""
    from eliza_cloud.cli.installation import why_not_running  # noqa: PLC0415 - the server, needed only here

    finding = why_not_running(os.environ)
    if finding is None:
        return error
    sentence = f"{error} Starting one would fail: {finding.found}"
    explanation = {"cause": finding.code, "remedy": finding.remedy}
    return CliError(
        sentence,
        remedy=finding.remedy or "",
        exit_code=ExitCode.NO_SERVICE,
        body={"ok": False, "error": sentence, "code": finding.code, **explanation},
    )
