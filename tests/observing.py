"""Observers of the link for tests."""

from collections.abc import Callable

from eliza_cloud.runtime.observers import Observer, StepRecord


class OnStep(Observer):
    """Hands each step to a function."""

    def __init__(self, hear: Callable[[StepRecord], object]) -> None:
        self._hear = hear

    def on_step(self, report: StepRecord) -> None:
        self._hear(report)
