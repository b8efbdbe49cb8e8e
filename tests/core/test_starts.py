"""What a start may cost and who may ask for it: prices, suspended agents, one restart, recoveries."""

import msgspec
import pytest

from eliza_cloud.core.backoff import Backoff
from eliza_cloud.core.link import effects as do
from eliza_cloud.core.link.events import (
    AgentRestarting,
    AgentSuspended,
    BackupTaken,
    CloudAnswered,
    Connect,
    Connected,
    ConnectFailed,
    CreditsRead,
    Disconnect,
    Drained,
    JobObserved,
    KeyAccepted,
    KeyRejected,
    MinimumBalanceSeen,
    PriceRefused,
    Reattach,
    Reconnected,
    ReconnectFailed,
    SuspendAgent,
    TakeBackup,
)
from eliza_cloud.core.link.state import CURRENT_EDITION, JobProgress, Policy
from eliza_cloud.core.states import KeyState, LinkState, Reason
from tests.core.link_driver import (
    ANNA,
    BAD_KEY,
    BERT,
    PRICE,
    SUSPENDED,
    TIMEOUT,
    LinkDriver,
    in_state,
    told_of,
)

DISCONNECTED, CONNECTING, CONNECTED, RECONNECTING, ERROR, CLOSING = LinkState
ALWAYS, UNLESS_STOPPED, NEVER = do.StartRule
POLICY = Policy(
    edition=CURRENT_EDITION,
    restart_unresponsive=True,
    recheck_interval=600.0,
    backoff=Backoff(attempts=6),
)
AGREED = "dedicated-compute-v1:USD:0.010000:0.020000"


def _attempt(link: LinkDriver) -> do.StartAttempt:
    [attempt] = [effect for effect in link.effects if isinstance(effect, do.StartAttempt)]
    return attempt


# Prices


def test_a_price_agreed_to_is_stored_with_the_agent_and_sent_with_its_start():
    link = LinkDriver()
    link.send(Connect(ANNA, AGREED))
    assert link.effects == [
        do.StoreDesiredAgent(ANNA, AGREED),
        do.StartConnector(1, ANNA, ALWAYS, AGREED),
    ]


def test_a_price_nobody_agreed_to_ends_in_error_without_using_up_attempts():
    link = LinkDriver(in_state(RECONNECTING, attempt=4, policy=POLICY))
    link.send(PriceRefused(link.epoch, PRICE))
    assert (link.state, link.facts.reason) == (ERROR, Reason.PRICE_CONFIRMATION_REQUIRED)
    assert link.facts.problem == PRICE
    assert link.facts.attempt == 4


def test_the_caller_of_a_connect_hears_the_price():
    link = LinkDriver()
    link.send(Connect(ANNA))
    link.send(PriceRefused(link.epoch, PRICE))
    assert told_of(link.effects, ANNA) == [PRICE]


def test_the_price_agreed_to_holds_for_the_repairs_of_that_agent():
    link = LinkDriver()
    link.send(Connect(ANNA, AGREED))
    link.send(Connected(link.epoch, "Anna"))
    link.loses_the_connection()
    assert _attempt(link).accepted_price == AGREED


def test_a_connect_that_joins_may_bring_the_price():
    link = LinkDriver(in_state(RECONNECTING))
    link.send(Connect(ANNA, AGREED))
    assert link.effects == [do.StoreDesiredAgent(ANNA, AGREED), do.RetryNow(ALWAYS, AGREED)]
    link.send(ReconnectFailed(link.epoch, TIMEOUT))
    assert _attempt(link).accepted_price == AGREED


@pytest.mark.parametrize("event", [Disconnect(), SuspendAgent(ANNA), Connect(BERT), Connect(BERT, "other")])
def test_consent_ends_with_the_link_and_with_another_agent(event):
    link = LinkDriver(in_state(CONNECTED, accepted_price=AGREED))
    link.send(event)
    assert link.facts.accepted_price == (event.accepted_price if isinstance(event, Connect) else None)


# Agents that somebody else stopped


def test_an_agent_stopped_elsewhere_is_left_alone_and_stays_the_desired_one():
    link = LinkDriver(in_state(RECONNECTING, accepted_price=AGREED))
    link.send(AgentSuspended(link.epoch, SUSPENDED))
    assert (link.state, link.facts.reason) == (DISCONNECTED, Reason.AGENT_SUSPENDED)
    assert (link.facts.desired_agent_id, link.facts.accepted_price) == (ANNA, None)
    assert do.ForgetConsent() in link.effects


