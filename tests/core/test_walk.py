"""The whole link, walked: all facts that can be reached, every event there, every promise kept.

Epochs and times are folded (only "fresh" and "older" matter to the table), so there are finitely many facts.
"""

import itertools
import time
from collections import Counter

import msgspec
import pytest

from eliza_cloud.core.backoff import Backoff
from eliza_cloud.core.link import events as ev
from eliza_cloud.core.link.state import CURRENT_EDITION, Facts, Policy
from eliza_cloud.core.link.table import Proceed
from eliza_cloud.core.states import KeyState, LinkState
from tests.core.invariants import (
    ALLOWED,
    Node,
    check_that_older_ones_change_nothing,
    check_the_ways_out,
    fold,
    take,
    walk_on,
)
from tests.core.link_driver import (
    ANNA,
    BAD_KEY,
    BERT,
    BROKEN,
    BUSY_CLOUD,
    GONE,
    NO_CREDITS,
    PRICE,
    SUSPENDED,
    TIMEOUT,
)

POLICY = Policy(max_failures=2, backoff=Backoff(attempts=2))
STRICTER = Policy(max_failures=1, backoff=Backoff(attempts=1))
AT_LEAST_DEEP = 7
STARTS_OF_THE_WALK = [
    Node(Facts(policy=POLICY, epoch=9, key_generation=9)),
    Node(Facts(policy=POLICY, epoch=9, key_generation=9, key=KeyState.UNVERIFIED, enabled=True)),
    Node(
        Facts(
            policy=POLICY,
            epoch=9,
            key_generation=9,
            key=KeyState.UNVERIFIED,
            enabled=True,
            desired_agent_id=ANNA,
        )
    ),
]


def alphabet(facts: Facts) -> list[ev.Event]:
    """Return every fresh event in each variety the table tells apart; about a key only if there is one."""
    epoch, number = facts.epoch, facts.key_generation
    about_agents = (ev.Connect, ev.Reattach, ev.ShutdownAgent, ev.SuspendAgent)
    events: list[ev.Event] = [kind(agent) for kind in about_agents for agent in (ANNA, BERT)]
    events += [kind(agent, 1) for kind in (ev.TakeBackup, ev.Restore) for agent in (ANNA, BERT)]
    events += [ev.Disconnect(), ev.Stop(), ev.KeyChanged(), ev.ClockJumped()]
    events += [ev.StoreFailed(BROKEN), ev.StoreRecovered(), ev.ConfigRefused(BROKEN)]
    events += [ev.ConfigChanged(policy) for policy in (POLICY, STRICTER)]
    events += [
        ev.Connected(epoch, "name"),
        ev.ConnectFailed(epoch, TIMEOUT),
        ev.ConnectFailed(epoch, BROKEN),
        ev.HeartbeatAnswered(epoch),
        ev.HeartbeatMissed(epoch, TIMEOUT),
        ev.Reconnected(epoch, "name"),
        ev.ReconnectFailed(epoch, BUSY_CLOUD),
        ev.AgentGone(epoch, GONE),
        ev.CreditsExhausted(epoch, NO_CREDITS),
        ev.BackupTaken(epoch),
        ev.BackupFailed(epoch, TIMEOUT),
        ev.BackupFailed(epoch, BROKEN, refused=True),
        ev.CreditsRead(epoch, 25.0),
        ev.CreditsRead(epoch, 5.1),
        ev.Drained(epoch),
        ev.KeySuspected(number),
        ev.PriceRefused(epoch, PRICE),
        ev.AgentSuspended(epoch, SUSPENDED),
        ev.CloudAnswered(epoch),
        ev.JobObserved(epoch, 2, "no capacity"),
        ev.MinimumBalanceSeen(0.1),
    ]
    if facts.key is not KeyState.ABSENT:
        events += [ev.KeyAccepted(number, "user", None), ev.KeyRejected(number, BAD_KEY)]
        events += [ev.KeyUnverified(number, TIMEOUT)]
    return events


#: The second walk: one agent, and what costs money, suspends, restarts or recovers.
RECOVERING = msgspec.structs.replace(
    POLICY,
    backoff=Backoff(attempts=4),
    restart_unresponsive=True,
    recheck_interval=600.0,
    edition=CURRENT_EDITION,
)
RECOVERIES = [
    Node(
        Facts(
            policy=RECOVERING,
            epoch=9,
            key_generation=9,
            key=KeyState.UNVERIFIED,
            enabled=True,
            desired_agent_id=ANNA,
        )
    )
]


