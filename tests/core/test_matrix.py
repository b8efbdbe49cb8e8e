"""Every cell is decided: for each state and each event, and decided as it was designed."""

import itertools
from typing import Any

import msgspec
import pytest

from eliza_cloud.core.backoff import Backoff
from eliza_cloud.core.link import events as ev
from eliza_cloud.core.link.effects import Rejected
from eliza_cloud.core.link.state import Facts, Policy
from eliza_cloud.core.link.table import ROWS, Proceed
from eliza_cloud.core.login.machine import LOGIN_ROWS, LoginEvent, LoginFacts, LoginMachine
from eliza_cloud.core.statechart import Outcome, Row
from eliza_cloud.core.states import KeyState, LinkState, LoginState, Reason
from tests.core.expected_matrix import EXPECTED
from tests.core.link_driver import ANNA, BERT, BROKEN, MACHINE, TIMEOUT, in_state, sample

DISCONNECTED, CONNECTING, CONNECTED, RECONNECTING, ERROR, CLOSING = LinkState
MOVED, STAYED, IGNORED, REFUSED = Outcome.MOVED, Outcome.STAYED, Outcome.IGNORED, Outcome.REFUSED
ABSTRACT = {ev.ActivityFact, ev.KeyFact}
EVENTS = sorted(
    ({*ev.Event.__subclasses__(), *ev.ActivityFact.__subclasses__(), *ev.KeyFact.__subclasses__()} - ABSTRACT)
    - {Proceed},
    key=lambda kind: kind.__name__,
)
LOGIN_EVENTS = sorted(LoginEvent.__subclasses__(), key=lambda kind: kind.__name__)
CELLS = list(itertools.product(LinkState, EVENTS))
LOGIN_CELLS = list(itertools.product(LoginState, LOGIN_EVENTS))


def _rows(rows: tuple[Row[Any], ...], state: Any, kind: type) -> list[Row[Any]]:
    return [row for row in rows if row.event is kind and state in row.sources]


def _cell(value: object) -> str:
    return getattr(value, "value", None) or getattr(value, "__name__", "")


def test_the_link_has_36_events_and_6_states():
    assert len(EVENTS) == 36
    assert len(CELLS) == 216


@pytest.mark.parametrize(("state", "kind"), CELLS, ids=_cell)
def test_a_cell_of_the_link_is_decided(state, kind):
    rows = _rows(ROWS, state, kind)
    assert rows, "nobody decided this cell"
    assert rows[-1].when is None, "the last row of a cell applies in any case"
    assert all(row.when is not None for row in rows[:-1]), "a row after an unconditional one is never reached"


@pytest.mark.parametrize(("state", "kind"), LOGIN_CELLS, ids=_cell)
def test_a_cell_of_the_login_is_decided(state, kind):
    rows = _rows(LOGIN_ROWS, state, kind)
    assert rows, "nobody decided this cell"
    assert rows[-1].when is None, "the last row of a cell applies in any case"
    assert all(row.when is not None for row in rows[:-1]), "a row after an unconditional one is never reached"


def test_the_tables_are_about_nothing_but_known_events():
    assert {row.event for row in ROWS} == {*EVENTS, Proceed}
    assert {row.event for row in LOGIN_ROWS} == set(LOGIN_EVENTS)


def test_a_row_says_what_it_is():
    for row in (*ROWS, *LOGIN_ROWS):
        assert row.sources, row
        assert (row.outcome is MOVED) == (row.dest is not None), row
        assert (row.outcome is REFUSED) == (row.refusal is not None), row
        assert not (row.outcome in {IGNORED, REFUSED} and row.do), row
        assert row.outcome is not IGNORED or row.why, "what is ignored on purpose says why"


@pytest.mark.parametrize(("state", "kind"), CELLS, ids=_cell)
def test_a_cell_of_the_link_fires_whatever_the_facts(state, kind):
    for facts in _plausible(state):
        for agent_id in (ANNA, BERT):
            step = MACHINE.step(facts, sample(kind, facts, agent_id), at=5.0, jitter=0.5)
            assert step.outcome is not Outcome.STALE
            assert (step.facts.epoch > facts.epoch) == bool(step.moves)
            if step.outcome in {IGNORED, REFUSED}:
                assert step.facts is facts
                assert step.effects == ()


