"""`eliza-cloud health`: whether the service is alive, and current problems."""

import os
from pathlib import Path
from typing import Any

import click

from eliza_cloud.cli.client.endpoint import service_token
from eliza_cloud.cli.client.http import Body, Service
from eliza_cloud.cli.decorators import addressed, print_json
from eliza_cloud.cli.errors import CliError
from eliza_cloud.cli.exit_codes import ExitCode
from eliza_cloud.cli.output.text import printable, when
from eliza_cloud.core.problems import LINK_NOT_ANSWERING

GLYPHS = {"error": "✗", "warning": "!", "info": "○"}
PROBE_TIMEOUT = 10.0
"""Seconds; the service itself answers 503 after five."""


@click.command()
@click.option("--probe", is_flag=True, help="Only check that it is alive, without a token; for supervisors.")
@addressed
def health(url: str, token_file: Path | None, as_json: bool, *, probe: bool) -> None:
    """Show whether the service is alive, and current problems.

    Exits 0 when it is alive, whatever is listed, 7 when it is unresponsive, 3 when none answers.
    """
    alive = _probed(Service(url))
    if as_json:
        print_json(alive)
    elif probe:
        click.echo("alive")
    if not probe:
        found = Service(url, service_token(os.environ, url, token_file)).get("/api/cloud/health")
        print_json(found) if as_json else show_items(found["items"])


def _probed(service: Service) -> Body:
    try:
        return service.get("/healthz", timeout=PROBE_TIMEOUT)
    except CliError as error:
        if error.body.get("ok") is not False or "code" in error.body:
            raise
        raise CliError.of(LINK_NOT_ANSWERING, ExitCode.TRY_LATER) from error


def show_items(items: list[dict[str, Any]]) -> None:
    """Print a line for each item, and what to do below it."""
    if not items:
        click.echo("Everything is in order.")
    for item in items:
        glyph = GLYPHS.get(item["severity"], "?")
        click.echo(printable(f"{glyph} {item['title']} ({item['severity']}, since {when(item['since'])})"))
        for more in (item.get("detail"), item["remedy"]):
            if more:
                click.echo(printable(f"  {more}"))
