"""The ladder's delays (architecture: Repair)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eliza_cloud.core.backoff import RETRY_AFTER_CAP, Backoff, attempts_left, delay, documented_delay

SEED = Backoff()
chances = st.floats(0.0, 1.0)
attempts = st.integers(1, 10_000)


def test_the_numbers_are_the_documented_ones():
    assert (SEED.initial, SEED.factor, SEED.ceiling, SEED.attempts) == (3.0, 2.0, 60.0, 10)
    assert [documented_delay(SEED, n) for n in range(1, 11)] == [3, 6, 12, 24, 48, 60, 60, 60, 60, 60]


@given(attempts, chances)
def test_jitter_only_shortens_and_by_no_more_than_half(attempt, jitter):
    documented = documented_delay(SEED, attempt)
    assert documented / 2 <= delay(SEED, attempt, jitter) <= documented <= 60.0


def test_the_whole_range_of_jitter_is_used():
    assert [delay(SEED, 1, jitter) for jitter in (0.0, 0.5, 1.0)] == [1.5, 2.25, 3.0]


@given(attempts, chances)
def test_a_later_try_never_comes_sooner(attempt, jitter):
    assert delay(SEED, attempt, jitter) <= delay(SEED, attempt + 1, jitter)


@given(attempts, chances, st.floats(0.0, 1e9))
def test_retry_after_is_a_floor_capped_at_five_minutes(attempt, jitter, retry_after):
    waited = delay(SEED, attempt, jitter, retry_after)
    assert waited >= min(retry_after, RETRY_AFTER_CAP)
    assert waited <= max(60.0, RETRY_AFTER_CAP)


@pytest.mark.parametrize(
    ("retry_after", "seconds"), [(None, 3.0), (0.0, 3.0), (1.0, 3.0), (90.0, 90.0), (86400.0, 300.0)]
)
def test_retry_after_never_shortens_a_delay(retry_after, seconds):
    assert delay(SEED, 1, 1.0, retry_after) == seconds


def test_a_ladder_without_end_never_overflows():
    endless = Backoff(initial=0.02, factor=10.0, ceiling=1e9, attempts=0)
    assert documented_delay(endless, 10**9) == 1e9
    assert attempts_left(endless, 10**9)


def test_a_ceiling_below_the_first_delay_holds():
    assert documented_delay(Backoff(initial=3.0, ceiling=1.0), 1) == 1.0


def test_a_ladder_of_ten_has_a_tenth_try_and_no_eleventh():
    assert attempts_left(SEED, 9)
    assert not attempts_left(SEED, 10)
    assert not attempts_left(SEED, 11)