def test_an_agent_stopped_for_want_of_credits_says_so():
    link = LinkDriver(in_state(CONNECTED))
    link.send(MinimumBalanceSeen(0.1))
    link.send(CreditsRead(link.epoch, 0.05))
    link.send(AgentSuspended(link.epoch, SUSPENDED))
    assert (link.state, link.facts.reason) == (ERROR, Reason.CREDITS_EXHAUSTED)


def test_what_a_start_needs_is_what_the_cloud_said_last():
    link = LinkDriver(in_state(CONNECTED))
    link.send(MinimumBalanceSeen(0.1))
    link.send(CreditsRead(link.epoch, 3.0))
    link.send(AgentSuspended(link.epoch, SUSPENDED))
    assert link.facts.reason is Reason.AGENT_SUSPENDED


def test_only_a_user_or_a_restart_of_ours_starts_a_stopped_agent():
    link = LinkDriver(in_state(DISCONNECTED, desired_agent_id=ANNA))
    link.send(Reattach(ANNA))
    assert link.effects == [do.StartConnector(link.epoch, ANNA, UNLESS_STOPPED)]
    link = LinkDriver(in_state(DISCONNECTED, desired_agent_id=ANNA, restarting=True))
    link.send(Reattach(ANNA))
    assert link.effects == [do.StartConnector(link.epoch, ANNA, ALWAYS)]


def test_a_link_given_back_starts_nothing_and_has_its_consent_back():
    link = LinkDriver(in_state(CONNECTED, accepted_price=AGREED))
    link.send(SuspendAgent(ANNA))
    link.send(Reattach(ANNA, start=False, accepted_price=AGREED))
    assert link.effects == [
        do.StoreDesiredAgent(ANNA, AGREED),
        do.StartConnector(link.epoch, ANNA, NEVER, AGREED),
    ]


# One restart


def _three_times_unresponsive(link: LinkDriver) -> None:
    for _ in range(3):
        link.send(ReconnectFailed(link.epoch, TIMEOUT, unresponsive=True))


def test_three_attempts_that_meet_a_dead_sandbox_lead_to_one_restart():
    link = LinkDriver(in_state(RECONNECTING, policy=POLICY))
    _three_times_unresponsive(link)
    restart = _attempt(link)
    assert (restart.restart, restart.start) == (True, ALWAYS)
    link.send(AgentRestarting(link.epoch))
    assert link.facts.restarting
    link.send(ReconnectFailed(link.epoch, TIMEOUT))
    assert (_attempt(link).restart, _attempt(link).start) == (False, ALWAYS), "it was stopped by us"
    link.send(ReconnectFailed(link.epoch, TIMEOUT, unresponsive=True))
    assert not _attempt(link).restart, "once is enough"


def test_a_restart_is_over_when_the_agent_answers():
    link = LinkDriver(in_state(RECONNECTING, policy=POLICY))
    _three_times_unresponsive(link)
    link.send(AgentRestarting(link.epoch))
    link.send(Reconnected(link.epoch, "Anna"))
    assert do.RestartFinished() in link.effects
    assert (link.facts.restarting, link.facts.restarted) == (False, False)


@pytest.mark.parametrize("policy", [Policy(), Policy(edition=CURRENT_EDITION, restart_unresponsive=False)])
def test_nothing_is_restarted_where_the_settings_say_so(policy):
    link = LinkDriver(in_state(RECONNECTING, policy=policy))
    _three_times_unresponsive(link)
    assert not _attempt(link).restart


def test_attempts_that_fail_otherwise_in_between_count_anew():
    link = LinkDriver(in_state(RECONNECTING, policy=POLICY))
    for unresponsive in (True, True, False, True, True):
        link.send(ReconnectFailed(link.epoch, TIMEOUT, unresponsive))
        assert not _attempt(link).restart


# The cloud, and the key, that come back


def _without_attempts(link: LinkDriver) -> None:
    while link.state is RECONNECTING:
        link.send(ReconnectFailed(link.epoch, TIMEOUT))


