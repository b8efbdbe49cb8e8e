"""Health items: what is wrong is named once, by its root, and not before it is worth a word."""

import msgspec
import pytest

from eliza_cloud.core.link.events import (
    AgentGone,
    AgentSuspended,
    BackupFailed,
    BackupTaken,
    ClockJumped,
    ConfigChanged,
    ConfigRefused,
    Connected,
    ConnectFailed,
    CreditsExhausted,
    CreditsRead,
    Disconnect,
    Drained,
    HeartbeatAnswered,
    HeartbeatMissed,
    JobObserved,
    KeyAccepted,
    KeyChanged,
    KeyRejected,
    KeyUnverified,
    MinimumBalanceSeen,
    PriceRefused,
    ReconnectFailed,
    StoreFailed,
    StoreRecovered,
)
from eliza_cloud.core.link.state import CURRENT_EDITION, Facts, OngoingProblem, Policy
from eliza_cloud.core.problems import BILLING_HOLD_ACTIVE, PROBLEMS, Problem
from eliza_cloud.core.states import KeyState, LinkState, Reason
from eliza_cloud.core.views.health import health_view, link_problem_code, readiness
from tests.core.link_driver import (
    ANNA,
    BAD_KEY,
    GONE,
    MACHINE,
    NO_CREDITS,
    PRICE,
    SIGNED_IN,
    SUSPENDED,
    in_state,
)

DOWN = Problem(code="cloud_unreachable", status=502, message="Nothing answers.", retryable=True)
NO_NAME = Problem(code="cloud_name_not_found", status=502, message="There is no such name.", retryable=True)
SLOW = Problem(code="cloud_timeout", status=504, message="It took too long.", retryable=True)
DEAD = Problem(code="agent_unreachable", status=502, message="The sandbox is dead.", retryable=True)
ODD = Problem(code="conflict", status=409, message="Not now.")
FULL = Problem(code="disk_full", status=500, message="The disk is full; free some space.")
WRONG = Problem(code="settings_invalid", status=400, message="cloud.enabled: expected true or false, found 3")
ON_HOLD = BILLING_HOLD_ACTIVE.occurred(**BILLING_HOLD_ACTIVE.examples)
REFUSED = Problem(code="conflict", status=409, message="No backups of the shared tier.")
DAY = 86400.0


def after(facts: Facts, *events, at: float = 1000.0) -> Facts:
    """Let events happen, all at this time."""
    for event in events:
        facts = MACHINE.step(facts, event, at=at, jitter=1.0).facts
    return facts


def codes(facts: Facts, at: float) -> list[str]:
    return [item.code for item in health_view(facts, at).items]


CONNECTED = in_state(LinkState.CONNECTED, since=1000.0, last_backup_at=1000.0, last_heartbeat_at=1000.0)
EPOCH = CONNECTED.epoch


def test_a_link_that_stands_and_lacks_nothing_has_no_items_and_is_ready():
    assert codes(CONNECTED, 1010.0) == []
    assert link_problem_code(CONNECTED) is None
    assert readiness(CONNECTED) is None


def test_a_missed_heartbeat_stays_hidden_until_the_next_one_would_have_been_missed_too():
    missed = after(CONNECTED, HeartbeatMissed(EPOCH, DOWN))
    assert codes(missed, 1044.0) == []
    assert codes(missed, 1045.0) == ["cloud_unreachable"]
    assert link_problem_code(missed) == "cloud_unreachable"
    assert readiness(missed) is None, "one miss changes nothing"


def test_a_flap_is_never_shown():
    missed = after(CONNECTED, HeartbeatMissed(EPOCH, DOWN))
    again = after(missed, HeartbeatAnswered(EPOCH), at=1030.0)
    assert codes(missed, 1029.0) == codes(again, 1030.0) == codes(again, 1100.0) == []


