"""A link from the first connect to the next agent, told step by step."""

import pytest

from eliza_cloud.core.link import effects as do
from eliza_cloud.core.link.effects import Completed, Pending, Rejected
from eliza_cloud.core.link.events import (
    AgentGone,
    Connect,
    Connected,
    ConnectFailed,
    CreditsExhausted,
    Disconnect,
    Drained,
    KeyChanged,
    KeyRejected,
    Reattach,
    ShutdownAgent,
    Stop,
)
from eliza_cloud.core.link.state import Facts
from eliza_cloud.core.problems import NOT_AUTHENTICATED, SUPERSEDED
from eliza_cloud.core.statechart import Outcome
from eliza_cloud.core.states import LinkState, Reason
from tests.core.link_driver import (
    ANNA,
    BAD_KEY,
    BERT,
    BROKEN,
    GONE,
    NO_CREDITS,
    TIMEOUT,
    LinkDriver,
    in_state,
)

DISCONNECTED, CONNECTING, CONNECTED, RECONNECTING, ERROR, CLOSING = LinkState
BUSY = (CONNECTING, CONNECTED, RECONNECTING)


# Connecting


def test_a_connect_stores_the_wish_then_starts_the_connector():
    link = LinkDriver()
    reply = link.send(Connect(ANNA)).reply
    assert link.state is CONNECTING
    assert reply == Pending()
    assert link.effects == [do.StoreDesiredAgent(ANNA), do.StartConnector(1, ANNA)]
    assert (link.facts.desired_agent_id, link.facts.agent_id, link.facts.background) == (ANNA, ANNA, False)


def test_a_clean_heartbeat_ends_the_connect_and_starts_monitor_and_scheduler():
    link = LinkDriver()
    link.send(Connect(ANNA))
    link.at = 1003.0
    link.send(Connected(link.epoch, "Anna"))
    assert link.state is CONNECTED
    assert link.effects == [
        do.CancelActivities(),
        do.StartMonitor(2, ANNA),
        do.StartScheduler(2, ANNA),
        do.StartCreditsWatch(2, ANNA),
        do.AnswerConnect(ANNA),
    ]
    assert (link.facts.agent_name, link.facts.since, link.facts.last_heartbeat_at) == ("Anna", 1003.0, 1003.0)


def test_a_connect_to_the_linked_agent_is_answered_at_once_and_disturbs_nothing():
    link = LinkDriver()
    link.connects(ANNA)
    before = link.facts
    assert link.send(Connect(ANNA)).reply == Completed(linked=True)
    assert link.effects == []
    assert link.facts == before


def test_eight_connects_to_one_agent_are_one_connect():
    link = LinkDriver()
    started = []
    for _ in range(8):
        assert link.send(Connect(ANNA)).reply == Pending()
        started += [effect for effect in link.effects if isinstance(effect, do.StartConnector)]
    assert started == [do.StartConnector(1, ANNA)]
    link.send(Connected(link.epoch, "Anna"))
    assert link.told == [do.AnswerConnect(ANNA)]


def test_a_connect_without_a_key_is_refused():
    link = LinkDriver(Facts())
    step = link.send(Connect(ANNA))
    assert step.reply == Rejected(NOT_AUTHENTICATED.occurred())
    assert (NOT_AUTHENTICATED.occurred().status, NOT_AUTHENTICATED.occurred().message) == (
        401,
        "Not connected to Eliza Cloud",
    )
    assert link.facts == Facts()


def test_a_connect_that_fails_is_an_error_and_the_caller_hears_why():
    link = LinkDriver()
    link.send(Connect(ANNA))
    link.send(ConnectFailed(link.epoch, TIMEOUT))
    assert link.state is ERROR
    assert (link.facts.reason, link.facts.problem) == (Reason.CONNECT_FAILED, TIMEOUT)
    assert link.effects == [do.CancelActivities(), do.AnswerConnect(ANNA, TIMEOUT)]
    assert link.facts.desired_agent_id == ANNA


def test_a_connect_after_an_error_begins_afresh():
    link = LinkDriver(in_state(ERROR, attempt=7))
    link.send(Connect(ANNA))
    assert link.state is CONNECTING
    assert (link.facts.reason, link.facts.problem, link.facts.attempt) == (None, None, 0)


def test_a_restore_at_start_that_fails_in_passing_climbs_the_ladder():
    link = LinkDriver()
    assert link.send(Reattach(ANNA)).reply == Completed()
    assert link.effects == [
        do.StoreDesiredAgent(ANNA),
        do.StartConnector(1, ANNA, do.StartRule.UNLESS_STOPPED),
    ]
    link.send(ConnectFailed(link.epoch, TIMEOUT))
    assert link.state is RECONNECTING
    assert (link.facts.reason, link.facts.attempt) == (Reason.CONNECT_FAILED, 1)
    assert link.effects == [do.CancelActivities(), do.StartAttempt(2, ANNA, 1, 3.0)]