def _plausible(state: LinkState) -> list[Facts]:
    return [
        in_state(
            state,
            key=key,
            stopping=stopping,
            background=background,
            desired_agent_id=desired_agent_id,
            attempt=attempt,
            missed_heartbeats=missed_heartbeats,
            reason=reason,
            next_agent=next_agent,
            policy=Policy(backoff=Backoff(attempts=attempts)),
        )
        for key in KeyState
        for stopping in (False, True)
        for background in (False, True)
        for desired_agent_id in (None, ANNA)
        for attempt, missed_heartbeats, reason in ((0, 0, None), (10, 2, Reason.RETRIES_EXHAUSTED))
        for next_agent in ((None, BERT) if state is CLOSING else (None,))
        for attempts in (0, 1, 10)
    ]


@pytest.mark.parametrize(("state", "kind"), LOGIN_CELLS, ids=_cell)
def test_a_cell_of_the_login_fires(state, kind):
    facts = LoginFacts(state=state, session_id="one", revocable=True)
    values = {
        "session_id": "one",
        "browser_url": "https://x",
        "revocable": True,
        "key_prefix": "eliza_",
        "expires_at": None,
        "message": "The disk is full. Make room.",
    }
    needed = [field.name for field in msgspec.structs.fields(kind) if field.required]
    step = LoginMachine().step(facts, kind(**{name: values[name] for name in needed}))
    assert step.outcome is not Outcome.STALE
    assert step.facts.state is (step.moves[-1][1] if step.moves else state)


@pytest.mark.parametrize("cell", EXPECTED, ids=lambda cell: f"{cell.event.__name__}-{cell.state.value}")
def test_a_cell_comes_to_what_the_design_says(cell):
    facts = in_state(cell.state, **cell.known)
    step = MACHINE.step(facts, sample(cell.event, facts, cell.about), at=5.0, jitter=0.5)
    assert step.outcome is cell.outcome
    assert step.facts.state is cell.dest
    assert step.moves == (((cell.state, cell.dest),) if cell.outcome is MOVED else ())
    if cell.refusal is not None:
        assert step.reply == Rejected(cell.refusal)


def test_every_cell_that_is_not_ignored_is_in_the_design():
    """What `EXPECTED` does not name is ignored, in every variety of the facts."""
    named = {(cell.event, cell.state) for cell in EXPECTED}
    for state, kind in CELLS:
        if (kind, state) in named:
            continue
        facts = in_state(state)
        step = MACHINE.step(facts, sample(kind, facts), at=5.0, jitter=0.5)
        assert step.outcome is IGNORED, (kind, state)


def test_a_restore_that_fails_for_good_is_an_error_although_nobody_asked():
    facts = in_state(CONNECTING, background=True)
    step = MACHINE.step(facts, ev.ConnectFailed(facts.epoch, BROKEN), at=5.0, jitter=0.5)
    assert step.facts.state is ERROR


def test_a_user_who_asked_hears_of_a_passing_failure_too():
    facts = in_state(CONNECTING, background=False)
    step = MACHINE.step(facts, ev.ConnectFailed(facts.epoch, TIMEOUT), at=5.0, jitter=0.5)
    assert step.facts.state is ERROR


def test_draining_goes_on_to_the_agent_that_waits():
    facts = in_state(CLOSING, next_agent=BERT, desired_agent_id=BERT)
    step = MACHINE.step(facts, ev.Drained(facts.epoch), at=5.0, jitter=0.5)
    assert step.moves == ((CLOSING, DISCONNECTED), (DISCONNECTED, CONNECTING))
    assert (step.facts.agent_id, step.facts.next_agent) == (BERT, None)


def test_ladders_without_end_never_give_up():
    facts = in_state(RECONNECTING, attempt=1000, policy=Policy(backoff=Backoff(attempts=0)))
    step = MACHINE.step(facts, ev.ReconnectFailed(facts.epoch, TIMEOUT), at=5.0, jitter=0.5)
    assert (step.facts.state, step.facts.attempt) == (RECONNECTING, 1001)
