"""The frames of the event stream: what each `event:` of it carries."""

from typing import Literal

import msgspec

from eliza_cloud.core.journal.entries import AnyEntry
from eliza_cloud.core.views.status import StatusView


class StatusFrame(StatusView, frozen=True, kw_only=True):
    """The frame `snapshot`: the status as of this frame's id; `startedAt` tells one run from the next."""

    started_at: str


class Changed(StatusFrame, frozen=True, kw_only=True):
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
