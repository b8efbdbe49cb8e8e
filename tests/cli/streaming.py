"""Event streams and entries for the service that a test scripts."""

import json
from typing import Any

from tests.cli.conftest import Answer, status

STARTED = "2026-11-23T10:00:00.000Z"


def link_entry(seq: int, event: str = "HeartbeatAnswered", **members: Any) -> dict[str, Any]:
    """An entry of the journal; `members` override."""
    return {
        "kind": "link",
        "seq": seq,
        "at": 1795435200.5 + seq,
        "by": "monitor",
        "event": {"event": event, "epoch": 2, **members.pop("event_members", {})},
        "chance": 0.5,
        "outcome": "stayed",
        "source": "connected",
        "state": "connected",
        "epoch": 2,
        **members,
    }


def start_mark(seq: int) -> dict[str, Any]:
    return {"kind": "mark", "seq": seq, "at": 1795435200.0 + seq, "what": "start", "version": "0.1.0"}


def snapshot(seq: int, started_at: str = STARTED, **view: Any) -> str:
    return _frame(seq, "snapshot", {**status(**view), "startedAt": started_at})


def change(entry: dict[str, Any], started_at: str = STARTED, **view: Any) -> str:
    return _frame(entry["seq"], "status", {**status(**view), "startedAt": started_at, "change": entry})


def gap(seq: int, after: int, reason: str = "restart") -> str:
    return _frame(seq, "gap", {"after": after, "missed": None, "reason": reason})


def stream(*frames: str) -> Answer:
    """A stream that ends after these frames, with a comment between any two."""
    content = ": still here\n\n".join(frames)
    return Answer(content.encode(), headers={"Content-Type": "text/event-stream"})


def _frame(seq: int, event: str, data: dict[str, Any]) -> str:
    return f"id: {seq}\nevent: {event}\ndata: {json.dumps(data)}\n\n"
