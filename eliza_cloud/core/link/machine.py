"""The link's machine: `step` takes what is known and what happened, gives what is known and to be done."""

from eliza_cloud.core.link import entry
from eliza_cloud.core.link.effects import CancelActivities, Effect, Rejected, StopVerifying, WaiterAnswer
from eliza_cloud.core.link.events import ActivityFact, Event, KeyFact
from eliza_cloud.core.link.state import Facts
from eliza_cloud.core.link.table import ROWS, Proceed
from eliza_cloud.core.problems import SUPERSEDED
from eliza_cloud.core.statechart import Cursor, Outcome, Step, Table
from eliza_cloud.core.states import LinkState


class LinkMachine:
    """The link's table, ready to run. One serves any number of links: it keeps nothing of any of them."""

    def __init__(self) -> None:
        self.table: Table[Facts] = Table(
            ROWS,
            LinkState,
            LinkState.DISCONNECTED,
            on_enter={
                LinkState.DISCONNECTED: entry.enter_disconnected,
                LinkState.CONNECTING: entry.enter_connecting,
                LinkState.CONNECTED: entry.enter_connected,
                LinkState.RECONNECTING: entry.enter_reconnecting,
                LinkState.ERROR: entry.enter,
                LinkState.CLOSING: entry.enter_closing,
            },
            on_exit={
                LinkState.DISCONNECTED: entry.leave_disconnected,
                LinkState.CONNECTING: entry.leave,
                LinkState.CONNECTED: entry.leave,
                LinkState.RECONNECTING: entry.leave,
                LinkState.CLOSING: entry.leave,
            },
        )

    def step(self, facts: Facts, event: Event, *, at: float, jitter: float) -> Step[Facts]:
        """Decide one event.

        `at` is the wall clock in seconds, `jitter` a number in 0…1 drawn for this step. An event of an older
        epoch, or about an older key, is `STALE` and changes nothing.
        """
        if _is_stale(facts, event):
            return Step(facts=facts, effects=(), reply=Rejected(SUPERSEDED.occurred()), outcome=Outcome.STALE)
        cursor = Cursor(facts.state, facts, event, at, jitter)
        self.table.fire(type(event), cursor)
        outcome = cursor.row.outcome if cursor.row else Outcome.IGNORED
        if cursor.state is LinkState.DISCONNECTED and cursor.facts.next_agent is not None:
            self.table.fire(Proceed, cursor)
        return Step(
            facts=cursor.facts,
            effects=tuple(sorted(cursor.effects, key=_effect_order)),
            reply=cursor.reply,
            outcome=outcome,
            moves=tuple(cursor.moves),
        )


def _effect_order(effect: Effect) -> int:
    """What ends comes first, for it takes no time, and storing does: no state outlives itself meanwhile."""
    if isinstance(effect, CancelActivities | StopVerifying):
        return 0
    return 2 if isinstance(effect, WaiterAnswer) else 1


def _is_stale(facts: Facts, event: Event) -> bool:
    if isinstance(event, ActivityFact):
        return event.epoch != facts.epoch
    return isinstance(event, KeyFact) and event.key_generation != facts.key_generation
