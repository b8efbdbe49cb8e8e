"""What a link lives through, told step by step."""

import pytest

from eliza_cloud.core import effects as do
from eliza_cloud.core.events import (
    AgentGone,
    BackupFailed,
    BackupTaken,
    ConfigChanged,
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
    KeyDoubted,
    KeyRejected,
    Reattach,
    Reconnected,
    ReconnectFailed,
    Restore,
    ShutdownAgent,
    Stop,
    SuspendAgent,
    TakeBackup,
    Woke,
)
from eliza_cloud.core.facts import Facts, Policy
from eliza_cloud.core.failure import LINK_CLOSING, NOT_SIGNED_IN, STOPPING, SUPERSEDED
from eliza_cloud.core.machine import Outcome
from eliza_cloud.core.replies import Done, Refused, Waits
from eliza_cloud.core.states import KeyState, LinkState, Reason
from tests.core.story import (
    ANNA,
    BAD_KEY,
    BERT,
    BROKEN,
    BUSY_CLOUD,
    GONE,
    NO_CREDITS,
    TIMEOUT,
    Story,
    in_state,
    told_of,
)

DISCONNECTED, CONNECTING, CONNECTED, RECONNECTING, ERROR, CLOSING = LinkState
BUSY = (CONNECTING, CONNECTED, RECONNECTING)
ANSWERS = (do.AnswerConnect, do.AnswerDisconnect)


# Connecting


def test_a_connect_stores_the_wish_then_starts_the_connector():
    link = Story()
    reply = link.hears(Connect(ANNA)).reply
    assert link.state is CONNECTING
    assert reply == Waits()
    assert link.did == [do.StoreWish(ANNA), do.StartConnector(1, ANNA)]
    assert (link.facts.wish, link.facts.agent_id, link.facts.unattended) == (ANNA, ANNA, False)


def test_a_clean_heartbeat_ends_the_connect_and_starts_monitor_and_scheduler():
    link = Story()
    link.hears(Connect(ANNA))
    link.at = 1003.0
    link.hears(Connected(link.epoch, "Anna"))
    assert link.state is CONNECTED
    assert link.did == [
        do.CancelActivities(),
        do.StartMonitor(2, ANNA),
        do.StartScheduler(2, ANNA),
        do.AnswerConnect(ANNA),
    ]
    assert (link.facts.agent_name, link.facts.since, link.facts.last_heartbeat_at) == ("Anna", 1003.0, 1003.0)


def test_a_connect_to_the_linked_agent_is_answered_at_once_and_disturbs_nothing():
    link = Story()
    link.connects(ANNA)
    before = link.facts
    assert link.hears(Connect(ANNA)).reply == Done(linked=True)
    assert link.did == []
    assert link.facts == before


def test_eight_connects_to_one_agent_are_one_connect():
    link = Story()
    started = []
    for _ in range(8):
        assert link.hears(Connect(ANNA)).reply == Waits()
        started += [effect for effect in link.did if isinstance(effect, do.StartConnector)]
    assert started == [do.StartConnector(1, ANNA)]
    link.hears(Connected(link.epoch, "Anna"))
    assert link.told == [do.AnswerConnect(ANNA)]


def test_a_connect_without_a_key_is_refused():
    link = Story(Facts())
    step = link.hears(Connect(ANNA))
    assert step.reply == Refused(NOT_SIGNED_IN)
    assert (NOT_SIGNED_IN.status, NOT_SIGNED_IN.message) == (401, "Not connected to Eliza Cloud")
    assert link.facts == Facts()


def test_a_connect_that_fails_is_an_error_and_the_caller_hears_why():
    link = Story()
    link.hears(Connect(ANNA))
    link.hears(ConnectFailed(link.epoch, TIMEOUT))
    assert link.state is ERROR
    assert (link.facts.reason, link.facts.failure) == (Reason.CONNECT_FAILED, TIMEOUT)
    assert link.did == [do.CancelActivities(), do.AnswerConnect(ANNA, TIMEOUT)]
    assert link.facts.wish == ANNA


