"""The diagrams that are checked in are those of the tables that run."""

from pathlib import Path

import pytest

from eliza_cloud.core.link.table import ROWS
from eliza_cloud.core.login.machine import LOGIN_ROWS
from eliza_cloud.core.statechart import Outcome
from eliza_cloud.core.states import LinkState
from eliza_cloud.ops.diagrams import (
    GUARD_WORDS,
    DrawingError,
    dot,
    fingerprint,
    link_diagram,
    login_diagram,
    mermaid,
    svg,
)

DIAGRAMS = Path(__file__).parents[2] / "diagrams"
MACHINES = {"link": (link_diagram, ROWS), "login": (login_diagram, LOGIN_ROWS)}
AGAIN = "draw it again: eliza-cloud diagram --machine {} --format {} > diagrams/{}"


@pytest.mark.parametrize("machine", MACHINES)
def test_the_mermaid_text_checked_in_is_that_of_the_table(machine):
    drawn = mermaid(MACHINES[machine][0]())
    checked_in = (DIAGRAMS / f"{machine}.mmd").read_text(encoding="utf-8")
    assert checked_in == drawn, AGAIN.format(machine, "mermaid", f"{machine}.mmd")


@pytest.mark.parametrize("machine", MACHINES)
def test_the_picture_checked_in_was_drawn_from_the_table(machine):
    source = dot(MACHINES[machine][0]())
    picture = (DIAGRAMS / f"{machine}.svg").read_text(encoding="utf-8")
    assert fingerprint(source) in picture, AGAIN.format(machine, "svg", f"{machine}.svg")


@pytest.mark.parametrize("machine", MACHINES)
def test_every_move_of_the_table_is_drawn_and_nothing_else_is(machine):
    diagram, rows = MACHINES[machine]
    in_table = {
        (source.value, row.dest.value)
        for row in rows
        if row.outcome is Outcome.MOVED
        for source in row.sources
    }
    assert {(edge.source, edge.dest) for edge in diagram().edges} == in_table


@pytest.mark.parametrize("machine", MACHINES)
def test_every_event_that_moves_is_named_on_its_edge(machine):
    diagram, rows = MACHINES[machine]
    labels = {(edge.source, edge.dest): edge.labels for edge in diagram().edges if not edge.eventless}
    for row in rows:
        if row.outcome is Outcome.MOVED and row.event.__name__ != "Proceed":
            for source in row.sources:
                words = [label.split(" [")[0] for label in labels[source.value, row.dest.value]]
                assert row.event.__name__ in words


def test_several_events_between_two_states_share_one_edge():
    edges = [(edge.source, edge.dest, edge.eventless) for edge in link_diagram().edges]
    assert len(edges) == len(set(edges))


def test_the_eventless_transition_is_drawn_as_one():
    [edge] = [edge for edge in link_diagram().edges if edge.eventless]
    assert (edge.source, edge.dest, edge.labels) == ("disconnected", "connecting", ("[another agent waits]",))
    [dashed] = [line for line in dot(link_diagram()).splitlines() if "style=dashed" in line]
    assert "disconnected -> connecting" in dashed


def test_every_condition_that_is_drawn_has_words():
    drawn = [row for row in (*ROWS, *LOGIN_ROWS) if row.outcome is Outcome.MOVED]
    assert {row.when for row in drawn if row.when} <= set(GUARD_WORDS)


def test_conditions_say_on_which_side_of_a_guard_an_edge_is():
    labels = {(edge.source, edge.dest): edge.labels for edge in link_diagram().edges}
    assert labels["connected", "reconnecting"] == ("HeartbeatMissed [maxFailures reached]",)
    assert "ReconnectFailed [no tries left]" in labels["reconnecting", "disconnected"]
    assert "ConnectFailed [asked for, or final]" in labels["connecting", "error"]
    assert "Connect [another agent]" in labels["connected", "closing"]


def test_the_internal_state_is_marked_and_the_others_are_the_five_that_are_shown():
    diagram = link_diagram()
    assert set(diagram.states) - set(diagram.internal) == {
        "disconnected", "connecting", "connected", "reconnecting", "error",
    }  # fmt: skip
    assert diagram.internal == (LinkState.CLOSING.value,)
    assert "class closing internal" in mermaid(diagram)


def test_without_graphviz_one_sentence_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DrawingError, match="install the package `graphviz`"):
        svg("digraph {}")


def test_what_graphviz_refuses_is_said_in_its_words(monkeypatch, tmp_path):
    program = tmp_path / "dot"
    program.write_text("#!/bin/sh\necho 'no such thing' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(DrawingError, match="no such thing"):
        svg("digraph {}")
