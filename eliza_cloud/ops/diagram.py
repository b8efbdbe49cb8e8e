"""The state diagrams as data, read off the tables: what is drawn cannot differ from what runs."""

from collections.abc import Iterable
from enum import Enum
from typing import Any

import msgspec

from eliza_cloud.core import guards
from eliza_cloud.core.link_table import ROWS, Proceed
from eliza_cloud.core.login import LOGIN_ROWS
from eliza_cloud.core.machine import Outcome, Row
from eliza_cloud.core.states import LinkState, LoginState

GUARD_WORDS: dict[Any, tuple[str, str]] = {
    guards.same_agent: ("", "another agent"),
    guards.may_be_repaired: ("unattended, retryable", "asked for, or final"),
    guards.misses_left: ("misses left", "maxFailures reached"),
    guards.tries_left: ("tries left", "no tries left"),
    guards.wish_stands: ("wish stands", "no wish"),
    guards.gave_up: ("after giving up", "else"),
}
"""How a label says that a guard holds, and that it does not."""

EVENTLESS = {Proceed: "[another agent waits]"}
"""Transitions that no event causes, and when they happen."""


class Edge(msgspec.Struct, frozen=True):
    """All moves from one state to another; each label is an event and its condition."""

    source: str
    dest: str
    labels: tuple[str, ...]
    eventless: bool = False


class Diagram(msgspec.Struct, frozen=True):
    """One machine. `internal` names the states that nobody is shown."""

    machine: str
    states: tuple[str, ...]
    initial: str
    internal: tuple[str, ...]
    edges: tuple[Edge, ...]


def link_diagram() -> Diagram:
    """Draw the link (seed: Cloud Manager)."""
    return _draw("link", ROWS, LinkState, internal=(LinkState.CLOSING.value,))


def login_diagram() -> Diagram:
    """Draw one browser sign-in (seed: Cloud Login Flow)."""
    return _draw("login", LOGIN_ROWS, LoginState, internal=())


def _draw(machine: str, rows: Iterable[Row[Any]], states: type[Enum], internal: tuple[str, ...]) -> Diagram:
    labels: dict[tuple[Enum, Enum, bool], list[str]] = {}
    rows = tuple(rows)
    for number, row in enumerate(rows):
        if row.outcome is not Outcome.MOVED or row.dest is None:
            continue
        for source in row.sources:
            key = (source, row.dest, row.event in EVENTLESS)
            labels.setdefault(key, []).append(_label(row, source, rows[:number]))
    order = {state: place for place, state in enumerate(states)}
    keys = sorted(labels, key=lambda key: (order[key[0]], order[key[1]], key[2]))
    return Diagram(
        machine=machine,
        states=tuple(state.value for state in states),
        initial=next(iter(states)).value,
        internal=internal,
        edges=tuple(
            Edge(source.value, dest.value, tuple(labels[source, dest, eventless]), eventless)
            for source, dest, eventless in keys
        ),
    )


def _label(row: Row[Any], source: Enum, earlier: Iterable[Row[Any]]) -> str:
    if row.event in EVENTLESS:
        return EVENTLESS[row.event]
    conditions = [
        GUARD_WORDS[before.when][1]
        for before in earlier
        if before.event is row.event and source in before.sources and _divides(before)
    ]
    if row.when is not None:
        conditions.append(GUARD_WORDS[row.when][0])
    condition = ", ".join(filter(None, conditions))
    return f"{row.event.__name__} [{condition}]" if condition else row.event.__name__


def _divides(row: Row[Any]) -> bool:
    """Tell whether the row splits its cell; a refusal is no part of the picture."""
    return row.when is not None and row.outcome is not Outcome.REFUSED