def test_the_item_says_since_when_it_has_been_failing_not_since_when_the_state_is():
    facts = CONNECTED
    for number, at in enumerate((1030.0, 1060.0, 1090.0), 1):
        facts = after(facts, HeartbeatMissed(EPOCH, DEAD), at=at)
        assert facts.missed_heartbeats == number % 3
    assert facts.state is LinkState.RECONNECTING
    [item] = health_view(facts, 1091.0).items
    assert (item.code, item.since) == ("agent_unreachable", "1970-01-01T00:17:10.000Z")
    assert (item.title, item.remedy) == (PROBLEMS[item.code].title, PROBLEMS[item.code].remedy)
    assert item.detail == "The sandbox is dead."
    assert readiness(facts) == "agent_unreachable"


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (DOWN, "cloud_unreachable"),
        (SLOW, "cloud_unreachable"),
        (NO_NAME, "cloud_name_not_found"),
        (DEAD, "agent_unreachable"),
        (ODD, "connect_failed"),
    ],
)
def test_a_failed_connect_is_told_as_what_a_person_can_act_on(problem, code):
    facts = after(in_state(LinkState.CONNECTING, background=False), ConnectFailed(7, problem))
    assert facts.state is LinkState.ERROR
    assert codes(facts, 1000.0) == [code]
    assert readiness(facts) == code


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (AgentGone(7, GONE), "agent_gone"),
        (CreditsExhausted(7, NO_CREDITS), "credits_exhausted"),
        (KeyRejected(3, BAD_KEY), "key_rejected"),
    ],
)
def test_what_waiting_cannot_mend_is_the_one_item_and_hides_its_symptoms(event, code):
    late = after(CONNECTED, CreditsRead(EPOCH, 0.1), BackupFailed(EPOCH, DOWN))
    facts = after(late, event, at=2000.0)
    assert facts.state is LinkState.ERROR
    expected = [code, "credits_critical"] if code == "agent_gone" else [code]
    assert codes(facts, 9000.0) == expected
    assert readiness(facts) == code


def test_giving_up_is_an_item_of_its_own_beside_its_root():
    backoff_end = in_state(LinkState.RECONNECTING, attempt=10, failing_since=500.0)
    facts = after(backoff_end, ReconnectFailed(7, DOWN))
    assert (facts.state, facts.reason) == (LinkState.DISCONNECTED, Reason.RETRIES_EXHAUSTED)
    assert codes(facts, 1000.0) == ["cloud_unreachable", "retries_exhausted"]
    assert readiness(facts) == "cloud_unreachable"


@pytest.mark.parametrize(
    ("balance", "code", "severity"),
    [
        (0.49, "credits_critical", "error"),
        (0.5, "credits_low", "warning"),
        (1.99, "credits_low", "warning"),
        (2.0, "credits_below_minimum", "info"),
        (4.99, "credits_below_minimum", "info"),
    ],
)
def test_a_balance_is_named_by_the_lowest_threshold_it_is_under(balance, code, severity):
    [item] = health_view(after(CONNECTED, CreditsRead(EPOCH, balance)), 1001.0).items
    assert (item.code, item.severity) == (code, severity)
    assert item.detail is not None
    assert item.detail.startswith(f"The balance is ${balance:.2f}")


def test_a_balance_at_the_gate_is_no_item():
    assert codes(after(CONNECTED, CreditsRead(EPOCH, 5.0)), 1001.0) == []


def test_a_balance_is_measured_by_what_the_cloud_said_that_a_start_needs():
    facts = after(CONNECTED, MinimumBalanceSeen(0.1), CreditsRead(EPOCH, 3.0))
    assert codes(facts, 1001.0) == []
    [item] = health_view(after(CONNECTED, MinimumBalanceSeen(9.0), CreditsRead(EPOCH, 8.0)), 1001.0).items
    assert (item.code, item.detail) == (
        "credits_below_minimum",
        "The balance is $8.00; no agent is started below $9.00.",
    )


def test_a_balance_is_low_since_it_became_so_not_since_it_was_last_read():
    facts = after(CONNECTED, CreditsRead(EPOCH, 1.5), at=1000.0)
    facts = after(facts, CreditsRead(EPOCH, 1.4), at=1300.0)
    [item] = health_view(after(facts, BackupTaken(EPOCH), at=1300.0), 1301.0).items
    assert item.since == "1970-01-01T00:16:40.000Z"


def test_a_backup_is_overdue_after_three_intervals_and_says_why():
    facts = after(CONNECTED, BackupFailed(EPOCH, DOWN), at=1060.0)
    assert codes(facts, 1179.0) == []
    [item] = health_view(facts, 1180.0).items
    assert (item.code, item.detail) == ("backup_overdue", "Nothing answers.")
    assert codes(after(facts, BackupTaken(EPOCH), at=1181.0), 1181.0) == []


def test_a_backup_that_is_overdue_stays_so_through_reconnects_and_restarts():
    again = msgspec.structs.replace(CONNECTED, since=5000.0, last_backup_at=1000.0)
    [item] = health_view(again, 5001.0).items
    assert (item.code, item.since) == ("backup_overdue", "1970-01-01T00:19:40.000Z")
    failing = msgspec.structs.replace(again, last_backup_at=None, backup_problem=OngoingProblem(DOWN, 2000.0))
    [item] = health_view(failing, 5001.0).items
    assert (item.code, item.since) == ("backup_overdue", "1970-01-01T00:36:20.000Z")
    young = msgspec.structs.replace(again, last_backup_at=None)
    assert codes(young, 5001.0) == [], "of an agent that has just been linked no backup can be overdue"


