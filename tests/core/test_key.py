"""A key that changes, a verdict that waiting cannot mend, word from before, told step by step."""

import pytest

from eliza_cloud.core.link import effects as do
from eliza_cloud.core.link.events import (
    AgentGone,
    BackupFailed,
    BackupTaken,
    Connect,
    Connected,
    ConnectFailed,
    CreditsExhausted,
    Disconnect,
    Drained,
    HeartbeatAnswered,
    HeartbeatMissed,
    KeyAccepted,
    KeyChanged,
    KeyRejected,
    KeySuspected,
    Reconnected,
    ReconnectFailed,
)
from eliza_cloud.core.statechart import Outcome
from eliza_cloud.core.states import KeyState, LinkState, Reason
from tests.core.link_driver import ANNA, BAD_KEY, GONE, NO_CREDITS, TIMEOUT, LinkDriver, in_state

DISCONNECTED, CONNECTING, CONNECTED, RECONNECTING, ERROR, CLOSING = LinkState
BUSY = (CONNECTING, CONNECTED, RECONNECTING)


# The key


@pytest.mark.parametrize("state", [CONNECTED, RECONNECTING, CONNECTING])
def test_a_new_key_connects_the_same_agent_anew(state):
    link = LinkDriver(in_state(state))
    link.send(KeyChanged())
    assert (link.state, link.facts.agent_id, link.facts.key) == (CONNECTING, ANNA, KeyState.UNVERIFIED)
    rule = do.StartRule.UNLESS_STOPPED if link.facts.background else do.StartRule.ALWAYS
    connector = do.StartConnector(8, ANNA, rule)
    assert link.effects == [do.CancelActivities(), do.VerifyKey(4), connector]
    assert link.told == []


def test_a_new_key_takes_up_the_wish_after_an_error_and_begins_the_ladder_at_its_foot():
    link = LinkDriver(in_state(ERROR, reason=Reason.KEY_REJECTED, key=KeyState.REJECTED, attempt=7))
    link.send(KeyChanged())
    assert (link.state, link.facts.agent_id, link.facts.background) == (CONNECTING, ANNA, True)
    assert link.facts.reason is None
    link.send(ConnectFailed(link.epoch, TIMEOUT))
    assert (link.state, link.facts.attempt) == (RECONNECTING, 1)


@pytest.mark.parametrize("state", [DISCONNECTED, CLOSING])
def test_a_new_key_is_only_noted_where_nothing_is_linked(state):
    link = LinkDriver(in_state(state))
    link.send(KeyChanged())
    assert (link.state, link.facts.key, link.facts.enabled) == (state, KeyState.UNVERIFIED, True)
    assert link.effects == [do.VerifyKey(4)]
    assert (link.facts.user_id, link.facts.organization_id) == (None, None), "whose it is, is to be found out"


def test_a_caller_who_waits_is_answered_by_the_connect_with_the_new_key():
    link = LinkDriver()
    link.send(Connect(ANNA))
    link.send(KeyChanged())
    link.send(Connected(link.epoch, "Anna"))
    assert link.told == [do.AnswerConnect(ANNA)]


def test_an_accepted_key_says_whose_it_is_and_is_written_down_once():
    link = LinkDriver(in_state(CONNECTED, key=KeyState.UNVERIFIED, user_id=None, organization_id=None))
    link.send(KeyAccepted(3, "user-1", None))
    assert link.effects == [do.SaveIdentity("user-1", None)]
    assert (link.facts.key, link.facts.user_id, link.facts.organization_id) == (
        KeyState.ACCEPTED,
        "user-1",
        None,
    )
    link.send(KeyAccepted(3, "user-1", None))
    assert link.effects == []
    link.send(KeyAccepted(3, "user-1", "org-9"))
    assert link.effects == [do.SaveIdentity("user-1", "org-9")]
    assert link.facts.organization_id == "org-9"


def test_a_doubted_key_is_verified_and_the_link_goes_on():
    link = LinkDriver()
    link.connects()
    link.send(KeySuspected(1))
    assert (link.state, link.effects) == (CONNECTED, [do.VerifyKey(1)])
    assert link.facts.key is KeyState.ACCEPTED


