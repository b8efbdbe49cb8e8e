"""The link's table as it was designed, as data: what each event comes to in each state.

A cell that is not named here is ignored.
"""

from typing import Any, NamedTuple

from eliza_cloud.core.credits import Spending
from eliza_cloud.core.link import events as ev
from eliza_cloud.core.link.state import CURRENT_EDITION, Policy
from eliza_cloud.core.problems import LINK_CLOSING, LINK_NOT_READY, NOT_AUTHENTICATED, STOPPING, Problem
from eliza_cloud.core.statechart import Outcome
from eliza_cloud.core.states import KeyState, LinkState, Reason
from tests.core.link_driver import ANNA, BERT

DISCONNECTED, CONNECTING, CONNECTED, RECONNECTING, ERROR, CLOSING = LinkState
MOVED, STAYED, IGNORED, REFUSED = Outcome.MOVED, Outcome.STAYED, Outcome.IGNORED, Outcome.REFUSED
RECHECKING = Policy(edition=CURRENT_EDITION)
GIVEN_UP = {"desired_agent_id": ANNA, "reason": Reason.RETRIES_EXHAUSTED, "attempt": 10}
KEYLESS = {"key": KeyState.ABSENT, "user_id": None, "organization_id": None, "enabled": False}
ENDING = {"stopping": True}


class Expected(NamedTuple):
    """One cell: the event, about which agent, in which state with what known, and what becomes of it."""

    event: type[ev.Event]
    state: LinkState
    known: dict[str, Any]
    about: str
    outcome: Outcome
    dest: LinkState
    refusal: Problem | None


def _each(kind, states, outcome, dest=None, *, refusal=None, about=ANNA, **known):
    return [Expected(kind, state, known, about, outcome, dest or state, refusal) for state in states]


EVERY = tuple(LinkState)
BUSY = (CONNECTING, CONNECTED, RECONNECTING)
LINKED = (CONNECTED, RECONNECTING)
IDLE = (DISCONNECTED, ERROR)

