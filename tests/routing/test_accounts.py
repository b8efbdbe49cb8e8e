"""Choosing among accounts, and letting one rest (local-api §16)."""

from collections import Counter

import pytest

from eliza_cloud.redaction.secret import Secret
from eliza_cloud.routing.config.types import Strategy
from eliza_cloud.routing.upstreams.accounts import Account, Accounts


class Now:
    def __init__(self):
        self.time = 1000.0

    def __call__(self):
        return self.time


@pytest.fixture
def now():
    return Now()


@pytest.fixture
def accounts(now):
    return Accounts(now)


def pool(*names):
    return tuple(Account("openai", name, name.upper(), Secret(f"key-{name}")) for name in names)


A, B, C = POOL = pool("a", "b", "c")


def chosen(accounts, strategy, times):
    return "".join(accounts.choose(POOL, strategy).name for _ in range(times))


@pytest.mark.parametrize("strategy", [None, Strategy.PRIORITY])
def test_priority_takes_the_first_that_is_awake(accounts, strategy):
    assert chosen(accounts, strategy, 2) == "aa"
    accounts.note(A, 429, {})
    assert chosen(accounts, strategy, 2) == "bb"


def test_round_robin_takes_turns_and_passes_over_one_that_rests(accounts):
    assert chosen(accounts, Strategy.ROUND_ROBIN, 5) == "abcab"
    accounts.note(C, 401, {})
    assert chosen(accounts, Strategy.ROUND_ROBIN, 3) == "aba"


def test_least_used_evens_out(accounts):
    for _ in range(4):
        accounts.choose((A,), None)
    assert Counter(chosen(accounts, Strategy.LEAST_USED, 8)) == {"b": 4, "c": 4}


def test_quota_aware_takes_the_one_with_the_largest_share_left(accounts, now):
    accounts.note(
        A, 200, {"x-ratelimit-limit-requests": "100", "x-ratelimit-remaining-requests": "10"} | upper(100, 10)
    )
    accounts.note(B, 200, upper(10, 5))
    accounts.note(C, 200, upper(1000, 400))
    assert chosen(accounts, Strategy.QUOTA_AWARE, 2) == "bb"
    now.time += 61  # what was said is too old to be believed
    assert chosen(accounts, Strategy.QUOTA_AWARE, 1) == "a"


def upper(limit, left):
    return {"X-RateLimit-Limit-Requests": str(limit), "X-RateLimit-Remaining-Requests": str(left)}


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (401, {}, 300),
        (402, {}, 300),
        (429, {}, 60),
        (429, {"Retry-After": "7"}, 7),
        (402, {"Retry-After": "86400"}, 300),
        (429, {"Retry-After": "soon"}, 60),
    ],
)
def test_an_account_that_is_refused_rests(accounts, now, status, headers, seconds):
    assert accounts.note(A, status, headers)
    assert accounts.cooldown(A) == seconds
    now.time += seconds
    assert accounts.cooldown(A) == 0
    assert accounts.choose(POOL, None) == A


@pytest.mark.parametrize("status", [200, 400, 404, 500, 503])
def test_any_other_answer_lets_it_go_on(accounts, status):
    assert not accounts.note(A, status, {"Retry-After": "9"})
    assert accounts.cooldown(A) == 0


def test_when_all_rest_the_one_that_wakes_first_answers_for_itself(accounts):
    accounts.note(A, 429, {"Retry-After": "30"})
    accounts.note(B, 429, {"Retry-After": "10"})
    accounts.note(C, 429, {"Retry-After": "20"})
    assert accounts.choose(POOL, None) == B
    assert accounts.choose(POOL, None, [B]) is None


def test_a_new_key_under_an_old_name_does_not_rest(accounts):
    accounts.note(A, 401, {})
    renewed = Account(A.owner, A.name, A.variable, Secret("another"))
    assert accounts.choose((renewed, B), None) == renewed
