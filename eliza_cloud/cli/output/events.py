"""Entries of the journal as lines for people."""

from datetime import UTC, datetime
from typing import Any

from eliza_cloud.cli.output.text import printable

Entry = dict[str, Any]

_MARKS = {
    "start": "the service started",
    "periodic": "noted what is known",
    "crash": "an internal error stopped the link runtime",
    "stop": "the service stopped",
}
_LONGEST = 24  # characters of an event's name, as far as lines are aligned


def entry_line(entry: Entry) -> str:
    """Write one entry: when, what, from where to where, why, and who brought it about."""
    at = datetime.fromtimestamp(entry["at"], UTC).astimezone()
    words = _mark(entry) if entry["kind"] == "mark" else _event(entry)
    return printable(" ".join(f"{at:%Y-%m-%d %H:%M:%S}  {words}".split("\n")))


def is_gap(before: int | None, entry: Entry) -> bool:
    """Tell whether entries are missing between two; each start of the service begins a row of its own."""
    starts = entry["kind"] == "mark" and entry["what"] == "start"
    return before is not None and entry["seq"] != before + 1 and not starts


def _mark(entry: Entry) -> str:
    name = f"({entry['what']})"
    return f"{name:{_LONGEST}}  {_MARKS.get(entry['what'], '')} · version {entry['version']}"


def _event(entry: Entry) -> str:
    event = entry["event"]
    moved = entry["source"] != entry["state"]
    parts = [
        f"{'sign-in ' if entry['kind'] == 'login' else ''}{entry['source']} → {entry['state']}"
        if moved
        else "",
        f"({entry['reason']})" if moved and entry.get("reason") else "",
        _why(entry, moved=moved),
        _by(entry),
    ]
    return f"{event['event']:{_LONGEST}}  {' '.join(filter(None, parts))}"


def _why(entry: Entry, *, moved: bool) -> str:
    """Return the event's own failure; what is known of an earlier one only where it moved the link."""
    problem = entry["event"].get("failure")
    if isinstance(problem, dict):
        return str(problem.get("message", ""))
    why = entry["event"].get("message") or (entry.get("why") if moved else None)
    return str(why or "")


def _by(entry: Entry) -> str:
    request = entry.get("requestId")
    return f"· by {entry.get('by', 'service')}" + (f", request {request}" if request else "")