def test_a_shared_agent_never_has_an_overdue_backup():
    facts = msgspec.structs.replace(CONNECTED, agent_shared=True)
    assert codes(facts, 1000.0 + DAY) == []


@pytest.mark.parametrize(("size", "shown"), [(1_048_576, []), (1_048_577, ["backup_too_large"])])
def test_backups_that_no_agent_survives_are_an_item(size, shown):
    facts = msgspec.structs.replace(CONNECTED, policy=Policy(edition=CURRENT_EDITION))
    facts = after(facts, BackupTaken(EPOCH, size, blocking=True))
    assert codes(facts, 1001.0) == shown
    assert codes(after(facts, BackupTaken(EPOCH, size)), 1001.0) == [], "a job restores it in another way"


@pytest.mark.parametrize(
    ("event", "code", "state"),
    [
        (PriceRefused(EPOCH, PRICE), "price_confirmation_required", LinkState.ERROR),
        (AgentSuspended(EPOCH, SUSPENDED), "agent_suspended", LinkState.DISCONNECTED),
        (CreditsExhausted(EPOCH, ON_HOLD), "billing_hold_active", LinkState.ERROR),
    ],
)
def test_what_keeps_an_agent_from_being_started_is_named(event, code, state):
    facts = after(CONNECTED, event)
    [item] = health_view(facts, 1000.0).items
    assert (facts.state, item.code, readiness(facts)) == (state, code, code)
    assert item.title == PROBLEMS[code].title


@pytest.mark.parametrize(
    ("attempts", "error", "code", "detail"),
    [
        (0, None, "start_under_way", "Eliza Cloud has not begun its job yet."),
        (1, None, "start_under_way", "Attempts of its job so far: 1."),
        (1, "no capacity", "job_retried", "Attempts so far: 1; the last error: no capacity."),
    ],
)
def test_a_job_that_waits_or_failed_once_is_an_item_while_it_is_waited_for(attempts, error, code, detail):
    facts = in_state(LinkState.CONNECTING, since=1000.0)
    [item] = health_view(after(facts, JobObserved(facts.epoch, attempts, error)), 1001.0).items
    assert (item.code, item.detail) == (code, detail)
    connected = after(facts, JobObserved(facts.epoch, attempts, error), Connected(facts.epoch, "anna"))
    assert codes(connected, 1002.0) == []


def test_the_job_of_an_attempt_that_failed_is_no_item_of_the_next():
    facts = in_state(LinkState.RECONNECTING, since=1000.0, problem=DOWN)
    retried = after(facts, JobObserved(facts.epoch, 1, "no capacity"))
    assert "job_retried" in codes(retried, 1001.0)
    assert "job_retried" not in codes(after(retried, ReconnectFailed(facts.epoch, DOWN)), 1001.0)


def test_a_start_that_takes_longer_than_a_heartbeat_is_an_item():
    facts = in_state(LinkState.CONNECTING, since=1000.0)
    assert codes(facts, 1044.0) == []
    assert codes(facts, 1045.0) == ["start_under_way"]


def test_an_agent_that_was_stopped_for_its_balance_names_the_balance():
    poor = after(CONNECTED, MinimumBalanceSeen(0.1), CreditsRead(EPOCH, 0.05))
    [item] = health_view(after(poor, AgentSuspended(EPOCH, SUSPENDED)), 1001.0).items
    assert (item.code, item.detail) == (
        "credits_exhausted",
        "The balance is $0.05; no agent is started below $0.10.",
    )


def test_backups_that_are_refused_are_not_overdue_as_well():
    facts = after(CONNECTED, BackupFailed(EPOCH, REFUSED, refused=True))
    [item] = health_view(facts, 1000.0 + DAY).items
    assert (item.code, item.detail) == ("backup_refused", "No backups of the shared tier.")


def test_an_overdue_backup_is_hidden_while_the_link_is_down():
    facts = in_state(LinkState.RECONNECTING, since=1000.0, problem=DOWN, failing_since=1000.0)
    assert codes(facts, 1000.0 + DAY) == ["cloud_unreachable"]


def test_a_key_near_its_expiry_is_named_a_week_before():
    facts = after(SIGNED_IN, KeyChanged(1000.0 + 8 * DAY), at=1000.0)
    facts = after(facts, KeyAccepted(facts.key_generation, "user", None), at=1000.0)
    assert codes(facts, 1000.0 + 0.9 * DAY) == []
    [item] = health_view(facts, 1000.0 + DAY).items
    assert (item.code, item.detail) == ("key_expiring", "It expires at 1970-01-09T00:16:40.000Z.")


