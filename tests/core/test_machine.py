"""A table of rows as a machine, and what it refuses to guess."""

import logging
from enum import Enum

import msgspec
import pytest
from transitions import MachineError

from eliza_cloud.core.link.events import Connect, Connected
from eliza_cloud.core.link.machine import LinkMachine
from eliza_cloud.core.statechart import Cursor, Outcome, Table, moves, stays
from eliza_cloud.core.states import LinkState
from tests.core.link_driver import ANNA, BERT, SIGNED_IN


class Lamp(Enum):
    OFF = "off"
    ON = "on"


class Room(msgspec.Struct, frozen=True):
    dark: bool = True
    notes: tuple[str, ...] = ()


class Press:
    pass


class Fuse:
    pass


def _note(word):
    return lambda cursor: cursor.update(notes=(*cursor.facts.notes, word))


def _is_dark(cursor):
    return cursor.facts.dark


def _table(*rows, **hooks):
    return Table(rows, Lamp, Lamp.OFF, on_enter=hooks.get("on_enter", {}), on_exit=hooks.get("on_exit", {}))


def _fire(table, kind, facts=None, state=Lamp.OFF):
    cursor = Cursor(state, facts or Room(), kind(), at=1.0, jitter=0.5)
    table.fire(kind, cursor)
    return cursor


def test_a_row_acts_before_its_source_is_left_and_its_target_entered():
    table = _table(
        moves(Press, [Lamp.OFF], Lamp.ON, _note("pressed")),
        on_exit={Lamp.OFF: _note("left off")},
        on_enter={Lamp.ON: _note("entered on")},
    )
    cursor = _fire(table, Press)
    assert cursor.facts.notes == ("pressed", "left off", "entered on")
    assert (cursor.state, cursor.moves) == (Lamp.ON, [(Lamp.OFF, Lamp.ON)])


def test_a_row_that_stays_neither_leaves_nor_enters():
    table = _table(
        stays(Press, [Lamp.OFF], _note("pressed")),
        on_exit={Lamp.OFF: _note("left")},
        on_enter={Lamp.OFF: _note("entered")},
    )
    cursor = _fire(table, Press)
    assert (cursor.facts.notes, cursor.moves) == (("pressed",), [])


def test_the_first_row_whose_guard_holds_is_taken():
    table = _table(
        stays(Press, [Lamp.OFF], _note("dark"), when=_is_dark),
        stays(Press, [Lamp.OFF], _note("light")),
    )
    assert _fire(table, Press, Room(dark=True)).facts.notes == ("dark",)
    assert _fire(table, Press, Room(dark=False)).facts.notes == ("light",)


def test_a_cell_nobody_decided_is_an_error_and_no_guess():
    table = _table(stays(Press, [Lamp.OFF]), stays(Fuse, [Lamp.ON]))
    with pytest.raises(MachineError):
        _fire(table, Press, state=Lamp.ON)


def test_a_cell_whose_guards_all_fail_is_an_error_and_no_guess():
    table = _table(stays(Press, [Lamp.OFF], when=_is_dark))
    with pytest.raises(LookupError, match="no row of Press in OFF applies"):
        _fire(table, Press, Room(dark=False))


def test_a_row_about_another_event_is_a_mistake_of_the_table():
    with pytest.raises(TypeError, match="the row is about Fuse, the event is Press"):
        Cursor(Lamp.OFF, Room(), Press(), at=1.0, jitter=0.5).expect(Fuse)


def test_one_machine_serves_any_number_of_links():
    machine = LinkMachine()
    links = [SIGNED_IN] * 50
    for number, facts in enumerate(links):
        step = machine.step(facts, Connect(ANNA if number % 2 else BERT), at=1.0, jitter=0.5)
        links[number] = step.facts
    for number, facts in enumerate(links):
        if number % 5 == 0:
            links[number] = machine.step(facts, Connected(facts.epoch, "x"), at=2.0, jitter=0.5).facts
    for number, facts in enumerate(links):
        assert facts.agent_id == (ANNA if number % 2 else BERT)
        assert facts.state is (LinkState.CONNECTED if number % 5 == 0 else LinkState.CONNECTING)
    assert SIGNED_IN.state is LinkState.DISCONNECTED


def test_a_step_gives_the_same_for_the_same():
    machine = LinkMachine()
    steps = [machine.step(SIGNED_IN, Connect(ANNA), at=1.0, jitter=0.5) for _ in range(2)]
    assert steps[0] == steps[1]
    assert steps[0].outcome is Outcome.MOVED


def test_a_step_writes_no_log(caplog):
    with caplog.at_level(logging.INFO):
        LinkMachine().step(SIGNED_IN, Connect(ANNA), at=1.0, jitter=0.5)
    assert caplog.records == []
