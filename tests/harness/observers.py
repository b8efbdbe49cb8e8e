"""Observers of the link for tests."""

from collections.abc import Callable

from eliza_cloud.runtime.manager import CloudManager
from eliza_cloud.runtime.observers import Observer, StepRecord


class OnStep(Observer):
    """Hands each step to a function."""

    def __init__(self, hear: Callable[[StepRecord], object]) -> None:
        self._hear = hear

    def on_step(self, report: StepRecord) -> None:
        self._hear(report)


class Crash(Observer):
    """An error that nobody has foreseen, in the link's loop: once `armed`, at the next step."""

    def __init__(self) -> None:
        self.armed = False

    def on_step(self, _report: StepRecord) -> None:
        if self.armed:
            self.armed = False
            raise RuntimeError("nobody has foreseen this")

    def now(self, link: CloudManager) -> None:
        """Let the loop run into it with the event that is put on its queue here."""
        self.armed = True
        link.change_settings(link.settings)
