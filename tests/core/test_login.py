"""Signing in, told step by step (architecture: Login)."""

import msgspec
import pytest

from eliza_cloud.core.login.machine import (
    AnnounceKey,
    CancelLogin,
    KeepKey,
    LoginExpired,
    LoginFacts,
    LoginFailed,
    LoginKeyNotStored,
    LoginKeyReceived,
    LoginKeyStored,
    LoginMachine,
    LoginStarted,
    LoginTimedOut,
    StartPoller,
    StopPoller,
    StoreKey,
    login_view,
)
from eliza_cloud.core.statechart import Outcome
from eliza_cloud.core.states import LoginState

MACHINE = LoginMachine()
IDLE, PENDING, AUTHENTICATED, EXPIRED, FAILED, CANCELLED = LoginState
STARTED = LoginStarted("one", "https://www.elizacloud.ai/auth/cli-login?session=one", revocable=True)
RECEIVED = LoginKeyReceived("one", "eliza_ab", None)


def _tell(*events, facts: LoginFacts | None = None):
    facts, steps = facts or LoginFacts(), []
    for event in events:
        steps.append(MACHINE.step(facts, event))
        facts = steps[-1].facts
    return facts, steps


def _json(facts: LoginFacts) -> dict:
    return msgspec.json.decode(msgspec.json.encode(login_view(facts)))


def test_a_started_login_polls_and_is_pending():
    facts, [step] = _tell(STARTED)
    assert facts.state is PENDING
    assert (facts.session_id, facts.browser_url) == ("one", STARTED.browser_url)
    assert step.effects == (StartPoller("one"),)
    assert _json(facts) == {"status": "pending"}


def test_a_key_is_stored_before_the_login_is_authenticated_and_before_the_link_hears_of_it():
    facts, [_, received, stored] = _tell(STARTED, RECEIVED, LoginKeyStored("one"))
    assert received.facts.state is PENDING
    assert received.effects == (StoreKey("one", "eliza_ab", None),)
    assert _json(received.facts) == {"status": "pending"}
    assert stored.effects == (StopPoller("one", revoke=False), AnnounceKey(None))
    assert _json(facts) == {"status": "authenticated", "keyPrefix": "eliza_ab"}


def test_a_key_that_cannot_be_stored_is_kept_and_tried_again():
    sentence = "The disk is full. Make room."
    facts, steps = _tell(STARTED, RECEIVED, LoginKeyNotStored("one", sentence), RECEIVED)
    assert steps[2].effects == (KeepKey("one"),)
    assert _json(steps[2].facts) == {"status": "pending", "error": sentence}
    assert steps[3].effects == (StoreKey("one", "eliza_ab", None),)
    facts, _ = _tell(LoginKeyStored("one"), facts=facts)
    assert _json(facts) == {"status": "authenticated", "keyPrefix": "eliza_ab"}


def test_a_session_the_cloud_no_longer_knows_is_expired():
    facts, steps = _tell(STARTED, LoginExpired("one"))
    assert steps[1].effects == (StopPoller("one", revoke=False),)
    assert _json(facts) == {"status": "expired", "error": "Session not found or expired"}


def test_a_login_nobody_finishes_is_expired_and_its_late_key_is_taken_back():
    facts, steps = _tell(STARTED, LoginTimedOut("one"))
    assert facts.state is EXPIRED
    assert steps[1].effects == (StopPoller("one", revoke=True),)
    assert _json(facts)["status"] == "expired"
    assert "Start again" in _json(facts)["error"]


def test_where_the_cloud_takes_no_key_back_none_is_collected_to_be_revoked():
    irrevocable = msgspec.structs.replace(STARTED, revocable=False)
    for event in (LoginTimedOut("one"), CancelLogin("one")):
        _, steps = _tell(irrevocable, event)
        assert steps[1].effects == (StopPoller("one", revoke=False),)


def test_a_cancelled_login_shows_as_expired():
    facts, steps = _tell(STARTED, CancelLogin("one"))
    assert facts.state is CANCELLED
    assert steps[1].effects == (StopPoller("one", revoke=True),)
    assert _json(facts) == {"status": "expired", "error": "The login was cancelled."}


def test_signing_out_cancels_a_login_and_leaves_nothing_asking():
    facts, steps = _tell(STARTED, CancelLogin("one", signing_out=True))
    assert facts.state is CANCELLED
    assert steps[1].effects == (StopPoller("one", revoke=False),)


def test_a_key_collected_elsewhere_is_a_failure_with_a_remedy_and_never_a_success():
    sentence = "The key of this sign-in was already collected elsewhere. Sign in again."
    facts, steps = _tell(STARTED, LoginFailed("one", sentence))
    assert facts.state is FAILED
    assert steps[1].effects == (StopPoller("one", revoke=False),)
    assert _json(facts) == {"status": "error", "error": sentence}


def test_a_second_request_leaves_the_pending_session_alone():
    facts, steps = _tell(STARTED, LoginStarted("two", "https://elsewhere", revocable=False))
    assert steps[1].outcome is Outcome.IGNORED
    assert steps[1].effects == ()
    assert facts.session_id == "one"


@pytest.mark.parametrize(
    "ending",
    [
        [RECEIVED, LoginKeyStored("one")],
        [LoginExpired("one")],
        [LoginFailed("one", "No.")],
        [CancelLogin("one")],
    ],
)
def test_after_any_ending_a_new_login_begins_with_nothing_of_the_old(ending):
    facts, steps = _tell(STARTED, *ending, LoginStarted("two", "https://again", revocable=False))
    assert facts == LoginFacts(
        state=PENDING,
        session_id="two",
        browser_url="https://again",
        revocable=False,
        key_prefix=None,
        error=None,
    )
    assert steps[-1].effects == (StartPoller("two"),)


@pytest.mark.parametrize("state", [IDLE, AUTHENTICATED, EXPIRED, FAILED, CANCELLED])
@pytest.mark.parametrize(
    "event",
    [
        RECEIVED,
        LoginKeyStored("one"),
        LoginKeyNotStored("one", "No."),
        LoginExpired("one"),
        LoginTimedOut("one"),
        LoginFailed("one", "No."),
        CancelLogin("one"),
    ],
    ids=lambda event: type(event).__name__,
)
def test_nothing_happens_to_a_login_that_is_over(state, event):
    before = LoginFacts(state=state, session_id="one", revocable=True)
    step = MACHINE.step(before, event)
    assert (step.outcome, step.facts, step.effects) == (Outcome.IGNORED, before, ())


def test_a_key_that_arrives_after_a_disconnect_is_not_adopted():
    facts, steps = _tell(STARTED, CancelLogin("one", signing_out=True), RECEIVED, LoginKeyStored("one"))
    assert facts.state is CANCELLED
    assert [step.effects for step in steps[2:]] == [(), ()]


@pytest.mark.parametrize(
    "event", [LoginKeyReceived("two", "eliza_xy", None), LoginExpired("two"), CancelLogin("two")]
)
def test_an_event_about_another_session_is_stale(event):
    before, _ = _tell(STARTED)
    step = MACHINE.step(before, event)
    assert (step.outcome, step.facts, step.effects) == (Outcome.STALE, before, ())
