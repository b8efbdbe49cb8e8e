"""The state diagrams as data, read from the tables, and drawn as Graphviz, Mermaid or SVG text."""

import hashlib
import shutil
import subprocess
from collections.abc import Iterable
from enum import Enum
from typing import Any

import msgspec

from eliza_cloud.core.link import guards
from eliza_cloud.core.link.table import ROWS, Proceed
from eliza_cloud.core.login.machine import LOGIN_ROWS
from eliza_cloud.core.statechart import Outcome, Row
from eliza_cloud.core.states import LinkState, LoginState

GUARD_WORDS: dict[Any, tuple[str, str]] = {
    guards.same_agent: ("", "another agent"),
    guards.may_be_repaired: ("unattended, retryable", "asked for, or final"),
    guards.missed_heartbeats_left: ("missed heartbeats left", "maxFailures reached"),
    guards.restart_due: ("sandbox dead, restart due", ""),
    guards.attempts_remain: ("tries left", "no tries left"),
    guards.too_few_credits: ("balance too low", "balance high enough or not known"),
    guards.key_recovers: ("after key_rejected, desired agent set", "else"),
    guards.has_desired_agent: ("desired agent set", "no desired agent"),
    guards.retries_exhausted: ("after giving up", "else"),
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
    """Draw the link (architecture: The step)."""
    return _draw("link", ROWS, LinkState, internal=(LinkState.CLOSING.value,))


def login_diagram() -> Diagram:
    """Draw one browser sign-in (architecture: Login)."""
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


FILL = {
    "connected": "#d7f0dd",
    "authenticated": "#d7f0dd",
    "connecting": "#dbe9fb",
    "pending": "#dbe9fb",
    "reconnecting": "#fdeec8",
    "error": "#fadbd8",
    "failed": "#fadbd8",
}
"""The colour of a state's box; the others are grey."""

GRAPH = "rankdir=TB, nodesep=0.4, ranksep=0.75, pad=0.2, bgcolor=white"
NODE = (
    'shape=box, style="rounded,filled", fillcolor="#eeeeee", color="#444444", '
    'fontname=Helvetica, fontsize=14, margin="0.22,0.12"'
)
EDGE = 'color="#666666", fontcolor="#222222", fontname=Helvetica, fontsize=10, arrowsize=0.7'
MARGIN = "\u00a0"
"""What keeps a label off its line; plain blanks would not be drawn."""


def dot(diagram: Diagram) -> str:
    """Write the diagram for `dot`; the same table always gives the same text."""
    lines = [f"digraph {diagram.machine} {{", f"  graph [{GRAPH}]", f"  node [{NODE}]", f"  edge [{EDGE}]"]
    lines.append('  start [shape=circle, width=0.16, label="", fillcolor="#444444", style=filled]')
    lines += [_node(diagram, state) for state in diagram.states]
    lines.append(f"  start -> {diagram.initial}")
    lines += [_dot_edge(edge) for edge in diagram.edges]
    return "\n".join([*lines, "}"]) + "\n"


def _node(diagram: Diagram, state: str) -> str:
    attributes = [f'fillcolor="{FILL[state]}"'] if state in FILL else []
    if state in diagram.internal:
        attributes.append('style="rounded,filled,dashed"')
    return f"  {state} [{', '.join(attributes)}]" if attributes else f"  {state}"


def _dot_edge(edge: Edge) -> str:
    label = "".join(f"{MARGIN}{line}{MARGIN}\\l" for line in edge.labels)
    dashed = ", style=dashed" if edge.eventless else ""
    return f'  {edge.source} -> {edge.dest} [label="{label}"{dashed}]'


def mermaid(diagram: Diagram) -> str:
    """Write a `stateDiagram-v2`; the same table always gives the same text."""
    lines = [
        "stateDiagram-v2",
        "  direction LR",
        f"  [*] --> {diagram.initial}",
        *map(_mermaid_edge, diagram.edges),
    ]
    if diagram.internal:
        lines.append("  classDef internal stroke-dasharray: 5 4")
        lines += [f"  class {state} internal" for state in diagram.internal]
    return "\n".join(lines) + "\n"


def _mermaid_edge(edge: Edge) -> str:
    return f"  {edge.source} --> {edge.dest} : {'<br/>'.join(edge.labels)}"


NO_GRAPHVIZ = (
    "Graphviz is not installed, and svg needs it: install the package `graphviz`, or use --format mermaid."
)


class DrawingError(Exception):
    """The picture could not be drawn; the text is a sentence with a remedy."""


def fingerprint(source: str) -> str:
    """Return the comment line that ties a picture to the dot text it was drawn from."""
    return f"<!-- dot sha256:{hashlib.sha256(source.encode()).hexdigest()} -->"


def svg(source: str) -> str:
    """Draw a dot text; raises `DrawingError` where Graphviz is missing or fails."""
    program = shutil.which("dot")
    if program is None:
        raise DrawingError(NO_GRAPHVIZ)
    drawn = subprocess.run(  # noqa: S603 - our own text on stdin, no shell
        [program, "-Tsvg"], input=source, capture_output=True, text=True, encoding="utf-8", check=False
    )
    if drawn.returncode != 0:
        raise DrawingError(f"Graphviz could not draw it: {drawn.stderr.strip()}")
    declaration, rest = drawn.stdout.split("\n", 1)
    return f"{declaration}\n{fingerprint(source)}\n{rest}"
