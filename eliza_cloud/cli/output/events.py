"""Entries of the journal as lines for people."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from eliza_cloud.cli.output.text import iso, printable

Entry = dict[str, Any]

_MARKS = {
    "start": "the service started",
    "periodic": "noted what is known",
    "crash": "an internal error stopped the link runtime",
    "stop": "the service stopped",
}
_PERIODIC = "(periodic)"
_ROUTINE = {"HeartbeatAnswered", "BackupTaken", "CreditsRead", "KeyAccepted", "JobObserved"}
_LONGEST = 24  # characters of an event's name, as far as lines are aligned


def entry_line(entry: Entry) -> str:
    """Write one entry: when, what, from where to where, why, and who brought it about."""
    words = _mark(entry) if entry["kind"] == "mark" else _event(entry)
    return printable(f"{_at(entry)}  {words}")


def is_routine(entry: Entry) -> bool:
    """Tell whether an entry only says that all goes on as before: nobody asked for it, and nothing moved."""
    if entry["kind"] == "mark":
        return bool(entry["what"] == "periodic")
    asked_for = entry.get("by") == "request" or entry["source"] != entry["state"]
    return entry["event"]["event"] in _ROUTINE and not asked_for


def folded_line(entries: Sequence[Entry]) -> str:
    """Write one line for routine entries in a row: from when to when, and how many of each event."""
    names = Counter(_PERIODIC if one["kind"] == "mark" else one["event"]["event"] for one in entries)
    counted = ", ".join(f"{number} {name}" for name, number in names.most_common())
    until = f" · until {_at(entries[-1])}" if len(entries) > 1 else ""
    return printable(f"{_at(entries[0])}  {'(routine)':{_LONGEST}}  {counted}{until}")


def _at(entry: Entry) -> str:
    return iso(datetime.fromtimestamp(entry["at"], UTC))


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
