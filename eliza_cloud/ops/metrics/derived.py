"""What can be derived is derived at the moment of the scrape, from the facts that everyone reads."""

import platform
from collections.abc import Callable, Iterator
from enum import Enum
from importlib.metadata import version

from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from eliza_cloud.core.credits import hours_left
from eliza_cloud.core.link.state import Facts
from eliza_cloud.core.problems import LASTING
from eliza_cloud.core.states import KeyState, LinkState
from eliza_cloud.core.views.status import shown_state
from eliza_cloud.ops.metrics import definitions as m
from eliza_cloud.ops.metrics.instruments import reading
from eliza_cloud.runtime.manager import CloudManager

SHOWN_STATES = tuple(state for state in LinkState if state is not LinkState.CLOSING)


class LinkView(Collector):
    """The gauges of one link; `wall` tells the time."""

    def __init__(self, manager: CloudManager, wall: Callable[[], float]) -> None:
        self._manager = manager
        self._wall = wall
        self._build = (version("eliza-cloud"), platform.python_version())

    def collect(self) -> Iterator[Family]:
        """Yield what the facts say now."""
        facts, at = self._manager.facts, self._wall()
        yield from _link(facts, at)
        yield from _backups(facts, at)
        yield from _account(facts)
        shown = {item.code for item in self._manager.health().items}
        yield reading(
            m.HEALTH_ITEM,
            *(((code, cause.severity.value), float(code in shown)) for code, cause in LASTING.items()),
        )
        yield reading(m.CONSUMER_RUNNING, ((), float(self._manager.running)))
        yield reading(m.QUEUE_LENGTH, ((), self._manager.queue_length))
        yield reading(m.BUILD, (self._build, 1.0))


def _link(facts: Facts, at: float) -> Iterator[Family]:
    reconnecting = facts.state is LinkState.RECONNECTING
    due = facts.next_attempt_at
    yield reading(m.CONNECTION_STATE, *_one_hot(SHOWN_STATES, shown_state(facts)))
    yield reading(m.CONNECTION_SINCE, ((), facts.since))
    yield reading(m.FAILING_SINCE, ((), facts.failing_since))
    yield reading(m.RECONNECT_ATTEMPT, ((), facts.attempt if reconnecting else 0))
    yield reading(m.NEXT_TRY, ((), None if due is None else max(0.0, due - at)))
    yield reading(m.HEARTBEAT_MISSES, ((), facts.missed_heartbeats))
    yield reading(m.HEARTBEAT_INTERVAL, ((), facts.policy.heartbeat_interval))
    yield reading(m.LAST_HEARTBEAT, ((), facts.last_heartbeat_at))


def _backups(facts: Facts, at: float) -> Iterator[Family]:
    last = facts.last_backup_at
    yield reading(m.BACKUP_INTERVAL, ((), facts.policy.backup_interval))
    yield reading(m.LAST_BACKUP, ((), last))
    yield reading(m.BACKUP_AGE, ((), None if last is None else max(0.0, at - last)))


def _account(facts: Facts) -> Iterator[Family]:
    spending = facts.spending
    hours = None if spending is None else hours_left(spending.balance, spending.rate)
    yield reading(m.KEY_STATE, *_one_hot(tuple(KeyState), facts.key))
    yield reading(m.KEY_EXPIRES, ((), facts.key_expires_at))
    yield reading(m.CREDITS_BALANCE, ((), None if spending is None else spending.balance))
    yield reading(m.CREDITS_READ, ((), None if spending is None else spending.at))
    yield reading(m.CREDITS_LEFT, ((), None if hours is None else hours * 3600))


def _one_hot(states: tuple[Enum, ...], present: Enum) -> Iterator[tuple[tuple[str, ...], float]]:
    yield from (((str(state.value),), float(state is present)) for state in states)