# What waiting cannot mend


@pytest.mark.parametrize("state", BUSY)
@pytest.mark.parametrize(
    ("event", "problem", "reason"),
    [
        (KeyRejected(3, BAD_KEY), BAD_KEY, Reason.KEY_REJECTED),
        (AgentGone(7, GONE), GONE, Reason.AGENT_GONE),
        (CreditsExhausted(7, NO_CREDITS), NO_CREDITS, Reason.CREDITS_EXHAUSTED),
    ],
)
def test_a_confirmed_rejection_is_an_error_without_a_ladder(state, event, problem, reason):
    link = LinkDriver(in_state(state))
    link.send(event)
    assert (link.state, link.facts.reason, link.facts.problem) == (ERROR, reason, problem)
    assert link.effects[-1] == do.AnswerConnect(ANNA, problem)
    assert "CancelActivities" in link.effect_kinds()
    assert not [kind for kind in link.effect_kinds() if kind.startswith("Start")]
    assert link.facts.desired_agent_id == ANNA


def test_a_rejected_key_is_known_as_rejected_wherever_the_link_is():
    for state in LinkState:
        link = LinkDriver(in_state(state))
        link.send(KeyRejected(3, BAD_KEY))
        assert link.facts.key is KeyState.REJECTED
        assert link.effects[0] == do.StopVerifying()


# The fence


@pytest.mark.parametrize("state", LinkState)
@pytest.mark.parametrize(
    "event",
    [
        Connected(6, "Anna"),
        ConnectFailed(6, TIMEOUT),
        HeartbeatAnswered(6),
        HeartbeatMissed(6, TIMEOUT),
        Reconnected(6, "Anna"),
        ReconnectFailed(6, TIMEOUT),
        AgentGone(6, GONE),
        CreditsExhausted(6, NO_CREDITS),
        BackupTaken(6),
        BackupFailed(6, TIMEOUT, refused=True),
        Drained(6),
        KeyAccepted(2, "somebody", None),
        KeyRejected(2, BAD_KEY),
        KeySuspected(2),
    ],
    ids=lambda event: type(event).__name__,
)
def test_what_an_older_epoch_or_an_older_key_posts_changes_nothing(state, event):
    link = LinkDriver(in_state(state))
    before = link.facts
    step = link.send(event)
    assert step.outcome is Outcome.STALE
    assert link.facts is before
    assert link.effects == []


def test_a_connect_that_succeeds_after_a_disconnect_does_not_come_back_connected():
    link = LinkDriver()
    link.send(Connect(ANNA))
    epoch = link.epoch
    link.send(Disconnect())
    assert link.send(Connected(epoch, "Anna")).outcome is Outcome.STALE
    assert link.state is DISCONNECTED


def test_a_try_that_succeeds_after_a_disconnect_does_not_come_back_connected():
    link = LinkDriver(in_state(RECONNECTING))
    epoch = link.epoch
    link.send(Disconnect())
    link.send(Reconnected(epoch, "Anna"))
    link.send(Drained(link.epoch))
    assert (link.state, link.facts.key) == (DISCONNECTED, KeyState.ABSENT)


def test_an_answer_about_the_key_that_comes_after_the_sign_out_signs_nobody_in():
    link = LinkDriver()
    link.send(Disconnect())
    assert link.send(KeyAccepted(1, "user-123", "org-456")).outcome is Outcome.STALE
    assert (link.facts.key, link.facts.user_id) == (KeyState.ABSENT, None)


def test_a_rejection_confirmed_after_a_failed_connect_becomes_the_reason():
    link = LinkDriver()
    link.send(Connect(ANNA))
    link.send(ConnectFailed(link.epoch, BAD_KEY))
    assert (link.state, link.facts.reason) == (LinkState.ERROR, Reason.CONNECT_FAILED)
    link.send(KeyRejected(link.facts.key_generation, BAD_KEY))
    assert (link.state, link.facts.reason) == (LinkState.ERROR, Reason.KEY_REJECTED)
