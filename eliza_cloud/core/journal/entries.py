"""What a journal holds: every event that changed a fact, and enough of it to take each step again."""

from enum import StrEnum
from functools import reduce
from operator import or_
from typing import Any

import msgspec

from eliza_cloud.core.link.events import ActivityFact, Event, KeyFact
from eliza_cloud.core.link.state import Facts
from eliza_cloud.core.login.machine import LoginEvent, LoginFacts

#: Entries from one checkpoint to the next; a replay can begin at any, once the oldest entries are dropped.
MARK_EVERY = 500


class JournalEntry(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", tag_field="kind"
):
    """One line. `seq` rises by one from line to line; `at` is in wall-clock seconds.

    `by` names who brought it about: an activity, `request`, `signal` or `service`; `request_id` the request
    it goes back to.
    """

    seq: int
    at: float
    by: str = "service"
    request_id: str | None = None


class LinkEntry(JournalEntry, frozen=True, kw_only=True, tag="link"):
    """An event of the link: `source` and `state` before and after; `reason` and `cause` are those after.

    `agent_id` is the agent the link is about, or was until this event; older entries are without.
    """

    event: Any  # the event as `event_of` reads it
    jitter: float = msgspec.field(name="chance")  # as version 0.1.0a stored it
    outcome: str
    source: str
    state: str
    epoch: int
    reason: str | None = None
    cause: str | None = None
    why: str | None = None
    agent_id: str | None = None


class LoginEntry(JournalEntry, frozen=True, kw_only=True, tag="login"):
    """An event of a sign-in; ids in it are made up, for whoever knows a true one can collect the key."""

    event: Any
    outcome: str
    source: str
    state: str
    why: str | None = None


class CheckpointKind(StrEnum):
    """Why a checkpoint was written."""

    START = "start"
    PERIODIC = "periodic"
    CRASH = "crash"
    STOP = "stop"

    @classmethod
    def _missing_(cls, value: object) -> "CheckpointKind | None":
        """Read the words of version 0.1.0a, too."""
        return {"between": cls.PERIODIC, "fell": cls.CRASH}.get(str(value))


class Checkpoint(JournalEntry, frozen=True, kw_only=True, tag="mark"):
    """All that is known; `what` is a start, an end, an error that ended the link's loop, or periodic."""

    what: CheckpointKind
    version: str
    facts: Facts
    login: LoginFacts


AnyEntry = LinkEntry | LoginEntry | Checkpoint


def _concrete(base: type[msgspec.Struct]) -> tuple[type[msgspec.Struct], ...]:
    """Return the classes that events are made of."""
    return tuple(kind for kind in base.__subclasses__() if kind not in {ActivityFact, KeyFact})


def _union(kinds: tuple[Any, ...]) -> Any:
    return reduce(or_, kinds)


LINK_EVENTS = (*_concrete(Event), *_concrete(ActivityFact), *_concrete(KeyFact))
LOGIN_EVENTS = _concrete(LoginEvent)
_LINK_EVENTS = _union(LINK_EVENTS)
_LOGIN_EVENTS = _union(LOGIN_EVENTS)
_DECODER = msgspec.json.Decoder(AnyEntry)


def decode(line: str | bytes) -> AnyEntry:
    """Read one line of a journal; raises `msgspec.DecodeError`, also for one of a newer version."""
    entry: AnyEntry = _DECODER.decode(line)
    if isinstance(entry, LinkEntry):
        return msgspec.structs.replace(entry, event=msgspec.convert(entry.event, _LINK_EVENTS))
    if isinstance(entry, LoginEntry):
        return msgspec.structs.replace(entry, event=msgspec.convert(entry.event, _LOGIN_EVENTS))
    return entry
