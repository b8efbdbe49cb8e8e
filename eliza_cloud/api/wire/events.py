"""The event stream (handler: `api/events.py`)."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from eliza_cloud.api.operation import EVENTS, Answer, Operation, Parameter
from eliza_cloud.api.wire.errors import RUNTIME, invalid
from eliza_cloud.core.failure import Failure
from eliza_cloud.core.journal import AnyEntry
from eliza_cloud.core.view import StatusView


class Snapshot(StatusView, frozen=True, kw_only=True):
    """The frame `snapshot`: the status as of this frame's id; `startedAt` tells one run from the next."""

    started_at: str


class Changed(Snapshot, frozen=True, kw_only=True):
    """The frame `status`: the status after a change, and the change as the journal has it."""

    change: AnyEntry


class Gap(msgspec.Struct, frozen=True):
    """The frame `gap`: changes after the one of number `after` are left out.

    `missed` is null where their number is not known. `reason`: too long ago (`history`), from another run
    of the service (`restart`), or the reader did not keep up (`slow_reader`).
    """

    after: int
    missed: int | None
    reason: Literal["history", "restart", "slow_reader"]


TOO_MANY_READERS = Failure(
    code="too_many_readers",
    status=503,
    message="As many programs as may already read the event stream. End one of them, then try again.",
    retryable=True,
)
NOT_ACCEPTABLE = Failure(
    code="not_acceptable",
    status=406,
    message="This path answers with text/event-stream, which `Accept` does not allow.",
)
LAST_EVENT_ID_WRONG = "Last-Event-ID must be a decimal number, as it stands in the `id:` line of a frame."

_Number = Annotated[str, Meta(pattern="^[0-9]{1,18}$")]
_RESUMED = "The number of the last frame that was read: the stream goes on after it."

STREAM = Operation(
    group="Status",
    summary="Every change, as it happens",
    about="Server-sent events. Each frame has an `id:` (decimal, the number of the journal's entry), an"
    " `event:` and a line of `data:`. The first is a `snapshot` of the status; a `status` follows for every"
    " change. With `Last-Event-ID` the snapshot is of that moment, and all changes since follow at once."
    " Where they cannot be told any more the snapshot is of now, and a `gap` follows; the journal may still"
    " have them. A reader too slow for the history loses changes and is told by a `gap`, one that does not"
    " read at all is cut off. A comment every 15 seconds keeps a quiet stream alive.",
    parameters=(
        Parameter("Last-Event-ID", _RESUMED, _Number, place="header", example="1795435200123"),
        Parameter("lastEventId", "The same, for who cannot set a header.", _Number, example="1795435200123"),
    ),
    answers=(
        Answer(200, "The stream; it ends when the service stops.", Snapshot, media=EVENTS),
        Answer(200, "", Changed, media=EVENTS),
        Answer(200, "", Gap, media=EVENTS),
    ),
    errors=(invalid(LAST_EVENT_ID_WRONG), NOT_ACCEPTABLE, TOO_MANY_READERS, *RUNTIME),
)