def test_a_connect_after_an_error_begins_afresh():
    link = Story(in_state(ERROR, attempt=7))
    link.hears(Connect(ANNA))
    assert link.state is CONNECTING
    assert (link.facts.reason, link.facts.failure, link.facts.attempt) == (None, None, 0)


def test_a_restore_at_start_that_fails_in_passing_climbs_the_ladder():
    link = Story()
    assert link.hears(Reattach(ANNA)).reply == Done()
    assert link.did == [do.StoreWish(ANNA), do.StartConnector(1, ANNA)]
    link.hears(ConnectFailed(link.epoch, TIMEOUT))
    assert link.state is RECONNECTING
    assert (link.facts.reason, link.facts.attempt) == (Reason.CONNECT_FAILED, 1)
    assert link.did == [do.CancelActivities(), do.StartTry(2, ANNA, 1, 3.0)]


def test_a_restore_of_the_wish_does_not_store_it_again():
    link = Story(in_state(DISCONNECTED, wish=ANNA))
    link.hears(Reattach(ANNA))
    assert link.did == [do.StartConnector(link.epoch, ANNA)]


def test_a_restore_that_fails_for_good_is_an_error():
    link = Story()
    link.hears(Reattach(ANNA))
    link.hears(ConnectFailed(link.epoch, BROKEN))
    assert (link.state, link.facts.reason) == (ERROR, Reason.CONNECT_FAILED)


@pytest.mark.parametrize("state", [*BUSY, CLOSING])
def test_a_restore_does_not_disturb_what_the_user_began(state):
    link = Story(in_state(state))
    assert link.hears(Reattach(BERT)).outcome is Outcome.IGNORED
    assert link.facts.wish == ANNA


# Missing and reconnecting


def test_two_missed_heartbeats_are_weather_and_the_third_starts_the_ladder():
    link = Story()
    link.connects()
    link.hears(HeartbeatMissed(link.epoch, TIMEOUT))
    link.hears(HeartbeatMissed(link.epoch, TIMEOUT))
    assert (link.state, link.facts.misses, link.did) == (CONNECTED, 2, [])
    link.hears(HeartbeatMissed(link.epoch, TIMEOUT))
    assert (link.state, link.facts.reason) == (RECONNECTING, Reason.HEARTBEAT_MISSED)
    assert link.did == [do.CancelActivities(), do.StartTry(3, ANNA, 1, 3.0)]
    assert (link.facts.attempt, link.facts.next_attempt_at) == (1, 1003.0)


def test_an_answered_heartbeat_makes_the_misses_count_anew():
    link = Story()
    link.connects()
    for event in (HeartbeatMissed, HeartbeatMissed, HeartbeatAnswered, HeartbeatMissed, HeartbeatMissed):
        link.hears(event(link.epoch) if event is HeartbeatAnswered else event(link.epoch, TIMEOUT))
    assert (link.state, link.facts.misses) == (CONNECTED, 2)


def test_a_try_that_succeeds_restores_the_link():
    link = Story()
    link.connects()
    link.loses_the_connection()
    link.hears(Reconnected(link.epoch, "Anna"))
    assert (link.state, link.facts.reason, link.facts.failure) == (CONNECTED, None, None)
    assert link.did_kinds() == ["CancelActivities", "StartMonitor", "StartScheduler", "AnswerConnect"]


def test_ten_tries_at_the_documented_delays_then_disconnected():
    link = Story(chance=1.0)
    link.connects()
    link.loses_the_connection()
    tries = [effect for effect in link.did if isinstance(effect, do.StartTry)]
    while link.state is RECONNECTING:
        link.hears(ReconnectFailed(link.epoch, TIMEOUT))
        tries += [effect for effect in link.did if isinstance(effect, do.StartTry)]
    assert [effect.attempt for effect in tries] == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert [effect.delay for effect in tries] == [3, 6, 12, 24, 48, 60, 60, 60, 60, 60]
    assert (link.state, link.facts.reason) == (DISCONNECTED, Reason.RETRIES_EXHAUSTED)
    assert link.facts.wish == ANNA
    assert link.did == [do.CancelActivities(), do.AnswerConnect(ANNA, TIMEOUT)]


