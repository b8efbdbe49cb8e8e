"""A link that is lost and found again (architecture: Repair), told step by step."""

from eliza_cloud.core.backoff import Backoff
from eliza_cloud.core.link import effects as do
from eliza_cloud.core.link.effects import Pending
from eliza_cloud.core.link.events import (
    ClockJumped,
    ConfigChanged,
    Connect,
    Disconnect,
    HeartbeatAnswered,
    HeartbeatMissed,
    Reconnected,
    ReconnectFailed,
)
from eliza_cloud.core.link.state import Policy
from eliza_cloud.core.states import LinkState, Reason
from tests.core.link_driver import ANNA, BUSY_CLOUD, TIMEOUT, LinkDriver, in_state

DISCONNECTED, CONNECTING, CONNECTED, RECONNECTING, ERROR, CLOSING = LinkState


def test_two_missed_heartbeats_change_nothing_and_the_third_starts_the_backoff():
    link = LinkDriver()
    link.connects()
    link.send(HeartbeatMissed(link.epoch, TIMEOUT))
    link.send(HeartbeatMissed(link.epoch, TIMEOUT))
    assert (link.state, link.facts.missed_heartbeats, link.effects) == (CONNECTED, 2, [])
    link.send(HeartbeatMissed(link.epoch, TIMEOUT))
    assert (link.state, link.facts.reason) == (RECONNECTING, Reason.HEARTBEAT_MISSED)
    assert link.effects == [do.CancelActivities(), do.StartAttempt(3, ANNA, 1, 3.0)]
    assert (link.facts.attempt, link.facts.next_attempt_at) == (1, 1003.0)


def test_an_answered_heartbeat_makes_the_misses_count_anew():
    link = LinkDriver()
    link.connects()
    link.at = 1030.0
    for event in (HeartbeatMissed, HeartbeatMissed, HeartbeatAnswered, HeartbeatMissed, HeartbeatMissed):
        link.send(event(link.epoch) if event is HeartbeatAnswered else event(link.epoch, TIMEOUT))
    assert (link.state, link.facts.missed_heartbeats, link.facts.last_heartbeat_at) == (CONNECTED, 2, 1030.0)


def test_a_try_that_succeeds_restores_the_link():
    link = LinkDriver()
    link.connects()
    link.loses_the_connection()
    link.send(Reconnected(link.epoch, "Anna"))
    assert (link.state, link.facts.reason, link.facts.problem) == (CONNECTED, None, None)
    started = ["StartMonitor", "StartScheduler", "StartCreditsWatch"]
    assert link.effect_kinds() == ["CancelActivities", *started, "AnswerConnect"]


def test_ten_tries_at_the_documented_delays_then_disconnected():
    link = LinkDriver(jitter=1.0)
    link.connects()
    link.loses_the_connection()
    tries = [effect for effect in link.effects if isinstance(effect, do.StartAttempt)]
    while link.state is RECONNECTING:
        link.send(ReconnectFailed(link.epoch, TIMEOUT))
        tries += [effect for effect in link.effects if isinstance(effect, do.StartAttempt)]
    assert [effect.attempt for effect in tries] == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert [effect.delay for effect in tries] == [3, 6, 12, 24, 48, 60, 60, 60, 60, 60]
    assert (link.state, link.facts.reason) == (DISCONNECTED, Reason.RETRIES_EXHAUSTED)
    assert link.facts.desired_agent_id == ANNA
    assert link.effects == [do.CancelActivities(), do.AnswerConnect(ANNA, TIMEOUT)]


def test_jitter_may_halve_a_delay_and_no_more():
    link = LinkDriver(jitter=0.0)
    link.connects()
    link.loses_the_connection()
    assert link.facts.next_attempt_at == 1000.0 + 1.5


def test_the_clouds_retry_after_is_a_floor_for_the_next_try():
    link = LinkDriver()
    link.connects()
    link.loses_the_connection()
    link.send(ReconnectFailed(link.epoch, BUSY_CLOUD))
    assert link.effects == [do.StartAttempt(link.epoch, ANNA, 2, 90.0)]
    assert link.facts.problem == BUSY_CLOUD
    assert link.facts.reason is Reason.HEARTBEAT_MISSED


def _flap(link: LinkDriver, beats: int) -> int:
    link.loses_the_connection()
    link.send(Reconnected(link.epoch, "Anna"))
    for _ in range(beats):
        link.send(HeartbeatAnswered(link.epoch))
    link.loses_the_connection()
    return link.facts.attempt


def test_the_attempts_count_anew_after_two_clean_heartbeats():
    link = LinkDriver()
    link.connects()
    assert _flap(link, beats=2) == 1


