"""How a link ends: the user signs out, the service stops, told step by step."""

import pytest

from eliza_cloud.core.link import effects as do
from eliza_cloud.core.link.effects import Completed, Pending, Rejected
from eliza_cloud.core.link.events import (
    BackupFailed,
    ClockJumped,
    Connect,
    Disconnect,
    Drained,
    KeyChanged,
    KeyRejected,
    Reattach,
    ShutdownAgent,
    Stop,
)
from eliza_cloud.core.problems import NOT_AUTHENTICATED, STOPPING, SUPERSEDED
from eliza_cloud.core.states import KeyState, LinkState
from tests.core.invariants import ends
from tests.core.link_driver import ANNA, BAD_KEY, BERT, TIMEOUT, LinkDriver, in_state, told_of

DISCONNECTED, CONNECTING, CONNECTED, RECONNECTING, ERROR, CLOSING = LinkState
BUSY = (CONNECTING, CONNECTED, RECONNECTING)
ANSWERS = (do.AnswerConnect, do.AnswerDisconnect)


# Disconnecting


@pytest.mark.parametrize("state", LinkState)
def test_a_disconnect_forgets_the_credentials_before_anything_is_begun_or_said(state):
    link = LinkDriver(in_state(state, next_agent=BERT if state is CLOSING else None))
    link.send(Disconnect())
    assert link.effects[ends(link.effects)] == do.ForgetCredentials()
    facts = link.facts
    assert (facts.desired_agent_id, facts.key, facts.enabled, facts.next_agent) == (
        None,
        KeyState.ABSENT,
        False,
        None,
    )
    assert (facts.user_id, facts.organization_id) == (None, None)


@pytest.mark.parametrize("state", LinkState)
def test_a_disconnect_ends_disconnected_and_its_caller_is_answered_once(state):
    link = LinkDriver(in_state(state, attempt=4, problem=TIMEOUT))
    link.send(Disconnect())
    if link.state is CLOSING:
        assert do.AnswerDisconnect() not in link.told
        link.send(Drained(link.epoch))
    assert link.state is DISCONNECTED
    assert link.told.count(do.AnswerDisconnect()) == 1
    facts = link.facts
    assert (facts.agent_id, facts.agent_name, facts.reason, facts.problem) == (None, None, None, None)
    assert facts.attempt == 0


@pytest.mark.parametrize("state", LinkState)
def test_answers_come_after_everything_else_so_that_who_hears_one_finds_it_done(state):
    for event in (Disconnect(), Stop(), Connect(BERT), ShutdownAgent(ANNA), KeyRejected(3, BAD_KEY)):
        link = LinkDriver(in_state(state))
        link.send(event)
        answers = [isinstance(effect, ANSWERS) for effect in link.effects]
        assert answers == sorted(answers), link.effect_kinds()


def test_a_disconnect_takes_a_last_snapshot_of_a_link_that_stood():
    link = LinkDriver()
    link.connects()
    link.send(Disconnect())
    assert link.effects == [
        do.StopVerifying(),
        do.CancelActivities(),
        do.ForgetCredentials(),
        do.StartDrain(link.epoch, ANNA, snapshot=True),
        do.AnswerConnect(ANNA, SUPERSEDED.occurred()),
    ]


def test_a_disconnect_while_connecting_has_nothing_to_save():
    link = LinkDriver()
    link.send(Connect(ANNA))
    link.send(Disconnect())
    assert link.state is DISCONNECTED
    assert link.effects == [
        do.StopVerifying(),
        do.CancelActivities(),
        do.ForgetCredentials(),
        do.AnswerConnect(ANNA, SUPERSEDED.occurred()),
        do.AnswerDisconnect(),
    ]


def test_a_disconnect_while_closing_joins_and_drops_the_agent_that_waited():
    link = LinkDriver()
    link.connects(ANNA)
    link.send(Connect(BERT))
    link.send(Disconnect())
    assert told_of(link.effects, BERT) == [SUPERSEDED.occurred()]
    assert do.CancelActivities() not in link.effects, "the last snapshot goes on"
    link.send(Drained(link.epoch))
    assert (link.state, link.facts.desired_agent_id) == (DISCONNECTED, None)
    assert link.effects == [do.CancelActivities(), do.AnswerDisconnect()]


