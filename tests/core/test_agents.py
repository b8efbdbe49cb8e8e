"""Agents that go away on purpose, and their backups, told step by step."""

import pytest

from eliza_cloud.core.link import effects as do
from eliza_cloud.core.link.effects import Completed, Pending, Rejected
from eliza_cloud.core.link.events import (
    BackupFailed,
    BackupTaken,
    ClockJumped,
    Connect,
    ReconnectFailed,
    Restore,
    ShutdownAgent,
    SuspendAgent,
    TakeBackup,
)
from eliza_cloud.core.problems import LINK_CLOSING, SUPERSEDED
from eliza_cloud.core.states import KeyState, LinkState, Reason
from tests.core.invariants import ends
from tests.core.link_driver import ANNA, BERT, TIMEOUT, LinkDriver, in_state

DISCONNECTED, CONNECTING, CONNECTED, RECONNECTING, ERROR, CLOSING = LinkState
BUSY = (CONNECTING, CONNECTED, RECONNECTING)


def _exhausted() -> LinkDriver:
    link = LinkDriver(in_state(RECONNECTING, attempt=10))
    link.send(ReconnectFailed(link.epoch, TIMEOUT))
    assert link.facts.reason is Reason.RETRIES_EXHAUSTED
    return link


# Agents that go away on purpose


@pytest.mark.parametrize("event", [ShutdownAgent(ANNA), SuspendAgent(ANNA)])
@pytest.mark.parametrize("state", [*BUSY, ERROR])
def test_an_agent_that_goes_away_on_purpose_is_let_go_of_first(state, event):
    link = LinkDriver(in_state(state))
    assert link.send(event).reply == Completed(linked=True)
    assert link.state is DISCONNECTED
    assert (link.facts.desired_agent_id, link.facts.agent_id) == (None, None)
    assert link.effects[ends(link.effects)] == do.StoreDesiredAgent(None)
    assert ("CancelActivities" in link.effect_kinds()) == (state in BUSY)
    assert link.facts.key is KeyState.ACCEPTED, "shutting an agent down does not sign out"


@pytest.mark.parametrize("event", [ShutdownAgent(BERT), SuspendAgent(BERT)])
@pytest.mark.parametrize("state", LinkState)
def test_an_agent_that_is_not_linked_goes_away_without_a_sound(state, event):
    link = LinkDriver(in_state(state))
    before = link.facts
    assert link.send(event).reply == Completed(linked=False)
    assert (link.facts, link.effects) == (before, [])


@pytest.mark.parametrize("kind", [ShutdownAgent, SuspendAgent])
def test_an_agent_wished_for_is_not_linked_to_once_it_went_away(kind):
    link = _exhausted()
    assert link.send(kind(ANNA)).reply == Completed(linked=True)
    assert link.effects == [do.CancelActivities(), do.StoreDesiredAgent(None)]
    assert (link.facts.agent_id, link.facts.reason) == (None, None)
    assert link.send(ClockJumped()).moves == ()
    assert link.effects == []


@pytest.mark.parametrize("kind", [ShutdownAgent, SuspendAgent])
def test_an_agent_that_is_being_closed_or_comes_next_cannot_go_away_now(kind):
    link = LinkDriver()
    link.connects(ANNA)
    link.send(Connect(BERT))
    for agent_id in (ANNA, BERT):
        assert link.send(kind(agent_id)).reply == Rejected(LINK_CLOSING.occurred())


def test_callers_who_wait_for_an_agent_that_goes_away_are_told_so():
    link = LinkDriver()
    link.send(Connect(ANNA))
    link.send(ShutdownAgent(ANNA))
    assert link.told == [do.AnswerConnect(ANNA, SUPERSEDED.occurred())]


# Backups


@pytest.mark.parametrize("kind", [TakeBackup, Restore])
def test_backups_by_hand_go_through_the_backup_loop(kind):
    link = LinkDriver()
    link.connects()
    assert link.send(kind(ANNA, 5)).reply == Pending()
    assert link.effects == [do.HandToScheduler(5)]
    assert link.send(kind(BERT, 6)).reply == Completed()
    assert link.effects == []


@pytest.mark.parametrize("kind", [TakeBackup, Restore])
def test_backups_of_an_agent_that_is_being_closed_are_refused(kind):
    link = LinkDriver(in_state(CLOSING))
    assert link.send(kind(ANNA, 5)).reply == Rejected(LINK_CLOSING.occurred())
    assert link.send(kind(BERT, 6)).reply == Completed()


def test_a_backup_is_noted_and_a_failed_one_does_not_interrupt_the_link():
    link = LinkDriver()
    link.connects()
    link.at = 1060.0
    link.send(BackupTaken(link.epoch))
    assert link.facts.last_backup_at == 1060.0
    link.at = 1120.0
    link.send(BackupFailed(link.epoch, TIMEOUT))
    assert (link.state, link.facts.last_backup_at, link.facts.backups_refused) == (CONNECTED, 1060.0, False)


def test_a_refusal_for_good_is_remembered_until_a_backup_succeeds():
    link = LinkDriver()
    link.connects()
    link.send(BackupFailed(link.epoch, TIMEOUT, refused=True))
    assert link.facts.backups_refused
    link.send(BackupTaken(link.epoch))
    assert not link.facts.backups_refused


def test_the_last_snapshot_is_noted():
    link = LinkDriver(in_state(CLOSING), at=2000.0)
    link.send(BackupTaken(link.epoch))
    assert link.facts.last_backup_at == 2000.0
