"""The watch on the credits: when it is worth a word, and what the forecast says."""

import pytest

from eliza_cloud.core.credits import CreditLevel, Spending, hours_left, level_of, may_provision, watched
from eliza_cloud.core.link import effects as do
from eliza_cloud.core.link.events import (
    CreditsRead,
    Disconnect,
    Drained,
    HeartbeatMissed,
    KeyChanged,
    Reconnected,
)
from eliza_cloud.core.statechart import Outcome
from tests.core.link_driver import TIMEOUT, LinkDriver

HOUR = 3600.0
FINE, LOW, CRITICAL = CreditLevel.FINE, CreditLevel.LOW, CreditLevel.CRITICAL


@pytest.fixture
def link() -> LinkDriver:
    story = LinkDriver()
    story.connects()
    return story


def words(link: LinkDriver, *balances: float) -> list[tuple[str, float]]:
    """Return what was said about these balances, read five minutes apart."""
    said = []
    for balance in balances:
        link.at += 300.0
        link.send(CreditsRead(link.epoch, balance))
        said += [(effect.level, effect.balance) for effect in link.effects]
    return said


@pytest.mark.parametrize(
    ("balance", "level"), [(2.0, FINE), (1.99, LOW), (0.5, LOW), (0.49, CRITICAL), (-1.0, CRITICAL)]
)
def test_the_thresholds_themselves_are_not_below(balance, level):
    assert level_of(balance) is level


def test_the_gate_is_five_dollars():
    assert may_provision(5.0)
    assert not may_provision(4.99)


def test_each_change_of_the_level_is_said_once(link):
    balances = (25.0, 1.9, 1.8, 0.4, 0.3, 20.0, 19.0)
    assert words(link, *balances) == [(LOW, 1.9), (CRITICAL, 0.4), (FINE, 20.0)]


def test_a_balance_that_is_low_from_the_start_is_said_and_a_good_one_is_not(link):
    assert words(link, 1.0) == [(LOW, 1.0)]
    again = LinkDriver()
    again.connects()
    assert words(again, 9.0) == []


def test_a_climb_from_critical_to_low_is_said_too(link):
    assert words(link, 0.1, 1.0) == [(CRITICAL, 0.1), (LOW, 1.0)]


def test_what_was_said_is_not_said_again_after_a_reconnect(link):
    assert words(link, 1.0) == [(LOW, 1.0)]
    link.loses_the_connection()
    link.send(Reconnected(link.epoch, "Anna"))
    assert do.StartCreditsWatch(link.epoch, link.facts.agent_id) in link.effects
    assert words(link, 0.9) == []


def test_a_reading_from_before_the_reconnect_counts_for_nothing(link):
    before = link.epoch
    link.loses_the_connection()
    step = link.send(CreditsRead(before, 0.1))
    assert step.outcome is Outcome.STALE
    assert link.facts.spending is None


@pytest.mark.parametrize("change", [KeyChanged(), Disconnect()], ids=lambda event: type(event).__name__)
def test_another_key_may_be_another_account(link, change):
    words(link, 9.0)
    link.send(change)
    assert link.facts.spending is None


def test_the_watch_goes_on_counting_over_a_loss_of_the_link(link):
    words(link, 9.0, 8.0)
    link.send(HeartbeatMissed(link.epoch, TIMEOUT))
    assert link.facts.spending is not None
    assert link.facts.spending.balance == 8.0


def test_closing_ends_the_watch(link):
    link.send(Disconnect())
    assert do.CancelActivities() in link.effects
    link.send(Drained(link.epoch))
    assert link.facts.spending is None


def steadily(rate: float, hours: float, start: float = 100.0) -> Spending:
    """Watch a balance go down by so much an hour, every five minutes."""
    seen = None
    for reading in range(round(hours * 12) + 1):
        seen = watched(seen, start - rate * reading / 12, reading * 300.0)
    assert seen is not None
    return seen


@pytest.mark.parametrize("hours", [1.2, 5.0, 100.0])
def test_steady_spending_is_its_own_rate(hours):
    assert steadily(0.5, hours).rate == pytest.approx(0.5)


def test_an_hour_is_too_little_to_tell():
    assert steadily(0.5, 0.9).rate is None
    assert hours_left(10.0, None) is None


def test_hourly_bills_come_close_to_their_rate():
    seen = None
    for reading in range(24 * 12):
        seen = watched(seen, 25.0 - 0.01 * (reading // 12), reading * 300.0)
    assert seen.rate == pytest.approx(0.01, rel=0.1)


def test_what_is_long_past_counts_for_little():
    seen = steadily(10.0, 6.0)
    for reading in range(1, 24 * 12 + 1):
        seen = watched(seen, seen.balance, 6 * HOUR + reading * 300.0)
    assert seen.rate < 0.5


def test_a_top_up_is_not_negative_spending():
    seen = watched(watched(Spending(5.0, 0.0), 4.0, HOUR), 104.0, 2 * HOUR)
    assert seen.rate == pytest.approx(1.0 / 2, rel=0.1)


def test_a_clock_that_is_set_back_does_no_harm():
    seen = watched(Spending(5.0, 10 * HOUR, spent=1.0, hours=2.0), 4.0, 0.0)
    assert (seen.spent, seen.hours, seen.at) == (2.0, 2.0, 0.0)


def test_how_long_the_balance_lasts():
    assert hours_left(10.0, 0.5) == 20.0
    assert hours_left(-1.0, 0.5) == 0.0
    assert hours_left(10.0, 0.0) is None