def test_when_no_attempts_are_left_the_cloud_is_asked_until_it_answers_and_one_attempt_follows():
    link = LinkDriver(in_state(RECONNECTING, policy=POLICY))
    _without_attempts(link)
    assert do.StartRecheck(link.epoch, ANNA, 600.0) in link.effects
    link.send(CloudAnswered(link.epoch))
    assert (link.state, _attempt(link).delay) == (RECONNECTING, 3.0)
    assert isinstance(link.effects[0], do.CancelActivities)
    link.send(ReconnectFailed(link.epoch, TIMEOUT))
    assert (link.state, link.facts.reason) == (DISCONNECTED, Reason.RETRIES_EXHAUSTED)


def test_the_cloud_is_not_asked_where_the_interval_is_0():
    link = LinkDriver(in_state(RECONNECTING, policy=Policy(backoff=Backoff(attempts=1))))
    _without_attempts(link)
    assert "StartRecheck" not in link.effect_kinds()


def test_a_rejected_key_is_asked_about_until_it_is_accepted_and_the_link_returns():
    link = LinkDriver(in_state(CONNECTED, policy=POLICY))
    link.send(KeyRejected(3, BAD_KEY))
    assert do.VerifyKey(3, rejected=True) in link.effects
    link.send(KeyAccepted(3, "user-123", "org-456"))
    assert (link.state, link.facts.key) == (CONNECTING, KeyState.ACCEPTED)
    assert do.StartConnector(link.epoch, ANNA, UNLESS_STOPPED) in link.effects


def test_a_key_that_is_accepted_again_links_nothing_where_another_reason_ended_the_link():
    link = LinkDriver(in_state(ERROR, reason=Reason.AGENT_GONE, key=KeyState.REJECTED, policy=POLICY))
    link.send(KeyAccepted(3, "user-123", "org-456"))
    assert (link.state, link.facts.key) == (ERROR, KeyState.ACCEPTED)


# Shared agents, jobs and backups


def test_a_shared_agent_has_no_backup_loop_and_no_final_snapshot():
    link = LinkDriver()
    link.send(Connect(ANNA))
    link.send(Connected(link.epoch, "Anna", shared=True))
    assert "StartScheduler" not in link.effect_kinds()
    link.send(TakeBackup(ANNA, 1))
    assert link.effects == [], "the cloud says that it takes none"
    link.send(Disconnect())
    assert do.StartDrain(link.epoch, ANNA, snapshot=False) in link.effects
    link.send(Drained(link.epoch))
    assert not link.facts.agent_shared


def test_how_far_a_job_is_is_known_while_it_is_waited_for():
    link = LinkDriver()
    link.send(Connect(ANNA))
    link.send(JobObserved(link.epoch, 2, "no capacity"))
    assert link.facts.job == JobProgress(2, "no capacity")
    link.send(ConnectFailed(link.epoch, TIMEOUT))
    assert link.facts.job is None


def test_the_last_good_backup_is_written_down_with_its_size_in_mind():
    link = LinkDriver(in_state(CONNECTED, policy=POLICY))
    link.send(BackupTaken(link.epoch, size=2_000_000, blocking=True))
    assert do.SaveBackupTime(ANNA, link.at) in link.effects
    assert link.facts.last_backup_size == 2_000_000


def test_an_agent_whose_newest_backup_it_would_not_survive_is_not_restarted():
    facts = in_state(
        RECONNECTING, policy=POLICY, attempt=4, unresponsive_attempts=2, last_backup_size=1_048_577
    )
    link = LinkDriver(facts)
    link.send(ReconnectFailed(link.epoch, TIMEOUT, unresponsive=True))
    assert not _attempt(link).restart
    link = LinkDriver(msgspec.structs.replace(facts, last_backup_size=1_048_576))
    link.send(ReconnectFailed(link.epoch, TIMEOUT, unresponsive=True))
    assert _attempt(link).restart


def test_the_last_good_backup_is_remembered_by_a_link_that_is_taken_up_again():
    link = LinkDriver(in_state(DISCONNECTED, desired_agent_id=ANNA))
    link.send(Reattach(ANNA, last_backup_at=500.0))
    assert link.facts.last_backup_at == 500.0
    assert "SaveBackupTime" not in link.effect_kinds(), "it is written down already"
    link = LinkDriver(in_state(DISCONNECTED))
    link.send(Reattach(ANNA, last_backup_at=500.0))
    assert do.SaveBackupTime(ANNA, 500.0) in link.effects
    link.send(Connect(BERT))
    link.send(Drained(link.epoch))
    assert link.facts.last_backup_at is None, "the other agent's backups are others"
