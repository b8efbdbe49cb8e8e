"""The explanation: why the link is in its state, what brought it there, and what comes next and when."""

import pytest

from eliza_cloud.core.link.events import Connect, Connected, ConnectFailed, HeartbeatMissed, Stop, StoreFailed
from eliza_cloud.core.link.state import Facts, JobProgress, Policy
from eliza_cloud.core.link.table import ROWS
from eliza_cloud.core.problems import PROBLEMS, RUNTIME_NOT_STARTED, Problem
from eliza_cloud.core.statechart import Outcome
from eliza_cloud.core.states import LinkState, Reason
from eliza_cloud.core.views.explain import explain
from tests.core.link_driver import ANNA, SIGNED_IN, LinkDriver, in_state

DEAD = Problem(code="agent_unreachable", status=502, message="The sandbox is dead.", retryable=True)
FULL = Problem(code="disk_full", status=500, message="The disk is full; free some space.")


def told(facts: Facts, at: float, *, running: bool = True) -> list[str]:
    return list(explain(facts, at, running=running).sentences)


def test_a_fresh_machine_is_told_to_sign_in():
    explained = explain(Facts(since=1000.0), 1060.0, running=True)
    assert explained.sentences == (
        "The link has been disconnected for 1 min.",
        "The service started.",
        "Nobody is signed in to Eliza Cloud.",
        "Nothing happens by itself now.",
        "What to do: Sign in with `eliza-cloud login`.",
    )
    assert (explained.state, explained.cause, explained.next) == ("disconnected", "not_signed_in", None)


def test_a_link_that_failed_is_described_in_proper_words():
    facts = in_state(LinkState.ERROR, reason=Reason.AGENT_GONE)
    assert told(facts, facts.since + 60.0)[0].endswith(" has been in the state error for 1 min.")


def test_a_link_that_stands_says_when_the_next_heartbeat_is():
    link = LinkDriver()
    link.connects()
    link.at = 1012.0
    explained = explain(link.facts, 1012.0, running=True)
    assert explained.sentences == (
        "The link to Anna has been connected for 12 s.",
        "The agent was started and answered a heartbeat (Connected).",
        "In 18 s, the next heartbeat is sent.",
    )
    assert explained.cause is explained.remedy is None
    assert explained.next is not None
    assert explained.next.at == "1970-01-01T00:17:10.000Z"


def test_a_lost_link_says_what_failed_which_try_is_next_and_when():
    link = LinkDriver(at=1000.0)
    link.connects()
    for beat in (1030.0, 1060.0, 1090.0):
        link.at = beat
        link.send(HeartbeatMissed(link.epoch, DEAD))
    explained = explain(link.facts, 1091.0, running=True)
    assert explained.brought_by == "HeartbeatMissed"
    assert explained.cause == "agent_unreachable"
    assert explained.sentences == (
        "The link to Anna has been reconnecting for 1 s.",
        "Too many heartbeats in a row were missed (HeartbeatMissed).",
        "The agent's sandbox does not answer.",
        "The sandbox is dead.",
        "In 2 s, attempt 1 of 10 to restore the link is made.",
        f"What to do: {PROBLEMS['agent_unreachable'].remedy}",
    )
    assert [item.code for item in explained.items] == ["agent_unreachable"]


def test_what_comes_within_a_second_comes_next():
    facts = in_state(LinkState.RECONNECTING, attempt=3, next_attempt_at=1000.4)
    assert "Next, attempt 3 of 10 to restore the link is made." in told(facts, 1000.0)


def test_a_link_in_error_says_that_nothing_happens_by_itself():
    link = LinkDriver()
    link.send(Connect(ANNA))
    link.send(ConnectFailed(link.epoch, DEAD))
    assert "Nothing happens by itself now." in told(link.facts, 1001.0)


@pytest.mark.parametrize(
    ("reason", "promise"),
    [
        (Reason.RETRIES_EXHAUSTED, "Next, one more attempt is made when this machine wakes from sleep."),
        (
            Reason.KEY_REJECTED,
            "Next, the cloud is asked again about the key; once it accepts it, the link returns.",
        ),
    ],
)
def test_a_link_that_waits_for_something_says_for_what(reason, promise):
    state = LinkState.DISCONNECTED if reason is Reason.RETRIES_EXHAUSTED else LinkState.ERROR
    assert promise in told(in_state(state, desired_agent_id=ANNA, reason=reason, problem=DEAD), 10.0)