def test_jitter_may_halve_a_delay_and_no_more():
    link = Story(chance=0.0)
    link.connects()
    link.loses_the_connection()
    assert link.facts.next_attempt_at == 1000.0 + 1.5


def test_the_clouds_retry_after_is_a_floor_for_the_next_try():
    link = Story()
    link.connects()
    link.loses_the_connection()
    link.hears(ReconnectFailed(link.epoch, BUSY_CLOUD))
    assert link.did == [do.StartTry(link.epoch, ANNA, 2, 90.0)]
    assert link.facts.failure == BUSY_CLOUD
    assert link.facts.reason is Reason.HEARTBEAT_MISSED


def _flap(link: Story, beats: int) -> int:
    link.loses_the_connection()
    link.hears(Reconnected(link.epoch, "Anna"))
    for _ in range(beats):
        link.hears(HeartbeatAnswered(link.epoch))
    link.loses_the_connection()
    return link.facts.attempt


def test_the_attempts_count_anew_after_two_clean_heartbeats():
    link = Story()
    link.connects()
    assert _flap(link, beats=2) == 1


def test_a_link_that_falls_over_at_once_goes_on_up_the_ladder():
    link = Story()
    link.connects()
    assert _flap(link, beats=1) == 2


def test_a_heartbeat_missed_between_two_answered_ones_does_not_count_as_stable():
    link = Story()
    link.connects()
    link.loses_the_connection()
    link.hears(Reconnected(link.epoch, "Anna"))
    link.hears(HeartbeatAnswered(link.epoch))
    link.hears(HeartbeatMissed(link.epoch, TIMEOUT))
    link.hears(HeartbeatAnswered(link.epoch))
    link.loses_the_connection()
    assert link.facts.attempt == 2


def test_a_flapping_link_still_gets_a_try_when_its_ladder_is_used_up():
    link = Story(in_state(CONNECTED, attempt=10))
    link.loses_the_connection()
    assert (link.state, link.facts.attempt) == (RECONNECTING, 10)
    link.hears(ReconnectFailed(link.epoch, TIMEOUT))
    assert (link.state, link.facts.reason) == (DISCONNECTED, Reason.RETRIES_EXHAUSTED)


def _exhausted() -> Story:
    link = Story(in_state(RECONNECTING, attempt=10))
    link.hears(ReconnectFailed(link.epoch, TIMEOUT))
    assert link.facts.reason is Reason.RETRIES_EXHAUSTED
    return link


def test_a_machine_that_wakes_after_the_ladder_gets_one_fresh_try_at_once():
    link = _exhausted()
    link.hears(Woke())
    assert link.state is RECONNECTING
    assert link.did == [do.StartTry(link.epoch, ANNA, 10, 3.0)]
    link.hears(ReconnectFailed(link.epoch, TIMEOUT))
    assert (link.state, link.facts.reason) == (DISCONNECTED, Reason.RETRIES_EXHAUSTED)


def test_a_fresh_try_that_succeeds_links_again():
    link = _exhausted()
    link.hears(Woke())
    link.hears(Reconnected(link.epoch, "Anna"))
    assert (link.state, link.facts.agent_id, link.facts.reason) == (CONNECTED, ANNA, None)


def test_a_user_who_disconnected_is_not_linked_again_when_the_machine_wakes():
    link = _exhausted()
    link.hears(Disconnect())
    assert link.hears(Woke()).outcome is Outcome.IGNORED
    assert link.state is DISCONNECTED