EXPECTED = [
    *_each(ev.Connect, IDLE, MOVED, CONNECTING),
    *_each(ev.Connect, [ERROR], MOVED, CONNECTING, about=BERT),
    *_each(ev.Connect, EVERY, REFUSED, refusal=NOT_AUTHENTICATED.occurred(), **KEYLESS),
    *_each(ev.Connect, EVERY, REFUSED, refusal=STOPPING.occurred(), **ENDING),
    *_each(ev.Connect, BUSY, STAYED),
    *_each(ev.Connect, BUSY, MOVED, CLOSING, about=BERT),
    *_each(ev.Connect, [CLOSING], STAYED, about=BERT),
    *_each(ev.Connect, [CLOSING], STAYED),
    *_each(ev.Reattach, IDLE, MOVED, CONNECTING),
    *_each(ev.Reattach, (*BUSY, CLOSING), IGNORED),
    *_each(ev.Reattach, EVERY, REFUSED, refusal=NOT_AUTHENTICATED.occurred(), **KEYLESS),
    *_each(ev.Reattach, EVERY, REFUSED, refusal=STOPPING.occurred(), **ENDING),
    *_each(ev.Connected, [CONNECTING], MOVED, CONNECTED),
    *_each(ev.ConnectFailed, [CONNECTING], MOVED, ERROR, background=False),
    *_each(ev.ConnectFailed, [CONNECTING], MOVED, RECONNECTING, background=True),
    *_each(ev.HeartbeatAnswered, [CONNECTED], STAYED, missed_heartbeats=2),
    *_each(ev.HeartbeatMissed, [CONNECTED], STAYED, missed_heartbeats=0),
    *_each(ev.HeartbeatMissed, [CONNECTED], STAYED, missed_heartbeats=1),
    *_each(ev.HeartbeatMissed, [CONNECTED], MOVED, RECONNECTING, missed_heartbeats=2),
    *_each(ev.Reconnected, [RECONNECTING], MOVED, CONNECTED),
    *_each(ev.ReconnectFailed, [RECONNECTING], STAYED, attempt=9),
    *_each(ev.CloudAnswered, [DISCONNECTED], MOVED, RECONNECTING, **GIVEN_UP),
    *_each(ev.CloudAnswered, [DISCONNECTED], IGNORED, **(GIVEN_UP | {"desired_agent_id": None})),
    *_each(ev.CloudAnswered, [DISCONNECTED], IGNORED, **(GIVEN_UP | ENDING)),
    *_each(ev.AgentRestarting, [RECONNECTING], STAYED),
    *_each(ev.JobObserved, [CONNECTING, RECONNECTING], STAYED),
    *_each(ev.PriceRefused, BUSY, MOVED, ERROR),
    *_each(ev.AgentSuspended, BUSY, MOVED, DISCONNECTED),
    *_each(ev.AgentSuspended, BUSY, MOVED, ERROR, spending=Spending(0.05, 1.0), minimum_balance=0.1),
    *_each(ev.MinimumBalanceSeen, EVERY, STAYED),
    *_each(ev.ReconnectFailed, [RECONNECTING], MOVED, DISCONNECTED, attempt=10),
    *_each(ev.KeyRejected, BUSY, MOVED, ERROR),
    *_each(ev.AgentGone, BUSY, MOVED, ERROR),
    *_each(ev.CreditsExhausted, BUSY, MOVED, ERROR),
    *_each(ev.KeyRejected, (*IDLE, CLOSING), STAYED),
    *_each(ev.KeyChanged, LINKED, MOVED, CONNECTING),
    *_each(ev.KeyChanged, [CONNECTING], MOVED, CONNECTING),
    *_each(ev.KeyChanged, [ERROR], MOVED, CONNECTING),
    *_each(ev.KeyChanged, [ERROR], STAYED, desired_agent_id=None),
    *_each(ev.KeyChanged, [ERROR], STAYED, **ENDING),
    *_each(ev.KeyChanged, [DISCONNECTED, CLOSING], STAYED),
    *_each(ev.KeyAccepted, EVERY, STAYED),
    *_each(ev.KeyAccepted, [ERROR], MOVED, CONNECTING, reason=Reason.KEY_REJECTED, policy=RECHECKING),
    *_each(ev.KeyAccepted, [ERROR], STAYED, reason=Reason.AGENT_GONE, policy=RECHECKING),
    *_each(
        ev.KeyAccepted,
        [ERROR],
        STAYED,
        reason=Reason.KEY_REJECTED,
        policy=RECHECKING,
        desired_agent_id=None,
    ),
    *_each(ev.KeySuspected, EVERY, STAYED),
    *_each(ev.KeySuspected, EVERY, REFUSED, refusal=NOT_AUTHENTICATED.occurred(), **KEYLESS),
    *_each(ev.Disconnect, [CONNECTING], MOVED, DISCONNECTED),
    *_each(ev.Disconnect, LINKED, MOVED, CLOSING),
    *_each(ev.Disconnect, [CLOSING], STAYED),
    *_each(ev.Disconnect, [ERROR], MOVED, DISCONNECTED),
    *_each(ev.Disconnect, [DISCONNECTED], STAYED),
    *_each(ev.Stop, LINKED, MOVED, CLOSING),
    *_each(ev.Stop, [CONNECTING], MOVED, DISCONNECTED),
    *_each(ev.Stop, (*IDLE, CLOSING), STAYED),
    *_each(ev.Drained, [CLOSING], MOVED, DISCONNECTED),
    *[
        Expected(kind, state, known, ANNA, *became)
        for kind in (ev.ShutdownAgent, ev.SuspendAgent)
        for state, known, became in (
            *((state, {}, (MOVED, DISCONNECTED, None)) for state in (*BUSY, ERROR)),
            *(
                (state, {"agent_id": BERT, "desired_agent_id": BERT}, (STAYED, state, None))
                for state in (*BUSY, ERROR)
            ),
            (DISCONNECTED, {"desired_agent_id": ANNA}, (STAYED, DISCONNECTED, None)),
            (CLOSING, {}, (REFUSED, CLOSING, LINK_CLOSING.occurred())),
            (CLOSING, {"agent_id": BERT, "next_agent": ANNA}, (REFUSED, CLOSING, LINK_CLOSING.occurred())),
            (CLOSING, {"agent_id": BERT}, (STAYED, CLOSING, None)),
        )
    ],
    *[
        row
        for kind in (ev.TakeBackup, ev.Restore)
        for row in (
            *_each(kind, [*IDLE, CONNECTED], STAYED),
            *_each(kind, [CONNECTING, RECONNECTING], REFUSED, refusal=LINK_NOT_READY.occurred()),
            *_each(kind, [CLOSING], REFUSED, refusal=LINK_CLOSING.occurred()),
            *_each(kind, [CONNECTING, RECONNECTING, CLOSING], STAYED, about=BERT),
        )
    ],
    *_each(ev.BackupTaken, [CONNECTED, CLOSING], STAYED),
    *_each(ev.BackupFailed, [CONNECTED, CLOSING], STAYED),
    *_each(ev.CreditsRead, [CONNECTED], STAYED),
    *_each(ev.ClockJumped, LINKED, STAYED),
    *_each(ev.ClockJumped, [DISCONNECTED], MOVED, RECONNECTING, **GIVEN_UP),
    *_each(ev.ClockJumped, [DISCONNECTED], STAYED, **(GIVEN_UP | {"desired_agent_id": None})),
    *_each(ev.ClockJumped, [DISCONNECTED], STAYED, **(GIVEN_UP | KEYLESS)),
    *_each(ev.ClockJumped, [DISCONNECTED], STAYED, **(GIVEN_UP | ENDING)),
    *_each(ev.ClockJumped, (DISCONNECTED, CONNECTING, ERROR, CLOSING), STAYED),
    *_each(ev.KeyUnverified, EVERY, STAYED),
    *_each(ev.ConfigChanged, EVERY, STAYED),
    *_each(ev.ConfigRefused, EVERY, STAYED),
    *_each(ev.StoreFailed, EVERY, STAYED),
    *_each(ev.StoreRecovered, EVERY, STAYED),
]