def test_a_link_that_was_given_up_says_when_the_cloud_is_asked_again():
    facts = in_state(
        LinkState.DISCONNECTED,
        since=1000.0,
        desired_agent_id=ANNA,
        reason=Reason.RETRIES_EXHAUSTED,
        problem=DEAD,
        policy=Policy(recheck_interval=600.0),
    )
    for at, due in ((1000.0, "1970-01-01T00:26:40.000Z"), (1700.0, "1970-01-01T00:36:40.000Z")):
        explained = explain(facts, at, running=True)
        assert explained.next is not None
        assert (explained.next.what, explained.next.at) == ("the cloud is asked whether it is back", due)


def test_a_restart_of_the_agent_is_said_while_it_lasts():
    facts = in_state(LinkState.RECONNECTING, restarting=True, next_attempt_at=1000.0)
    assert any("is being restarted" in sentence for sentence in told(facts, 1000.0))


@pytest.mark.parametrize(
    ("job", "words"),
    [
        (JobProgress(0, None), "Eliza Cloud has not begun its job yet."),
        (JobProgress(1, None), "Attempts of its job so far: 1."),
        (JobProgress(1, "No capacity."), "Attempts so far: 1; the last error: No capacity."),
    ],
)
def test_a_job_that_is_waited_for_says_how_far_it_is(job, words):
    facts = in_state(LinkState.CONNECTING, job=job)
    assert words in " ".join(told(facts, 1000.0))


def test_a_link_that_was_given_up_names_its_root_and_says_to_connect_again():
    facts = in_state(
        LinkState.DISCONNECTED, desired_agent_id=ANNA, reason=Reason.RETRIES_EXHAUSTED, problem=DEAD
    )
    explained = explain(facts, 1.0, running=True)
    assert explained.cause == "agent_unreachable"
    assert explained.remedy == PROBLEMS["retries_exhausted"].remedy


def test_a_trouble_of_the_machine_explains_a_link_that_could_not_be_made():
    link = LinkDriver(SIGNED_IN)
    link.send(StoreFailed(FULL))
    explained = explain(link.facts, 1001.0, running=True)
    assert explained.cause == "disk_full"
    assert FULL.message in explained.sentences


def test_a_link_whose_loop_fell_says_so_and_promises_nothing():
    facts = in_state(LinkState.CONNECTED, since=990.0)
    explained = explain(facts, 1000.0, running=False)
    assert explained.next is None
    assert f"{RUNTIME_NOT_STARTED.title} {RUNTIME_NOT_STARTED.remedy}" in explained.sentences


def test_a_link_that_is_closing_is_told_as_the_state_it_came_from():
    link = LinkDriver()
    link.connects()
    link.send(Stop())
    explained = explain(link.facts, 1000.0, running=True)
    assert explained.state == "connected"
    assert "It is being closed, with a last backup." in explained.sentences
    assert "Next, the link is closed." in explained.sentences


@pytest.mark.parametrize(
    "name",
    sorted(
        {str(row.event.__struct_config__.tag) for row in ROWS if row.outcome is Outcome.MOVED} - {"Proceed"}
    ),
)
def test_every_event_that_can_bring_a_state_has_words(name):
    facts = Facts(last_event=name)
    assert "The event" not in told(facts, 1.0)[1]
    assert f"({name})" in told(facts, 1.0)[1]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (7500, "2 h 5 min"), (90000, "1 d 1 h")],
)
def test_times_are_told_in_their_two_largest_units(seconds, words):
    facts = in_state(LinkState.CONNECTED, since=0.0, agent_name="Anna")
    assert told(facts, float(seconds))[0] == f"The link to Anna has been connected for {words}."


def test_a_connect_that_succeeds_after_all_clears_the_cause():
    link = LinkDriver(in_state(LinkState.CONNECTING, epoch=7))
    link.send(Connected(7, "Anna"))
    assert explain(link.facts, 1000.0, running=True).cause is None