def test_waking_makes_the_next_heartbeat_or_try_happen_now():
    link = Story()
    link.connects()
    link.hears(Woke())
    assert link.did == [do.HurryUp()]
    link.loses_the_connection()
    assert link.facts.next_attempt_at == 1003.0
    link.at = 1001.0
    link.hears(Woke())
    assert link.did == [do.HurryUp()]
    assert link.facts.next_attempt_at == 1001.0


def test_a_connect_while_reconnecting_joins_and_hears_of_success():
    link = Story()
    link.connects()
    link.loses_the_connection()
    assert link.hears(Connect(ANNA)).reply == Waits()
    assert link.did == [do.HurryUp()]
    link.hears(Reconnected(link.epoch, "Anna"))
    assert link.told == [do.AnswerConnect(ANNA)]


def test_new_settings_count_from_the_next_event():
    link = Story()
    link.connects()
    link.hears(ConfigChanged(Policy(max_failures=1)))
    link.hears(HeartbeatMissed(link.epoch, TIMEOUT))
    assert link.state is RECONNECTING


# Another agent


@pytest.mark.parametrize("state", BUSY)
def test_a_connect_to_another_agent_closes_the_link_first(state):
    link = Story(in_state(state))
    assert link.hears(Connect(BERT)).reply == Waits()
    assert link.state is CLOSING
    worth_saving = state is not CONNECTING
    assert link.did == [
        do.StoreWish(BERT),
        do.CancelActivities(),
        do.StartDrain(link.epoch, ANNA, worth_saving),
        do.AnswerConnect(ANNA, SUPERSEDED),
    ]
    link.hears(Drained(link.epoch))
    assert (link.state, link.facts.agent_id, link.facts.unattended) == (CONNECTING, BERT, False)
    assert link.did_kinds() == ["CancelActivities", "StartConnector", "AnswerDisconnect"]
    link.hears(Connected(link.epoch, "Bert"))
    assert link.did[-1] == do.AnswerConnect(BERT)


def test_while_closing_the_last_connect_wins():
    link = Story(in_state(CLOSING))
    link.hears(Connect(BERT))
    link.hears(Connect(BERT))
    assert link.told == []
    link.hears(Connect(ANNA))
    assert link.did == [do.StoreWish(ANNA), do.AnswerConnect(BERT, SUPERSEDED)]
    link.hears(Drained(link.epoch))
    assert (link.state, link.facts.agent_id) == (CONNECTING, ANNA)


def test_another_agent_does_not_inherit_what_was_true_of_the_last_one():
    link = Story(
        in_state(CONNECTED, last_heartbeat_at=900.0, last_backup_at=890.0, backups_refused=True, attempt=4)
    )
    link.hears(Connect(BERT))
    link.hears(Drained(link.epoch))
    facts = link.facts
    assert facts.agent_id == BERT
    assert (facts.agent_name, facts.last_heartbeat_at, facts.last_backup_at) == (None, None, None)
    assert (facts.backups_refused, facts.attempt) == (False, 0)


def test_the_same_agent_keeps_the_time_of_its_last_backup():
    link = Story(in_state(ERROR, last_backup_at=890.0))
    link.hears(Connect(ANNA))
    assert link.facts.last_backup_at == 890.0


# Disconnecting


@pytest.mark.parametrize("state", LinkState)
def test_a_disconnect_forgets_the_credentials_before_anything_else(state):
    link = Story(in_state(state, next_agent=BERT if state is CLOSING else None))
    link.hears(Disconnect())
    assert link.did[0] == do.ForgetCredentials()
    facts = link.facts
    assert (facts.wish, facts.key, facts.enabled, facts.next_agent) == (None, KeyState.ABSENT, False, None)
    assert (facts.user_id, facts.organization_id) == (None, None)


@pytest.mark.parametrize("state", LinkState)
def test_a_disconnect_ends_disconnected_and_its_caller_is_answered_once(state):
    link = Story(in_state(state))
    link.hears(Disconnect())
    if link.state is CLOSING:
        assert do.AnswerDisconnect() not in link.told
        link.hears(Drained(link.epoch))
    assert link.state is DISCONNECTED
    assert link.told.count(do.AnswerDisconnect()) == 1
    assert (link.facts.agent_id, link.facts.agent_name, link.facts.reason) == (None, None, None)


