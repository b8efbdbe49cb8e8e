"""`eliza-cloud events`: what happened, from the journal, and what happens, from the event stream."""

import json

import click

from eliza_cloud.cli.client.event_stream import feed
from eliza_cloud.cli.decorators import Invocation, service_command
from eliza_cloud.cli.errors import CliError
from eliza_cloud.cli.output.events import Entry, entry_line, is_gap
from eliza_cloud.cli.output.text import say
from eliza_cloud.cli.param_types import When, journal_path

MOST = 10_000
USUAL = 200


@click.command()
@click.option("--follow", "-f", is_flag=True, help="Keep printing new events until Ctrl-C.")
@click.option(
    "--since",
    type=When(),
    metavar="WHEN",
    help="Only later ones: 10m, 2h, 3d (ago), an ISO 8601 time, or the number of an entry.",
)
@click.option(
    "--limit",
    type=click.IntRange(1, MOST),
    help=f"Only so many of the newest.  [default: {USUAL}; all, up to {MOST}, with --since or --json]",
)
@service_command
def events(call: Invocation, *, follow: bool, since: dict[str, str] | None, limit: int | None) -> None:
    """Show past events: everything that changed the service's state, and its cause.

    With --json entries are printed as the journal has them, one a line: a file for `eliza-cloud replay`.
    """
    limit = limit or (USUAL if since is None and not call.as_json else MOST)
    printing = _Printing(call)
    printing.journal(journal_path(limit=limit, **(since or {})))
    if follow:
        _follow(call, printing)


class _Printing:
    """Prints entries, each once and in order, and says where some are missing."""

    def __init__(self, call: Invocation) -> None:
        self._call = call
        self.newest: int | None = None

    def journal(self, path: str) -> None:
        """Print what the journal has."""
        for entry in self._call.service.get(path)["entries"]:
            self.entry(entry)

    def entry(self, entry: Entry) -> None:
        """Print one, unless it was printed before."""
        if self.newest is not None and entry["seq"] <= self.newest:
            return
        if is_gap(self.newest, entry):
            say(f"Entries are missing between {self.newest} and {entry['seq']}.")
        self.newest = entry["seq"]
        if self._call.as_json:
            click.echo(json.dumps(entry, ensure_ascii=False, separators=(",", ":")))
        else:
            click.echo(entry_line(entry))


def _follow(call: Invocation, printing: _Printing) -> None:
    outage = _Outage()
    for frame in feed(lambda: call.service, after=printing.newest, on_break=outage.begins):
        outage.ends(frame.data.get("startedAt"))
        if frame.event == "gap" and printing.newest is not None:
            printing.journal(journal_path(limit=MOST, after=str(printing.newest)))
        elif frame.event == "status":
            printing.entry(frame.data["change"])


class _Outage:
    """Says once that the service is gone, and once that it is back."""

    def __init__(self) -> None:
        self._lasts = False
        self._started_at: str | None = None

    def begins(self, error: CliError) -> None:
        if not self._lasts:
            say(f"{error} Waiting until it answers again.")
        self._lasts = True

    def ends(self, started_at: str | None) -> None:
        restarted = started_at not in {None, self._started_at}
        if self._lasts:
            say("The service was restarted." if restarted else "The service answers again.")
        self._lasts = False
        self._started_at = started_at or self._started_at
