"""Callbacks that hear of every transition of a link."""

import inspect
import itertools
from collections.abc import Callable

import msgspec
import structlog

from eliza_cloud.core import log_events
from eliza_cloud.core.problems import Problem
from eliza_cloud.core.states import LinkState, Reason
from eliza_cloud.runtime.observers import Observer, StepRecord

log = structlog.get_logger()


class LinkTransition(msgspec.Struct, frozen=True, kw_only=True):
    """The link went from one state to another, because of an event of this name; `at` is wall-clock seconds.

    `reason` and `problem` say why it is in its state now, where that is not what was asked for.
    """

    source: LinkState
    target: LinkState
    event: str
    at: float
    agent_id: str | None
    reason: Reason | None
    problem: Problem | None


class Subscriptions(Observer):
    """Calls everyone who has subscribed. What a callback raises is logged; the link goes on."""

    __slots__ = ("_callbacks", "_numbers")

    def __init__(self) -> None:
        self._callbacks: dict[int, Callable[[LinkTransition], object]] = {}
        self._numbers = itertools.count()

    def add(self, callback: Callable[[LinkTransition], object]) -> Callable[[], None]:
        """Call `callback` from now on; returns the function that ends that. TypeError for a coroutine."""
        if inspect.iscoroutinefunction(callback):
            raise TypeError("The callback of a subscription is a plain function; nobody would await it.")
        number = next(self._numbers)
        self._callbacks[number] = callback

        def unsubscribe() -> None:
            self._callbacks.pop(number, None)

        return unsubscribe

    def on_step(self, record: StepRecord) -> None:
        """Tell of the step's transitions."""
        if not self._callbacks:
            return
        facts = record.step.facts
        for source, target in record.step.moves:
            transition = LinkTransition(
                source=LinkState(source),
                target=LinkState(target),
                event=type(record.event).__name__,
                at=record.at,
                agent_id=facts.agent_id,
                reason=facts.reason,
                problem=facts.problem,
            )
            for callback in tuple(self._callbacks.values()):
                try:
                    callback(transition)
                except Exception as error:
                    log.error(log_events.CALLBACK_FAILED, exc_info=error)