@pytest.mark.parametrize("state", LinkState)
def test_answers_come_after_everything_else_so_that_who_hears_one_finds_it_done(state):
    for event in (Disconnect(), Stop(), Connect(BERT), ShutdownAgent(ANNA), KeyRejected(3, BAD_KEY)):
        link = Story(in_state(state))
        link.hears(event)
        answers = [isinstance(effect, ANSWERS) for effect in link.did]
        assert answers == sorted(answers), link.did_kinds()


def test_a_disconnect_takes_a_last_snapshot_of_a_link_that_stood():
    link = Story()
    link.connects()
    link.hears(Disconnect())
    assert link.did == [
        do.ForgetCredentials(),
        do.StopVerifying(),
        do.CancelActivities(),
        do.StartDrain(link.epoch, ANNA, snapshot=True),
        do.AnswerConnect(ANNA, SUPERSEDED),
    ]


def test_a_disconnect_while_connecting_has_nothing_to_save():
    link = Story()
    link.hears(Connect(ANNA))
    link.hears(Disconnect())
    assert link.state is DISCONNECTED
    assert link.did == [
        do.ForgetCredentials(),
        do.StopVerifying(),
        do.CancelActivities(),
        do.AnswerConnect(ANNA, SUPERSEDED),
        do.AnswerDisconnect(),
    ]


def test_a_disconnect_while_closing_joins_and_drops_the_agent_that_waited():
    link = Story()
    link.connects(ANNA)
    link.hears(Connect(BERT))
    link.hears(Disconnect())
    assert told_of(link.did, BERT) == [SUPERSEDED]
    assert do.CancelActivities() not in link.did, "the last snapshot goes on"
    link.hears(Drained(link.epoch))
    assert (link.state, link.facts.wish) == (DISCONNECTED, None)
    assert link.did == [do.CancelActivities(), do.AnswerDisconnect()]


def test_two_disconnects_are_one():
    link = Story()
    link.connects()
    link.hears(Disconnect())
    epoch = link.epoch
    assert link.hears(Disconnect()).reply == Waits()
    assert (link.state, link.epoch) == (CLOSING, epoch)
    link.hears(Drained(epoch))
    assert link.told.count(do.AnswerDisconnect()) == 1


def test_who_signs_in_again_while_closing_may_connect_again():
    link = Story()
    link.connects(ANNA)
    link.hears(Disconnect())
    assert link.hears(Connect(BERT)).reply == Refused(NOT_SIGNED_IN)
    link.hears(KeyChanged())
    assert link.state is CLOSING
    assert link.hears(Connect(BERT)).reply == Waits()
    link.hears(Drained(link.epoch))
    assert (link.state, link.facts.agent_id, link.facts.wish) == (CONNECTING, BERT, BERT)
    assert do.AnswerDisconnect() in link.did


def test_closing_always_ends_also_when_its_snapshot_fails():
    link = Story(in_state(CLOSING))
    link.hears(BackupFailed(link.epoch, TIMEOUT))
    assert link.state is CLOSING
    link.hears(Drained(link.epoch))
    assert link.state is DISCONNECTED


# Stopping


@pytest.mark.parametrize("state", LinkState)
def test_stopping_keeps_wish_and_key_and_ends_where_nothing_runs(state):
    link = Story(in_state(state, wish=ANNA))
    link.hears(Stop())
    assert "ForgetCredentials" not in link.did_kinds()
    assert "StoreWish" not in link.did_kinds()
    if link.state is CLOSING:
        link.hears(Drained(link.epoch))
    assert link.state in {DISCONNECTED, ERROR}
    assert (link.facts.wish, link.facts.key) == (ANNA, KeyState.ACCEPTED)


@pytest.mark.parametrize("state", BUSY)
def test_stopping_sends_callers_home(state):
    link = Story(in_state(state))
    link.hears(Stop())
    assert told_of(link.did, ANNA) == [STOPPING]


