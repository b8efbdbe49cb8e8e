"""The reference of what the log says."""

from eliza_cloud.cli.commands.reference.markdown import code, page, table
from eliza_cloud.core.log_events import LOG_EVENTS


def log_events_page() -> str:
    """Return every kind of log line, with its levels and meaning."""
    return page(
        "Log events",
        "Each line of the log is one JSON object (text on a terminal) with `timestamp`, `level` and `event`,"
        " and further fields. How much is logged is set by `ELIZA_LOG_LEVEL`, and while the"
        " service runs by `eliza-cloud log-level`. A problem is logged at warning when it starts, at debug"
        " while it lasts, and at info when it clears. A failed backup is a warning every time.",
        table(
            ("Event", "Level", "Meaning"),
            [(code(name), *_levels_and_meaning(LOG_EVENTS[name])) for name in sorted(LOG_EVENTS)],
        ),
    )


def _levels_and_meaning(entry: str) -> tuple[str, str]:
    levels, _, meaning = entry.partition(": ")
    return levels, meaning