def test_two_disconnects_are_one():
    link = LinkDriver()
    link.connects()
    link.send(Disconnect())
    epoch = link.epoch
    assert link.send(Disconnect()).reply == Pending()
    assert (link.state, link.epoch) == (CLOSING, epoch)
    link.send(Drained(epoch))
    assert link.told.count(do.AnswerDisconnect()) == 1


def test_who_signs_in_again_while_closing_may_connect_again():
    link = LinkDriver()
    link.connects(ANNA)
    link.send(Disconnect())
    assert link.send(Connect(BERT)).reply == Rejected(NOT_AUTHENTICATED.occurred())
    link.send(KeyChanged())
    assert link.state is CLOSING
    assert link.send(Connect(BERT)).reply == Pending()
    link.send(Drained(link.epoch))
    assert (link.state, link.facts.agent_id, link.facts.desired_agent_id) == (CONNECTING, BERT, BERT)
    assert do.AnswerDisconnect() in link.effects


def test_closing_always_ends_also_when_its_snapshot_fails():
    link = LinkDriver(in_state(CLOSING))
    link.send(BackupFailed(link.epoch, TIMEOUT))
    assert link.state is CLOSING
    link.send(Drained(link.epoch))
    assert link.state is DISCONNECTED


# Stopping


@pytest.mark.parametrize("state", LinkState)
def test_stopping_keeps_wish_and_key_and_ends_where_nothing_runs(state):
    link = LinkDriver(in_state(state, desired_agent_id=ANNA))
    link.send(Stop())
    assert "ForgetCredentials" not in link.effect_kinds()
    assert "StoreWish" not in link.effect_kinds()
    if link.state is CLOSING:
        link.send(Drained(link.epoch))
    assert link.state in {DISCONNECTED, ERROR}
    assert (link.facts.desired_agent_id, link.facts.key) == (ANNA, KeyState.ACCEPTED)


@pytest.mark.parametrize("state", BUSY)
def test_stopping_sends_callers_home(state):
    link = LinkDriver(in_state(state))
    link.send(Stop())
    assert told_of(link.effects, ANNA) == [STOPPING.occurred()]


def test_stopping_while_closing_drops_the_agent_that_waited_but_keeps_the_wish():
    link = LinkDriver(in_state(CONNECTED))
    link.send(Connect(BERT))
    link.send(Stop())
    assert told_of(link.effects, BERT) == [STOPPING.occurred()]
    link.send(Drained(link.epoch))
    assert (link.state, link.facts.desired_agent_id, link.facts.next_agent) == (DISCONNECTED, BERT, None)


def test_nobody_is_told_twice_that_the_service_stops():
    link = LinkDriver(in_state(CLOSING, next_agent=ANNA))
    link.send(Stop())
    assert told_of(link.effects, ANNA) == [STOPPING.occurred()]


@pytest.mark.parametrize("state", LinkState)
def test_after_a_stop_nothing_is_started_again(state):
    link = LinkDriver(in_state(state))
    link.send(Stop())
    events = (Connect(ANNA), Connect(BERT), Reattach(ANNA), KeyChanged(), ClockJumped())
    for event in (*events, Drained(link.epoch), *events):
        link.send(event)
        started = {"StartConnector", "StartMonitor", "StartScheduler", "StartCreditsWatch", "StartTry"}
        assert not started & set(link.effect_kinds())
        if isinstance(event, Connect | Reattach):
            assert link.step.reply == Rejected(STOPPING.occurred())


def test_a_disconnect_after_a_stop_still_signs_out():
    link = LinkDriver()
    link.connects()
    link.send(Stop())
    link.send(Disconnect())
    assert link.effects[ends(link.effects)] == do.ForgetCredentials()
    link.send(Drained(link.epoch))
    assert (link.facts.desired_agent_id, link.facts.key) == (None, KeyState.ABSENT)


@pytest.mark.parametrize("state", [CONNECTING, CLOSING])
def test_a_stopped_link_is_about_no_agent(state):
    link = LinkDriver(in_state(state))
    link.send(Stop())
    if link.state is CLOSING:
        link.send(Drained(link.epoch))
    assert (link.state, link.facts.agent_id) == (DISCONNECTED, None)


@pytest.mark.parametrize("state", LinkState)
def test_who_stops_the_service_waits_exactly_while_the_link_is_closing(state):
    link = LinkDriver(in_state(state))
    reply = link.send(Stop()).reply
    assert reply == (Pending() if link.state is CLOSING else Completed())
    if link.state is CLOSING:
        link.send(Drained(link.epoch))
        assert link.told[-1] == do.AnswerDisconnect()