def recoveries(facts: Facts) -> list[ev.Event]:
    """Return the events of the second walk."""
    epoch, number = facts.epoch, facts.key_generation
    events: list[ev.Event] = [
        ev.Connect(ANNA),
        ev.Connect(ANNA, "price"),
        ev.Reattach(ANNA),
        ev.Reattach(ANNA, start=False, accepted_price="price"),
        ev.SuspendAgent(ANNA),
        ev.Disconnect(),
        ev.Stop(),
        ev.ClockJumped(),
        ev.Connected(epoch, "name"),
        ev.Connected(epoch, "name", shared=True),
        ev.Reconnected(epoch, "name"),
        ev.ConnectFailed(epoch, TIMEOUT),
        ev.HeartbeatMissed(epoch, TIMEOUT),
        ev.ReconnectFailed(epoch, TIMEOUT, unresponsive=True),
        ev.ReconnectFailed(epoch, TIMEOUT),
        ev.AgentRestarting(epoch),
        ev.AgentSuspended(epoch, SUSPENDED),
        ev.PriceRefused(epoch, PRICE),
        ev.CloudAnswered(epoch),
        ev.CreditsRead(epoch, 0.1),
        ev.Drained(epoch),
    ]
    if facts.key is not KeyState.ABSENT:
        events += [ev.KeyAccepted(number, "user", None), ev.KeyRejected(number, BAD_KEY)]
    return events


WALKS = {"everything": (STARTS_OF_THE_WALK, alphabet), "recoveries": (RECOVERIES, recoveries)}


def sequences(starts: list[Node], edges: dict[Node, Counter[Node]], length: int) -> int:
    """Count the sequences of up to `length` events whose every step is one of the walk's."""
    ways, total = Counter(starts), 0
    for _ in range(length):
        onward: Counter[Node] = Counter()
        for node, count in ways.items():
            for reached, events in edges[node].items():
                onward[reached] += count * events
        ways = onward
        total += sum(ways.values())
    return total


@pytest.mark.parametrize("walk", WALKS)
def test_every_fact_that_can_be_reached_keeps_every_promise(figure, walk):
    starts, events_of = WALKS[walk]
    begun = time.perf_counter()
    seen = set(starts)
    frontier, depth, steps = list(starts), 0, 0
    edges: dict[Node, Counter[Node]] = {}
    while frontier:
        found = []
        for node in frontier:
            check_the_ways_out(node)
            edges[node] = Counter()
            for event in events_of(node.facts):
                steps += 1 + check_that_older_ones_change_nothing(node.facts, event)
                reached = walk_on(node, event)
                edges[node][reached] += 1
                if reached not in seen:
                    seen.add(reached)
                    found.append(reached)
        frontier, depth = found, depth + 1 if found else depth
    states = Counter(node.facts.state.value for node in seen)
    figure(
        f"walk of the link, {walk}: {len(seen)} facts, {steps} steps, closed at depth {depth}, so that "
        f"{sequences(starts, edges, AT_LEAST_DEEP):.1e} sequences of up to {AT_LEAST_DEEP} events covered;"
        f" {time.perf_counter() - begun:.1f} s; {dict(sorted(states.items()))}"
    )
    assert depth >= AT_LEAST_DEEP
    assert set(states) == {state.value for state in LinkState}


def test_every_move_of_the_table_is_made_on_the_walk():
    """A row that no walk takes is dead; each is taken from some reachable fact."""
    made = set()
    for starts, events_of in WALKS.values():
        seen = set(starts)
        frontier = list(starts)
        while frontier and made != ALLOWED:
            node = frontier.pop(0)
            for event in events_of(node.facts):
                step = take(node.facts, event)
                kinds = itertools.chain([type(event)], itertools.repeat(Proceed))
                made |= {(kind, *move) for kind, move in zip(kinds, step.moves, strict=False)}
                reached = Node(fold(step.facts))
                if reached not in seen:
                    seen.add(reached)
                    frontier.append(reached)
    assert made == ALLOWED
