"""What happened, what is wrong, and why: the journal, the health items, and the explanation."""

import math
from typing import Annotated, Literal

import msgspec
from aiohttp import web
from msgspec import Meta

from eliza_cloud.api.app_keys import JOURNAL, MANAGER
from eliza_cloud.api.http.inputs import Parameter, refuse_unknown
from eliza_cloud.api.http.responses import RequestError, answer
from eliza_cloud.api.openapi.error_examples import NOT_STORED
from eliza_cloud.api.openapi.operation import Operation, SuccessResponse
from eliza_cloud.api.resources.agents import AGENT, Ok
from eliza_cloud.core.journal.entries import AnyEntry, LinkEntry
from eliza_cloud.core.journal.filter import EVENT_NAMES, KINDS, EntryFilter
from eliza_cloud.core.problems import AGENT_UNREACHABLE
from eliza_cloud.core.timefmt import seconds_of
from eliza_cloud.core.views.explain import Explanation, NextStep
from eliza_cloud.core.views.health import HealthItem, HealthView
from eliza_cloud.store.errors import StoreError
from eliza_cloud.store.sqlite.journal import WHOLE, Span

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


def _flag(text: str) -> bool:
    """Read `true` or `false`; raises ValueError."""
    flags = {"true": True, "false": False}
    if text.lower() not in flags:
        raise ValueError(text)
    return flags[text.lower()]


#: The number of an entry of the journal, of at most 18 digits.
EntryNumber = Annotated[
    int, Meta(ge=0, lt=10**18, extra={"expected": "a decimal number of at most 18 digits"})
]
Since = Annotated[
    float | Annotated[str, Meta(extra_json_schema={"format": "date-time"})],
    Meta(extra={"expected": "an ISO 8601 time, or seconds since 1970"}),
]
_WHEN = ": ISO 8601 (UTC where it names no zone; in a URL + is written `%2B`), or seconds since 1970."
AFTER: Parameter[int | None] = Parameter(
    "after",
    "Only entries with a greater number. Of more than `limit` these are the oldest: with the last number of a"
    " page it gives the next page.",
    EntryNumber,
    default=None,
    example=1795435200123,
)
BEFORE: Parameter[int | None] = Parameter(
    "before",
    "Only entries with a smaller number. Of more than `limit` these are the newest: with the first number of"
    " a page it gives the page before.",
    EntryNumber,
    default=None,
    example=1795435200323,
)
SINCE = Parameter(
    "since",
    f"Only entries from this time on{_WHEN}",
    Since,
    default=0.0,
    example="2026-11-23T20:00:00Z",
    parse=_seconds,
)
UNTIL: Parameter[float | None] = Parameter(
    "until",
    f"Only entries up to this time{_WHEN}",
    Since,
    default=None,
    example="2026-11-23T21:00:00Z",
    parse=_seconds,
)
EVENT: Parameter[str | None] = Parameter(
    "event",
    "Only entries of the event of this name.",
    Annotated[Literal[EVENT_NAMES], Meta(extra={"expected": "the name of an event, as entries have it"})],
    default=None,
    example="HeartbeatMissed",
)
KIND: Parameter[str | None] = Parameter(
    "kind",
    "Only entries of the link, of sign-ins, or the marks that hold all that was known.",
    Literal[KINDS],
    default=None,
    example="link",
)
BY_AGENT: Parameter[str | None] = Parameter(
    "agent",
    "Only entries about the agent with this id. Entries of versions before 0.1.0 name one only in commands.",
    Annotated[str, Meta(min_length=1, max_length=200)],
    default=None,
    example=AGENT,
)
MOVED: Parameter[bool | None] = Parameter(
    "moved",
    "Only entries that moved the link or a sign-in into another state; `false` for the others.",
    bool,
    default=None,
    example=True,
    parse=_flag,
)
SEARCHED: Parameter[str | None] = Parameter(
    "q",
    "Only entries that hold this text, whether in capitals or not.",
    Annotated[str, Meta(min_length=1, max_length=200)],
    default=None,
    example="Sandbox is not running",
)
LIMIT = Parameter(
    "limit", "How many at the most.", Annotated[int, Meta(ge=1, le=MOST)], default=USUAL, example=USUAL
)

ENTRIES = Operation(
    id="listJournalEntries",
    group=_GROUP,
    summary="What happened",
    about="Every event that changed what is known, with what brought it about; the newest `limit` of those"
    " that the other parameters leave, or the oldest with `after`. All of them, printed one a line, are a"
    " file for `eliza-cloud replay`. A parameter that is not listed is refused.",
    parameters=(EVENT, KIND, BY_AGENT, MOVED, SEARCHED, SINCE, UNTIL, BEFORE, AFTER, LIMIT),
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
    """GET /api/cloud/journal: the entries that the parameters leave, as they are stored."""
    refuse_unknown(request, ENTRIES.parameters)
    limit, wanted, span = LIMIT.read(request), _wanted(request), _span(request)
    try:
        lines, damaged = await request.app[JOURNAL].read_sound(span, wanted, limit=limit)
    except StoreError as error:
        raise RequestError(error.problem) from None
    entries = [msgspec.Raw(line.encode()) for line in lines]
    return answer({"ok": True, "entries": entries, "damaged": damaged})


def _wanted(request: web.Request) -> EntryFilter:
    return EntryFilter(
        event=EVENT.read(request),
        kind=KIND.read(request),
        agent=BY_AGENT.read(request),
        moved=MOVED.read(request),
        text=SEARCHED.read(request),
    )


def _span(request: web.Request) -> Span:
    after, before, until = AFTER.read(request), BEFORE.read(request), UNTIL.read(request)
    return Span(
        after=after or 0,
        before=WHOLE.before if before is None else before,
        since=SINCE.read(request),
        until=WHOLE.until if until is None else until,
        forward=after is not None and before is None,
    )


async def health(request: web.Request) -> web.Response:
    """GET /api/cloud/health: what is wrong, the worst first."""
    return answer(request.app[MANAGER].health())


async def explain(request: web.Request) -> web.Response:
    """GET /api/cloud/explain: why the link is in its state, and what comes next."""
    return answer(request.app[MANAGER].explain())
