"""`eliza-cloud status`: the account and the link, in words."""

import sys
from datetime import UTC, datetime
from typing import Any, NoReturn, Self

import click
from rich.console import Console
from rich.live import Live
from rich.table import Table

from eliza_cloud.cli.client.event_stream import feed
from eliza_cloud.cli.client.http import Body
from eliza_cloud.cli.decorators import Invocation, print_json, service_command
from eliza_cloud.cli.errors import CliError
from eliza_cloud.cli.exit_codes import ExitCode
from eliza_cloud.cli.output.link import ACCOUNT, WHY, account_words, next_try_words, remedy, state_words
from eliza_cloud.cli.output.table import made_table, print_table
from eliza_cloud.cli.output.text import iso, say, when

_OF_THE_STREAM = {"startedAt", "change"}
_ROUTINE = {"lastHeartbeatAt", "lastBackupAt"}


@click.command()
@click.option("--verbose", is_flag=True, help="Show the hosts of the cloud in use, too; needs the token.")
@click.option("--watch", is_flag=True, help="Show it again whenever it changes, until Ctrl-C.")
@service_command
def status(call: Invocation, *, verbose: bool, watch: bool) -> ExitCode:
    """Show the account and the state of the link.

    Exits 0 only while the link is connected, 4 without an accepted key, 5 otherwise. With --watch a terminal
    shows it in place, while a pipe gets it anew for each change, with --json one line each.
    """
    if watch and verbose:
        raise click.UsageError("--watch shows no hosts: leave out --verbose.")
    if watch:
        _watch(call)
    body = call.service.get("/api/cloud/status")
    hosts = call.service.get("/api/cloud/hosts") if verbose else None
    if call.as_json:
        print_json(body if hosts is None else {**body, "hosts": hosts})
    else:
        print_table(("", ""), _shown(body, call.service.url, hosts or {}))
    return exit_code(body)


def _watch(call: Invocation) -> NoReturn:
    """Show each status of the event stream, across restarts of the service."""
    with _Screen(call) as screen:
        for frame in feed(lambda: call.service, on_break=screen.breaks):
            if "connection" in frame.data:
                screen.show({name: one for name, one in frame.data.items() if name not in _OF_THE_STREAM})
    raise AssertionError("a feed has no end")


class _Screen:
    """Shows a status in place on a terminal, where it is drawn each second, and else below the last one."""

    def __init__(self, call: Invocation) -> None:
        self._call = call
        self._status: Body | None = None
        self._news: Body | None = None
        self._gone = ""
        self._live: Live | None = None
        if sys.stdout.isatty() and not call.as_json:
            console = Console(highlight=False)
            self._live = Live(get_renderable=self._drawn, console=console, refresh_per_second=1)

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, status: Body) -> None:
        """Show this status, unless nothing but the times of heartbeat and backup has changed."""
        self._status, self._gone = status, ""
        link = {name: one for name, one in status["connection"].items() if name not in _ROUTINE}
        news = {**status, "connection": link}
        if self._live is not None:
            self._live.refresh()
        elif news != self._news:
            self._print(status)
        self._news = news

    def breaks(self, error: CliError) -> None:
        """Say once that the service does not answer."""
        if self._live is None and not self._gone:
            say(f"{error} Waiting until it answers again.")
        self._gone = str(error)
        self._news = None

    def _print(self, status: Body) -> None:
        if self._call.as_json:
            print_json(status)
            return
        click.echo(iso(datetime.now(UTC)))
        print_table(("", ""), _shown(status, self._call.service.url))
        click.echo()

    def _drawn(self) -> Table:
        rows = [] if self._status is None else _shown(self._status, self._call.service.url)
        gone = [("", f"{self._gone} Waiting until it answers again.")] if self._gone else []
        return made_table(("", ""), [*rows, *gone, ("now", iso(datetime.now(UTC)))])


def exit_code(body: Body) -> ExitCode:
    """Tell in one number whether somebody is signed in, and the link connected."""
    if not body.get("connected"):
        return ExitCode.NOT_SIGNED_IN
    linked = (body.get("connection") or {}).get("state") == "connected"
    return ExitCode.DONE if linked else ExitCode.NOT_LINKED


def _shown(body: Body, url: str, hosts: Body | None = None) -> list[tuple[str, str]]:
    return [row for row in _rows(body, url) + host_rows(hosts or {}) if row[1]]


def _rows(body: Body, url: str) -> list[tuple[str, str]]:
    link: dict[str, Any] = body.get("connection") or {}
    reason = link.get("reason")
    rows = [
        ("service", url),
        ("account", _account(body)),
        ("link", state_words(link)),
        ("why", WHY.get(str(reason), str(reason)) if reason else ""),
        ("since", when(link.get("since"))),
        ("next", next_try_words(link)),
    ]
    if link.get("agentId"):
        rows += [
            ("agent", str(link["agentId"])),
            ("heartbeat", when(link.get("lastHeartbeatAt"))),
            ("backup", when(link.get("lastBackupAt"))),
        ]
    return [*rows, ("to do", remedy(body))]


def host_rows(hosts: Body) -> list[tuple[str, str]]:
    """Return the rows about the hosts of the cloud; none where they are not known."""
    base_url, api = hosts.get("baseUrl"), hosts.get("apiUrl")
    moved = f" (to which {base_url} leads)" if api and api != base_url else ""
    return [("cloud", f"{api}{moved}" if api else ""), ("pages", str(hosts.get("pagesUrl") or ""))]


def _account(body: Body) -> str:
    if not body.get("connected"):
        reason = str(body.get("reason"))
        return f"○ {ACCOUNT.get(reason, reason)}"
    return f"● signed in as {account_words(body)}"