def test_stopping_while_closing_drops_the_agent_that_waited_but_keeps_the_wish():
    link = Story(in_state(CONNECTED))
    link.hears(Connect(BERT))
    link.hears(Stop())
    assert told_of(link.did, BERT) == [STOPPING]
    link.hears(Drained(link.epoch))
    assert (link.state, link.facts.wish, link.facts.next_agent) == (DISCONNECTED, BERT, None)


def test_nobody_is_told_twice_that_the_service_stops():
    link = Story(in_state(CLOSING, next_agent=ANNA))
    link.hears(Stop())
    assert told_of(link.did, ANNA) == [STOPPING]


@pytest.mark.parametrize("state", LinkState)
def test_after_a_stop_nothing_is_started_again(state):
    link = Story(in_state(state))
    link.hears(Stop())
    events = (Connect(ANNA), Connect(BERT), Reattach(ANNA), KeyChanged(), Woke())
    for event in (*events, Drained(link.epoch), *events):
        link.hears(event)
        assert not {"StartConnector", "StartMonitor", "StartScheduler", "StartTry"} & set(link.did_kinds())
        if isinstance(event, Connect | Reattach):
            assert link.step.reply == Refused(STOPPING)


def test_a_disconnect_after_a_stop_still_signs_out():
    link = Story()
    link.connects()
    link.hears(Stop())
    link.hears(Disconnect())
    assert link.did[0] == do.ForgetCredentials()
    link.hears(Drained(link.epoch))
    assert (link.facts.wish, link.facts.key) == (None, KeyState.ABSENT)


@pytest.mark.parametrize("state", [CONNECTING, CLOSING])
def test_a_stopped_link_is_about_no_agent(state):
    link = Story(in_state(state))
    link.hears(Stop())
    if link.state is CLOSING:
        link.hears(Drained(link.epoch))
    assert (link.state, link.facts.agent_id) == (DISCONNECTED, None)


# The key


@pytest.mark.parametrize("state", [CONNECTED, RECONNECTING, CONNECTING])
def test_a_new_key_connects_the_same_agent_anew(state):
    link = Story(in_state(state))
    link.hears(KeyChanged())
    assert (link.state, link.facts.agent_id, link.facts.key) == (CONNECTING, ANNA, KeyState.UNVERIFIED)
    assert link.did == [do.VerifyKey(4), do.CancelActivities(), do.StartConnector(8, ANNA)]
    assert link.told == []


def test_a_new_key_takes_up_the_wish_after_an_error_and_begins_the_ladder_at_its_foot():
    link = Story(in_state(ERROR, reason=Reason.KEY_REJECTED, key=KeyState.REJECTED, attempt=7))
    link.hears(KeyChanged())
    assert (link.state, link.facts.agent_id, link.facts.unattended) == (CONNECTING, ANNA, True)
    assert link.facts.reason is None
    link.hears(ConnectFailed(link.epoch, TIMEOUT))
    assert (link.state, link.facts.attempt) == (RECONNECTING, 1)


@pytest.mark.parametrize("state", [DISCONNECTED, CLOSING])
def test_a_new_key_is_only_noted_where_nothing_is_linked(state):
    link = Story(in_state(state))
    link.hears(KeyChanged())
    assert (link.state, link.facts.key, link.facts.enabled) == (state, KeyState.UNVERIFIED, True)
    assert link.did == [do.VerifyKey(4)]


def test_a_caller_who_waits_is_answered_by_the_connect_with_the_new_key():
    link = Story()
    link.hears(Connect(ANNA))
    link.hears(KeyChanged())
    link.hears(Connected(link.epoch, "Anna"))
    assert link.told == [do.AnswerConnect(ANNA)]


