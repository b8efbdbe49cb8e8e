"""What happened, what is wrong, and why: the journal, the health items, and the explanation."""

import math
from functools import partial
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from eliza_cloud.api.app_keys import JOURNAL, MANAGER
from eliza_cloud.api.http.inputs import Parameter
from eliza_cloud.api.http.responses import RequestError, answer
from eliza_cloud.api.openapi.error_examples import NOT_STORED
from eliza_cloud.api.openapi.operation import Operation, SuccessResponse
from eliza_cloud.api.resources.agents import AGENT, Ok
from eliza_cloud.core.journal.entries import AnyEntry, LinkEntry
from eliza_cloud.core.problems import AGENT_UNREACHABLE
from eliza_cloud.core.timefmt import seconds_of
from eliza_cloud.core.views.explain import Explanation, NextStep
from eliza_cloud.core.views.health import HealthItem, HealthView
from eliza_cloud.store.errors import StoreError

_GROUP = "Status"

MOST = 10_000
USUAL = 200


class Entries(msgspec.Struct, frozen=True):
    """Entries of the journal, oldest first."""

    ok: Ok
    entries: tuple[AnyEntry, ...]
    damaged: Annotated[int, Meta(ge=0, description="How many entries are damaged and left out.")] = 0


_ENTRY = LinkEntry(
    seq=1795435200123,
    at=1795435212.5,
    by="monitor",
    event={"event": "HeartbeatAnswered", "epoch": 2, "took": 0.042},
    jitter=0.5,
    outcome="internal",
    source="connected",
    state="connected",
    epoch=2,
)


def _seconds(text: str) -> float:
    """Read a time as seconds since 1970; raises ValueError."""
    try:
        seconds: float | None = float(text)
    except ValueError:
        seconds = seconds_of(text)
    if seconds is None or not math.isfinite(seconds):
        raise ValueError(text)
    return seconds


#: The number of an entry of the journal, of at most 18 digits.
EntryNumber = Annotated[
    int, Meta(ge=0, lt=10**18, extra={"expected": "a decimal number of at most 18 digits"})
]
Since = Annotated[
    float | Annotated[str, Meta(extra_json_schema={"format": "date-time"})],
    Meta(extra={"expected": "an ISO 8601 time, or seconds since 1970"}),
]
AFTER = Parameter(
    "after", "Only entries with a greater number.", EntryNumber, default=0, example=1795435200123
)
SINCE = Parameter(
    "since",
    "Only entries from this time on: ISO 8601 (UTC where it names no zone; in a URL + is written `%2B`), or"
    " seconds since 1970.",
    Since,
    default=0.0,
    example="2026-11-23T20:00:00Z",
    parse=_seconds,
)
LIMIT = Parameter(
    "limit", "How many at the most.", Annotated[int, Meta(ge=1, le=MOST)], default=USUAL, example=USUAL
)

ENTRIES = Operation(
    id="listJournalEntries",
    group=_GROUP,
    summary="What happened",
    about="Every event that changed what is known, with what brought it about; the newest `limit` of those"
    " that `after` and `since` leave. Printed one a line they are a file for `eliza-cloud replay`.",
    parameters=(AFTER, SINCE, LIMIT),
    answers=(SuccessResponse(200, "The entries.", Entries, Entries(True, (_ENTRY,))),),
    errors=NOT_STORED,
)

_SINCE = "2026-11-23T20:15:00.000Z"
_WHY = AGENT_UNREACHABLE.says(said="Sandbox is not running")
_ITEM = HealthItem(
    AGENT_UNREACHABLE.code,
    AGENT_UNREACHABLE.severity,
    AGENT_UNREACHABLE.title,
    _SINCE,
    AGENT_UNREACHABLE.remedy,
    _WHY,
    AGENT_UNREACHABLE.action,
)

HEALTH = Operation(
    id="getHealth",
    group=_GROUP,
    summary="What is wrong",
    about="The worst first; nothing at all is good. Root causes hide their symptoms, and what has lasted but"
    " a moment is not shown yet.",
    answers=(SuccessResponse(200, "What is wrong now.", HealthView, HealthView((_ITEM,))),),
)
EXPLAIN = Operation(
    id="explainLink",
    group=_GROUP,
    summary="Why the link is in its state, and what comes next",
    answers=(
        SuccessResponse(
            200,
            "The state, explained in sentences.",
            Explanation,
            Explanation(
                state="reconnecting",
                since=_SINCE,
                brought_by="HeartbeatMissed",
                cause=AGENT_UNREACHABLE.code,
                remedy=AGENT_UNREACHABLE.remedy,
                action=AGENT_UNREACHABLE.action,
                sentences=(
                    f"The link to {AGENT} has been reconnecting for 2 min 30 s.",
                    "Too many heartbeats in a row were missed (HeartbeatMissed).",
                    AGENT_UNREACHABLE.title,
                    _WHY,
                    "In 24 s, attempt 4 of 10 to restore the link is made.",
                    f"What to do: {AGENT_UNREACHABLE.remedy}",
                ),
                next=NextStep("attempt 4 of 10 to restore the link is made", "2026-11-23T20:17:54.000Z"),
                items=(_ITEM,),
            ),
        ),
    ),
)


async def entries(request: web.Request) -> web.Response:
    """GET /api/cloud/journal ?after=&since=&limit=: the newest of them, as they are stored."""
    read = partial(
        request.app[JOURNAL].read_sound,
        after=AFTER.read(request),
        since=SINCE.read(request),
        newest=LIMIT.read(request),
    )
    try:
        lines, damaged = await read()
    except StoreError as error:
        raise RequestError(error.problem) from None
    entries = [msgspec.Raw(line.encode()) for line in lines]
    return answer({"ok": True, "entries": entries, "damaged": damaged})


async def health(request: web.Request) -> web.Response:
    """GET /api/cloud/health: what is wrong, the worst first."""
    return answer(request.app[MANAGER].health())


async def explain(request: web.Request) -> web.Response:
    """GET /api/cloud/explain: why the link is in its state, and what comes next."""
    return answer(request.app[MANAGER].explain())