def test_a_restore_of_the_wish_does_not_store_it_again():
    link = LinkDriver(in_state(DISCONNECTED, desired_agent_id=ANNA))
    link.send(Reattach(ANNA))
    assert link.effects == [do.StartConnector(link.epoch, ANNA, do.StartRule.UNLESS_STOPPED)]


def test_a_restore_that_fails_for_good_is_an_error():
    link = LinkDriver()
    link.send(Reattach(ANNA))
    link.send(ConnectFailed(link.epoch, BROKEN))
    assert (link.state, link.facts.reason) == (ERROR, Reason.CONNECT_FAILED)


@pytest.mark.parametrize("state", [*BUSY, CLOSING])
def test_a_restore_does_not_disturb_what_the_user_began(state):
    link = LinkDriver(in_state(state))
    assert link.send(Reattach(BERT)).outcome is Outcome.IGNORED
    assert link.facts.desired_agent_id == ANNA


# Another agent


@pytest.mark.parametrize("state", BUSY)
def test_a_connect_to_another_agent_closes_the_link_first(state):
    link = LinkDriver(in_state(state))
    assert link.send(Connect(BERT)).reply == Pending()
    assert link.state is CLOSING
    worth_saving = state is not CONNECTING
    assert link.effects == [
        do.CancelActivities(),
        do.StoreDesiredAgent(BERT),
        do.StartDrain(link.epoch, ANNA, worth_saving),
        do.AnswerConnect(ANNA, SUPERSEDED.occurred()),
    ]
    link.send(Drained(link.epoch))
    assert (link.state, link.facts.agent_id, link.facts.background) == (CONNECTING, BERT, False)
    assert link.effect_kinds() == ["CancelActivities", "StartConnector", "AnswerDisconnect"]
    link.send(Connected(link.epoch, "Bert"))
    assert link.effects[-1] == do.AnswerConnect(BERT)


def test_while_closing_the_last_connect_wins():
    link = LinkDriver(in_state(CLOSING))
    link.send(Connect(BERT))
    link.send(Connect(BERT))
    assert link.told == []
    link.send(Connect(ANNA))
    assert link.effects == [do.StoreDesiredAgent(ANNA), do.AnswerConnect(BERT, SUPERSEDED.occurred())]
    link.send(Drained(link.epoch))
    assert (link.state, link.facts.agent_id) == (CONNECTING, ANNA)


def test_another_agent_does_not_inherit_what_was_true_of_the_last_one():
    link = LinkDriver(
        in_state(CONNECTED, last_heartbeat_at=900.0, last_backup_at=890.0, backups_refused=True, attempt=4)
    )
    link.send(Connect(BERT))
    link.send(Drained(link.epoch))
    facts = link.facts
    assert facts.agent_id == BERT
    assert (facts.agent_name, facts.last_heartbeat_at, facts.last_backup_at) == (None, None, None)
    assert (facts.backups_refused, facts.attempt) == (False, 0)


def test_another_agent_after_an_error_has_no_name_yet():
    link = LinkDriver(in_state(ERROR))
    link.send(Connect(BERT))
    assert (link.facts.agent_id, link.facts.agent_name) == (BERT, None)


def test_the_same_agent_keeps_the_time_of_its_last_backup():
    link = LinkDriver(in_state(ERROR, last_backup_at=890.0))
    link.send(Connect(ANNA))
    assert link.facts.last_backup_at == 890.0


# Callers


@pytest.mark.parametrize(
    "story",
    [
        [lambda link: Connected(link.epoch, "Anna")],
        [lambda link: ConnectFailed(link.epoch, TIMEOUT)],
        [lambda link: KeyRejected(1, BAD_KEY)],
        [lambda link: AgentGone(link.epoch, GONE)],
        [lambda link: CreditsExhausted(link.epoch, NO_CREDITS)],
        [lambda _: Disconnect()],
        [lambda _: Stop()],
        [
            lambda _: Connect(BERT),
            lambda link: Drained(link.epoch),
            lambda link: Connected(link.epoch, "Bert"),
        ],
        [lambda _: Connect(BERT), lambda _: Connect(ANNA), lambda _: Stop()],
        [lambda _: Connect(BERT), lambda _: Disconnect(), lambda link: Drained(link.epoch)],
        [lambda _: ShutdownAgent(ANNA)],
        [lambda _: KeyChanged(), lambda link: Connected(link.epoch, "Anna")],
    ],
)
def test_every_caller_is_answered_exactly_once(story):
    link = LinkDriver()
    waiting: list[str] = []
    answered: list[str] = []
    for make in [lambda _: Connect(ANNA), *story]:
        event = make(link)
        step = link.send(event)
        if isinstance(event, Connect) and step.reply == Pending():
            waiting.append(event.agent_id)
        for effect in step.effects:
            if isinstance(effect, do.AnswerConnect) and effect.agent_id in waiting:
                waiting.remove(effect.agent_id)
                answered.append(effect.agent_id)
    assert waiting == []
    assert len(answered) == 1 + sum(isinstance(make(link), Connect) for make in story)
