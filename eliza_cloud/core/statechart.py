"""A table of rows as a `transitions` machine, and one step through it.

Rules of this file: the machine is built once and shared by all links, a step takes facts in and gives facts
and effects out, callbacks only read the cursor, replace its facts and append effects. Nothing outside a table
changes a state.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar

import msgspec
from transitions import EventData, Machine, State

from eliza_cloud.core.link.effects import Completed, Rejected, Reply
from eliza_cloud.core.problems import Problem, ProblemType

logging.getLogger("transitions").setLevel(logging.WARNING)  # it reports every callback at INFO

F = TypeVar("F", bound=msgspec.Struct)  # the facts
X = TypeVar("X")  # an event


class Outcome(Enum):
    """What became of an event."""

    MOVED = "moved"
    STAYED = "stayed"
    IGNORED = "ignored"
    REFUSED = "refused"
    STALE = "stale"


class Cursor(Generic[F]):
    """The machine's model during one step."""

    __slots__ = ("at", "effects", "event", "facts", "jitter", "moves", "reply", "row", "state")

    def __init__(self, state: Enum, facts: F, event: object, at: float, jitter: float) -> None:
        self.state = state
        self.facts = facts
        self.event = event
        self.at = at
        self.jitter = jitter
        self.effects: list[Any] = []
        self.reply: Reply = Completed()
        self.row: Row[F] | None = None
        self.moves: list[tuple[Enum, Enum]] = []

    def update(self, **changes: Any) -> None:
        """Replace some of the facts."""
        self.facts = msgspec.structs.replace(self.facts, **changes)

    def expect(self, kind: type[X]) -> X:
        """Return the event as the kind its row is about."""
        if not isinstance(self.event, kind):
            raise TypeError(f"the row is about {kind.__name__}, the event is {type(self.event).__name__}")
        return self.event


Guard = Callable[[Cursor[F]], bool]
Action = Callable[[Cursor[F]], None]


@dataclass(frozen=True)
class Row(Generic[F]):
    """One line of a table; the first row of a cell whose guard holds is taken. `dest` None stays."""

    event: type
    sources: tuple[Enum, ...]
    dest: Enum | None
    outcome: Outcome
    when: Guard[F] | None = None
    do: tuple[Action[F], ...] = ()
    refusal: Problem | None = None
    why: str = ""


def moves(
    event: type,
    sources: Iterable[Enum],
    dest: Enum,
    *do: Action[F],
    when: Guard[F] | None = None,
    why: str = "",
) -> Row[F]:
    """Make a row that leaves its source for `dest` (and enters it again where they are the same)."""
    return Row(event, tuple(sources), dest, Outcome.MOVED, when, do, None, why)


def stays(
    event: type, sources: Iterable[Enum], *do: Action[F], when: Guard[F] | None = None, why: str = ""
) -> Row[F]:
    """Make a row that changes facts but not the state."""
    return Row(event, tuple(sources), None, Outcome.STAYED, when, do, None, why)


def ignored(event: type, sources: Iterable[Enum], why: str) -> Row[F]:
    """Make a row that says, on purpose, that nothing happens."""
    return Row(event, tuple(sources), None, Outcome.IGNORED, None, (), None, why)


def refused(
    event: type, sources: Iterable[Enum], refusal: ProblemType, when: Guard[F] | None = None, why: str = ""
) -> Row[F]:
    """Make a row that refuses the caller, and changes nothing."""
    return Row(event, tuple(sources), None, Outcome.REFUSED, when, (), refusal.occurred(), why)


class Step(msgspec.Struct, Generic[F], frozen=True):
    """What one event came to. `moves` lists the transitions made, in order; mostly none or one."""

    facts: F
    effects: tuple[Any, ...]
    reply: Reply
    outcome: Outcome
    moves: tuple[tuple[Enum, Enum], ...] = ()


class Table(Generic[F]):
    """The rows and the machine made of them. Holds nothing of any one link."""

    def __init__(
        self,
        rows: Iterable[Row[F]],
        states: type[Enum],
        initial: Enum,
        *,
        on_enter: Mapping[Enum, Action[F]],
        on_exit: Mapping[Enum, Action[F]],
    ) -> None:
        self.rows = tuple(rows)
        self.initial = initial
        self._machine = Machine(
            model=None,
            states=[
                State(name=state, on_enter=_callbacks(on_enter, state), on_exit=_callbacks(on_exit, state))
                for state in states
            ],
            initial=initial,
            auto_transitions=False,
            send_event=True,
        )
        for row in self.rows:
            self._machine.add_transition(
                row.event.__name__,
                list(row.sources),
                row.dest,
                conditions=[_guard(row.when)] if row.when else [],
                before=[_take(row), *(_callback(action) for action in row.do)],
            )

    def fire(self, kind: type, cursor: Cursor[F]) -> None:
        """Send one event through the table; raises `transitions.MachineError` for a cell without a row."""
        before = cursor.state
        if not self._machine.events[kind.__name__].trigger(cursor):
            raise LookupError(f"no row of {kind.__name__} in {before.name} applies")
        if cursor.row is not None and cursor.row.outcome is Outcome.MOVED:
            cursor.moves.append((before, cursor.state))


def _cursor(data: EventData) -> Cursor[Any]:
    if not isinstance(data.model, Cursor):
        raise TypeError("the machine moves cursors only")
    return data.model


def _callback(action: Action[F]) -> Callable[[EventData], None]:
    return lambda data: action(_cursor(data))


def _guard(guard: Guard[F]) -> Callable[[EventData], bool]:
    return lambda data: guard(_cursor(data))


def _callbacks(actions: Mapping[Enum, Action[F]], state: Enum) -> Callable[[EventData], None] | None:
    return _callback(actions[state]) if state in actions else None


def _take(row: Row[F]) -> Callable[[EventData], None]:
    def take(data: EventData) -> None:
        cursor = _cursor(data)
        cursor.row = row
        if row.refusal is not None:
            cursor.reply = Rejected(row.refusal)

    return take
