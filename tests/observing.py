"""Observers of the link for tests."""

from collections.abc import Callable

from eliza_cloud.runtime.observers import Observer, Report


class OnStep(Observer):
    """Hands each step to a function."""

    def __init__(self, hear: Callable[[Report], object]) -> None:
        self._hear = hear

    def stepped(self, report: Report) -> None:
        self._hear(report)
