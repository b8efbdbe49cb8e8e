"""Who brought an event about: a request, an activity, a signal. It goes with the event, as its cause."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from contextvars import Context as TaskContext
from contextvars import ContextVar, copy_context

import msgspec
from structlog.contextvars import bind_contextvars, bound_contextvars, get_contextvars, unbind_contextvars

from eliza_cloud.cloud.http.trace_context import TRACE_MEMBERS

_ACTOR: ContextVar[str] = ContextVar("actor", default="service")


class EventSource(msgspec.Struct, frozen=True):
    """`by` is an activity's name, `request`, `signal` or `service`; `trace` leads back to a request."""

    by: str
    trace: Mapping[str, str]

    @property
    def request_id(self) -> str | None:
        """The id of the request it goes back to."""
        return self.trace.get("request_id")

    def bind(self) -> AbstractContextManager[None]:
        """Let the block's log lines, tasks and calls carry the request's ids."""
        return bound_contextvars(**self.trace)


def event_source() -> EventSource:
    """Return who is acting in this context."""
    bound = get_contextvars()
    return EventSource(_ACTOR.get(), {name: str(bound[name]) for name in TRACE_MEMBERS if name in bound})


def set_actor(name: str) -> None:
    """Act under this name from now on, in this context."""
    _ACTOR.set(name)


def context_of(name: str, *, detached: bool, **bound: str) -> TaskContext:
    """Make the context of a task that acts under this name, with names bound for its log lines.

    A `detached` one goes on for its own sake: it does not carry the ids of the request that led to it.
    """
    context = copy_context()
    context.run(set_actor, name)
    if detached:
        context.run(unbind_contextvars, *TRACE_MEMBERS)
    context.run(bind_contextvars, **bound)
    return context