def test_an_accepted_key_says_whose_it_is_and_is_written_down_once():
    link = Story(in_state(CONNECTED, key=KeyState.UNVERIFIED, user_id=None, organization_id=None))
    link.hears(KeyAccepted(3, "user-1", None))
    assert link.did == [do.SaveIdentity("user-1", None)]
    assert (link.facts.key, link.facts.user_id, link.facts.organization_id) == (
        KeyState.ACCEPTED,
        "user-1",
        None,
    )
    link.hears(KeyAccepted(3, "user-1", None))
    assert link.did == []


def test_a_doubted_key_is_verified_and_the_link_goes_on():
    link = Story()
    link.connects()
    link.hears(KeyDoubted(1))
    assert (link.state, link.did) == (CONNECTED, [do.VerifyKey(1)])
    assert link.facts.key is KeyState.ACCEPTED


# What waiting cannot mend


@pytest.mark.parametrize("state", BUSY)
@pytest.mark.parametrize(
    ("event", "failure", "reason"),
    [
        (KeyRejected(3, BAD_KEY), BAD_KEY, Reason.KEY_REJECTED),
        (AgentGone(7, GONE), GONE, Reason.AGENT_GONE),
        (CreditsExhausted(7, NO_CREDITS), NO_CREDITS, Reason.CREDITS_EXHAUSTED),
    ],
)
def test_a_confirmed_rejection_is_an_error_without_a_ladder(state, event, failure, reason):
    link = Story(in_state(state))
    link.hears(event)
    assert (link.state, link.facts.reason, link.facts.failure) == (ERROR, reason, failure)
    assert link.did[-1] == do.AnswerConnect(ANNA, failure)
    assert "CancelActivities" in link.did_kinds()
    assert not [kind for kind in link.did_kinds() if kind.startswith("Start")]
    assert link.facts.wish == ANNA


def test_a_rejected_key_is_known_as_rejected_wherever_the_link_is():
    for state in LinkState:
        link = Story(in_state(state))
        link.hears(KeyRejected(3, BAD_KEY))
        assert link.facts.key is KeyState.REJECTED


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
        KeyDoubted(2),
    ],
    ids=lambda event: type(event).__name__,
)
def test_what_an_older_epoch_or_an_older_key_posts_changes_nothing(state, event):
    link = Story(in_state(state))
    before = link.facts
    step = link.hears(event)
    assert step.outcome is Outcome.STALE
    assert link.facts is before
    assert link.did == []


def test_a_connect_that_succeeds_after_a_disconnect_does_not_come_back_connected():
    link = Story()
    link.hears(Connect(ANNA))
    epoch = link.epoch
    link.hears(Disconnect())
    assert link.hears(Connected(epoch, "Anna")).outcome is Outcome.STALE
    assert link.state is DISCONNECTED


def test_a_try_that_succeeds_after_a_disconnect_does_not_come_back_connected():
    link = Story(in_state(RECONNECTING))
    epoch = link.epoch
    link.hears(Disconnect())
    link.hears(Reconnected(epoch, "Anna"))
    link.hears(Drained(link.epoch))
    assert (link.state, link.facts.key) == (DISCONNECTED, KeyState.ABSENT)


def test_an_answer_about_the_key_that_comes_after_the_sign_out_signs_nobody_in():
    link = Story()
    link.hears(Disconnect())
    assert link.hears(KeyAccepted(1, "user-123", "org-456")).outcome is Outcome.STALE
    assert (link.facts.key, link.facts.user_id) == (KeyState.ABSENT, None)


# Agents that go away on purpose


@pytest.mark.parametrize("event", [ShutdownAgent(ANNA), SuspendAgent(ANNA)])
@pytest.mark.parametrize("state", [*BUSY, ERROR])
def test_an_agent_that_goes_away_on_purpose_is_let_go_of_first(state, event):
    link = Story(in_state(state))
    assert link.hears(event).reply == Done(linked=True)
    assert link.state is DISCONNECTED
    assert (link.facts.wish, link.facts.agent_id) == (None, None)
    assert link.did[0] == do.StoreWish(None)
    assert ("CancelActivities" in link.did_kinds()) == (state in BUSY)
    assert link.facts.key is KeyState.ACCEPTED, "shutting an agent down does not sign out"


