"""`eliza-cloud events`: what happened, from the journal, and what happens, from the event stream."""

import json
from collections import deque
from collections.abc import Iterable, Iterator

import click
import msgspec

from eliza_cloud.cli.client.agents import agent_id
from eliza_cloud.cli.client.event_stream import feed
from eliza_cloud.cli.decorators import Invocation, service_command
from eliza_cloud.cli.errors import CliError
from eliza_cloud.cli.output.agents import agent_words
from eliza_cloud.cli.output.events import Entry, entry_line, folded_line, is_gap, is_routine
from eliza_cloud.cli.output.text import json_line, say
from eliza_cloud.cli.param_types import Choice, When, journal_path
from eliza_cloud.core.journal.filter import ALL, EVENT_NAMES, KINDS, EntryFilter

MOST = 10_000
USUAL = 200
PAGE = 2_000
ENOUGH = 20
"""Lines that are looked for beyond the usual entries, where most of those are routine."""


@click.command()
@click.option("--follow", "-f", is_flag=True, help="Keep printing new events until Ctrl-C.")
@click.option("--all", "everything", is_flag=True, help="Show each routine event, too, on a line of its own.")
@click.option(
    "--event",
    type=Choice(EVENT_NAMES, case_sensitive=False),
    metavar="NAME",
    help="Only the event of this name, such as HeartbeatMissed.",
)
@click.option(
    "--kind",
    type=Choice(KINDS),
    help="Only events of the link, of sign-ins, or the marks of starts and stops.",
)
@click.option(
    "--agent", metavar="AGENT", shell_complete=agent_words, help="Only what is about this agent (id or name)."
)
@click.option("--moved", is_flag=True, help="Only what moved the link or a sign-in into another state.")
@click.option("--grep", metavar="TEXT", help="Only entries that hold this text, in capitals or not.")
@click.option(
    "--since",
    type=When(),
    metavar="WHEN",
    help="Only later ones: 10m, 2h, 3d (ago), an ISO 8601 time, or the number of an entry.",
)
@click.option(
    "--until", type=When(ends=True), metavar="WHEN", help="Only earlier ones, named in the same way."
)
@click.option(
    "--limit",
    type=click.IntRange(1, MOST),
    help=f"Only so many of the newest entries.  [default: {USUAL}, and more where most are routine;"
    f" all, up to {MOST}, with --since, --until or --json]",
)
@service_command
def events(
    call: Invocation,
    *,
    follow: bool,
    everything: bool,
    event: str | None,
    kind: str | None,
    agent: str | None,
    moved: bool,
    grep: str | None,
    since: dict[str, str] | None,
    until: dict[str, str] | None,
    limit: int | None,
) -> None:
    """Show past events: everything that changed the service's state, and its cause.

    Routine events (answered heartbeats, backups on schedule, the balance) in a row are one line, unless
    --all, --event or --grep is given.

    With --json entries are printed as the journal has them, one a line: without a filter a file for
    `eliza-cloud replay`.
    """
    if follow and until:
        raise click.UsageError("--follow has no end: leave out --until.")
    wanted = EntryFilter(
        event=event,
        kind=kind,
        agent=agent_id(call.service, agent) if agent else None,
        moved=True if moved else None,
        text=grep or None,
    )
    folds = not (everything or event or grep or call.as_json)
    printing = _Printing(call, wanted, folds=folds)
    span = {**(since or {}), **(until or {})}
    try:
        if limit is None and not span and folds:
            printing.entries(_recent(call, wanted))
        else:
            usual = MOST if span or call.as_json else USUAL
            printing.entries(_chosen(call, wanted, span, limit or usual))
        if follow:
            printing.fold()
            _follow(call, printing)
    finally:
        printing.fold()


def _page(call: Invocation, wanted: EntryFilter, limit: int, span: dict[str, str]) -> list[Entry]:
    names = {"text": "q"}
    given = {name: value for name, value in msgspec.structs.asdict(wanted).items() if value is not None}
    query = {names.get(name, name): "true" if value is True else str(value) for name, value in given.items()}
    found: list[Entry] = call.service.get(journal_path(limit=limit, **query, **span))["entries"]
    return found


def _chosen(call: Invocation, wanted: EntryFilter, span: dict[str, str], limit: int) -> Iterable[Entry]:
    """Return the newest `limit` entries of a span."""
    if "after" not in span or "before" in span:
        return _page(call, wanted, limit, span)
    return deque(_forward(call, wanted, span), maxlen=limit)


def _forward(call: Invocation, wanted: EntryFilter, span: dict[str, str]) -> Iterator[Entry]:
    """Yield the entries of a span that begins after one, page by page."""
    while True:
        page = _page(call, wanted, MOST, span)
        yield from page
        if len(page) < MOST:
            return
        span = {**span, "after": str(page[-1]["seq"])}


def _recent(call: Invocation, wanted: EntryFilter) -> list[Entry]:
    """Return the usual number of the newest entries, and more until enough of them are no routine."""
    entries = page = _page(call, wanted, USUAL, {})
    size = USUAL
    while len(page) == size and len(entries) < MOST and sum(not is_routine(one) for one in entries) < ENOUGH:
        size = PAGE
        page = _page(call, wanted, size, {"before": str(entries[0]["seq"])})
        entries = page + entries
    return entries


class _Printing:
    """Prints entries, each once and in order, and says where some are missing."""

    def __init__(self, call: Invocation, wanted: EntryFilter, *, folds: bool) -> None:
        self._call = call
        self._wanted = wanted
        self._folds = folds
        self._folded: list[Entry] = []
        self.newest: int | None = None

    def entries(self, entries: Iterable[Entry]) -> None:
        """Print those that come in one answer."""
        for entry in entries:
            self.entry(entry)

    def missed(self) -> None:
        """Print what the journal has after the newest entry so far."""
        if self.newest is not None:
            self.entries(_forward(self._call, self._wanted, {"after": str(self.newest)}))

    def entry(self, entry: Entry) -> None:
        """Print one, unless it was printed before or is not asked for; hold back what is routine."""
        if self.newest is not None and entry["seq"] <= self.newest:
            return
        if self._wanted == ALL and is_gap(self.newest, entry):
            say(f"Entries are missing between {self.newest} and {entry['seq']}.")
        self.newest = entry["seq"]
        line = json.dumps(entry, ensure_ascii=False, separators=(",", ":"))
        if not self._wanted.matches(line):
            return
        if self._call.as_json:
            click.echo(json_line(line))
        elif self._folds and is_routine(entry):
            self._folded.append(entry)
        else:
            self.fold()
            click.echo(entry_line(entry))

    def fold(self) -> None:
        """Print one line for the routine entries that are held back."""
        if self._folded:
            click.echo(folded_line(self._folded))
        self._folded = []


def _follow(call: Invocation, printing: _Printing) -> None:
    outage = _Outage()
    for frame in feed(lambda: call.service, after=printing.newest, on_break=outage.begins):
        outage.ends(frame.data.get("startedAt"))
        if frame.event == "gap":
            printing.missed()
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