def test_a_key_the_cloud_could_not_be_asked_about_is_the_clouds_trouble():
    facts = msgspec.structs.replace(SIGNED_IN, key=KeyState.UNVERIFIED)
    facts = after(facts, KeyUnverified(1, DOWN))
    assert codes(facts, 1044.0) == []
    assert codes(facts, 1045.0) == ["cloud_unreachable"]
    assert readiness(facts) == "cloud_unreachable"
    accepted = after(facts, KeyAccepted(1, "user", None))
    assert (codes(accepted, 2000.0), readiness(accepted)) == ([], "disconnected")


def test_a_refused_base_url_is_the_only_item_about_the_cloud():
    why = Problem(code="base_url_refused", status=400, message="Only https.")
    facts = msgspec.structs.replace(
        SIGNED_IN,
        key=KeyState.UNVERIFIED,
        base_url_problem=OngoingProblem(why, 5.0),
        key_problem=OngoingProblem(DOWN, 5.0),
    )
    [item] = health_view(facts, 6.0).items
    assert (item.code, item.detail) == ("base_url_refused", "Only https.")
    assert readiness(facts) == "base_url_refused"


def test_a_full_disk_is_an_item_from_the_first_failure_to_the_recovery():
    facts = after(SIGNED_IN, StoreFailed(FULL), at=1000.0)
    facts = after(facts, StoreFailed(FULL), at=2000.0)
    [item] = health_view(facts, 2000.0).items
    assert (item.code, item.severity, item.since) == ("disk_full", "error", "1970-01-01T00:16:40.000Z")
    assert readiness(facts) == "disk_full"
    assert codes(after(facts, StoreRecovered()), 2000.0) == []


def test_wrong_settings_are_an_item_until_right_ones_are_read():
    facts = after(SIGNED_IN, ConfigRefused(WRONG))
    assert codes(facts, 1000.0) == ["settings_invalid"]
    assert facts.policy == SIGNED_IN.policy, "the old ones stay"
    facts = after(facts, ConfigChanged(Policy(), ("cloud.enabeld is not a known setting.",)))
    [item] = health_view(facts, 1000.0).items
    assert (item.code, item.detail) == ("settings_unknown", "cloud.enabeld is not a known setting.")


@pytest.mark.parametrize("gap", [3600.0, -3600.0])
def test_a_jump_of_the_clock_is_told_for_ten_minutes(gap):
    facts = after(CONNECTED, ClockJumped(gap), BackupTaken(EPOCH))
    [item] = health_view(facts, 1001.0).items
    assert (item.code, item.severity) == ("clock_jumped", "info")
    assert item.detail == f"It jumped by {gap:+.0f} seconds."
    later = msgspec.structs.replace(facts, last_backup_at=1600.0)
    assert codes(later, 1600.0) == []


def test_a_machine_that_slept_has_time_to_take_the_backup_that_is_late():
    facts = after(CONNECTED, ClockJumped(3600.0), HeartbeatAnswered(EPOCH), at=4600.0)
    assert codes(facts, 4700.0) == ["clock_jumped"]
    assert codes(facts, 4780.0) == ["backup_overdue", "clock_jumped"]


def test_the_worst_comes_first():
    refused = BackupFailed(EPOCH, REFUSED, refused=True)
    facts = after(CONNECTED, CreditsRead(EPOCH, 3.0), StoreFailed(FULL), refused)
    assert codes(facts, 1001.0) == ["disk_full", "backup_refused", "credits_below_minimum"]


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (Facts(), "not_signed_in"),
        (SIGNED_IN, "disconnected"),
        (in_state(LinkState.CONNECTING), "connecting"),
        (in_state(LinkState.CLOSING), "closing"),
    ],
)
def test_a_link_that_is_not_there_is_not_ready_and_says_which_state_it_is_in(facts, reason):
    assert readiness(facts) == reason


def test_nothing_of_an_agent_stays_behind_when_the_user_signs_out():
    facts = after(CONNECTED, HeartbeatMissed(EPOCH, DOWN), BackupFailed(EPOCH, DOWN), CreditsRead(EPOCH, 0.1))
    facts = after(facts, Disconnect())
    facts = after(facts, Drained(facts.epoch))
    assert (codes(facts, 1e6), readiness(facts), facts.agent_id) == ([], "not_signed_in", None)
    assert ANNA not in str(facts)