@pytest.mark.parametrize("event", [ShutdownAgent(BERT), SuspendAgent(BERT)])
@pytest.mark.parametrize("state", LinkState)
def test_an_agent_that_is_not_linked_goes_away_without_a_sound(state, event):
    link = Story(in_state(state))
    before = link.facts
    assert link.hears(event).reply == Done(linked=False)
    assert (link.facts, link.did) == (before, [])


@pytest.mark.parametrize("kind", [ShutdownAgent, SuspendAgent])
def test_an_agent_wished_for_is_not_linked_to_once_it_went_away(kind):
    link = _exhausted()
    assert link.hears(kind(ANNA)).reply == Done(linked=True)
    assert link.did == [do.StoreWish(None)]
    assert link.hears(Woke()).outcome is Outcome.IGNORED


@pytest.mark.parametrize("kind", [ShutdownAgent, SuspendAgent])
def test_an_agent_that_is_being_closed_or_comes_next_cannot_go_away_now(kind):
    link = Story()
    link.connects(ANNA)
    link.hears(Connect(BERT))
    for agent_id in (ANNA, BERT):
        assert link.hears(kind(agent_id)).reply == Refused(LINK_CLOSING)


def test_callers_who_wait_for_an_agent_that_goes_away_are_told_so():
    link = Story()
    link.hears(Connect(ANNA))
    link.hears(ShutdownAgent(ANNA))
    assert link.told == [do.AnswerConnect(ANNA, SUPERSEDED)]


# Backups


@pytest.mark.parametrize("kind", [TakeBackup, Restore])
def test_backups_by_hand_go_through_the_backup_loop(kind):
    link = Story()
    link.connects()
    assert link.hears(kind(ANNA, 5)).reply == Waits()
    assert link.did == [do.HandToScheduler(5)]
    assert link.hears(kind(BERT, 6)).reply == Done()
    assert link.did == []


@pytest.mark.parametrize("kind", [TakeBackup, Restore])
def test_backups_of_an_agent_that_is_being_closed_are_refused(kind):
    link = Story(in_state(CLOSING))
    assert link.hears(kind(ANNA, 5)).reply == Refused(LINK_CLOSING)
    assert link.hears(kind(BERT, 6)).reply == Done()


def test_a_backup_is_noted_and_a_failed_one_does_not_interrupt_the_link():
    link = Story()
    link.connects()
    link.at = 1060.0
    link.hears(BackupTaken(link.epoch))
    assert link.facts.last_backup_at == 1060.0
    link.at = 1120.0
    link.hears(BackupFailed(link.epoch, TIMEOUT))
    assert (link.state, link.facts.last_backup_at, link.facts.backups_refused) == (CONNECTED, 1060.0, False)


def test_a_refusal_for_good_is_remembered_until_a_backup_succeeds():
    link = Story()
    link.connects()
    link.hears(BackupFailed(link.epoch, TIMEOUT, refused=True))
    assert link.facts.backups_refused
    link.hears(BackupTaken(link.epoch))
    assert not link.facts.backups_refused


def test_the_last_snapshot_is_noted():
    link = Story(in_state(CLOSING), at=2000.0)
    link.hears(BackupTaken(link.epoch))
    assert link.facts.last_backup_at == 2000.0


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
    link = Story()
    waiting: list[str] = []
    answered: list[str] = []
    for make in [lambda _: Connect(ANNA), *story]:
        event = make(link)
        step = link.hears(event)
        if isinstance(event, Connect) and step.reply == Waits():
            waiting.append(event.agent_id)
        for effect in step.effects:
            if isinstance(effect, do.AnswerConnect) and effect.agent_id in waiting:
                waiting.remove(effect.agent_id)
                answered.append(effect.agent_id)
    assert waiting == []
    assert len(answered) == 1 + sum(isinstance(make(link), Connect) for make in story)