def test_a_link_that_falls_over_at_once_goes_on_up_the_ladder():
    link = LinkDriver()
    link.connects()
    assert _flap(link, beats=1) == 2


def test_a_heartbeat_missed_between_two_answered_ones_does_not_count_as_stable():
    link = LinkDriver()
    link.connects()
    link.loses_the_connection()
    link.send(Reconnected(link.epoch, "Anna"))
    link.send(HeartbeatAnswered(link.epoch))
    link.send(HeartbeatMissed(link.epoch, TIMEOUT))
    link.send(HeartbeatAnswered(link.epoch))
    link.loses_the_connection()
    assert link.facts.attempt == 2


def test_a_flapping_link_still_gets_a_try_when_its_ladder_is_used_up():
    link = LinkDriver(in_state(CONNECTED, attempt=10))
    link.loses_the_connection()
    assert (link.state, link.facts.attempt) == (RECONNECTING, 10)
    link.send(ReconnectFailed(link.epoch, TIMEOUT))
    assert (link.state, link.facts.reason) == (DISCONNECTED, Reason.RETRIES_EXHAUSTED)


def _exhausted() -> LinkDriver:
    link = LinkDriver(in_state(RECONNECTING, attempt=10))
    link.send(ReconnectFailed(link.epoch, TIMEOUT))
    assert link.facts.reason is Reason.RETRIES_EXHAUSTED
    return link


def test_a_machine_that_wakes_after_the_ladder_gets_one_fresh_try_at_once():
    link = _exhausted()
    link.send(ClockJumped())
    assert link.state is RECONNECTING
    assert link.effects == [do.CancelActivities(), do.StartAttempt(link.epoch, ANNA, 10, 3.0)]
    link.send(ReconnectFailed(link.epoch, TIMEOUT))
    assert (link.state, link.facts.reason) == (DISCONNECTED, Reason.RETRIES_EXHAUSTED)


def test_a_machine_that_wakes_gets_one_try_also_when_the_ladder_was_made_longer_meanwhile():
    link = _exhausted()
    link.send(ConfigChanged(Policy(backoff=Backoff(attempts=20))))
    link.send(ClockJumped())
    assert link.facts.attempt == 20
    link.send(ReconnectFailed(link.epoch, TIMEOUT))
    assert link.state is DISCONNECTED


def test_a_fresh_try_that_succeeds_links_again():
    link = _exhausted()
    link.send(ClockJumped())
    link.send(Reconnected(link.epoch, "Anna"))
    assert (link.state, link.facts.agent_id, link.facts.reason) == (CONNECTED, ANNA, None)


def test_a_user_who_disconnected_is_not_linked_again_when_the_machine_wakes():
    link = _exhausted()
    link.send(Disconnect())
    assert link.send(ClockJumped()).moves == ()
    assert link.effects == []
    assert link.state is DISCONNECTED


def test_waking_makes_the_next_heartbeat_or_try_happen_now():
    link = LinkDriver()
    link.connects()
    link.send(ClockJumped())
    assert link.effects == [do.RetryNow()]
    link.loses_the_connection()
    assert link.facts.next_attempt_at == 1003.0
    link.at = 1001.0
    link.send(ClockJumped())
    assert link.effects == [do.RetryNow()]
    assert link.facts.next_attempt_at == 1001.0


def test_a_connect_while_reconnecting_joins_and_hears_of_success():
    link = LinkDriver()
    link.connects()
    link.loses_the_connection()
    assert link.send(Connect(ANNA)).reply == Pending()
    assert link.effects == [do.RetryNow(do.StartRule.ALWAYS)]
    link.send(Reconnected(link.epoch, "Anna"))
    assert link.told == [do.AnswerConnect(ANNA)]


def test_new_settings_count_from_the_next_event():
    link = LinkDriver()
    link.connects()
    link.send(ConfigChanged(Policy(max_failures=1)))
    link.send(HeartbeatMissed(link.epoch, TIMEOUT))
    assert link.state is RECONNECTING


def test_a_user_who_connects_hurries_the_try_but_not_past_the_clouds_retry_after():
    link = LinkDriver()
    link.connects()
    link.loses_the_connection()
    link.send(Connect(ANNA))
    assert link.effects == [do.RetryNow(do.StartRule.ALWAYS)]
    link.send(ReconnectFailed(link.epoch, BUSY_CLOUD))
    link.send(Connect(ANNA))
    assert link.effects == []


def test_a_link_that_comes_back_without_a_name_keeps_the_one_it_had():
    link = LinkDriver()
    link.connects()
    name = link.facts.agent_name
    link.loses_the_connection()
    link.send(Reconnected(link.epoch, None))
    assert link.facts.agent_name == name
