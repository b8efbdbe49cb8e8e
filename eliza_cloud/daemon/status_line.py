"""The sentence `systemctl status` shows: how the link is, and why."""

from collections.abc import Callable

from eliza_cloud.core.link.state import Facts
from eliza_cloud.core.problems import PROBLEMS, RUNTIME_NOT_STARTED
from eliza_cloud.core.states import LinkState
from eliza_cloud.core.views.health import readiness
from eliza_cloud.runtime.observers import Observer, StepRecord

_WORDS = {
    LinkState.DISCONNECTED: "Not connected",
    LinkState.CONNECTING: "Connecting",
    LinkState.CONNECTED: "Connected",
    LinkState.RECONNECTING: "Reconnecting",
    LinkState.ERROR: "Not connected",
    LinkState.CLOSING: "Closing the link",
}
_WITH_AGENT = {LinkState.CONNECTING, LinkState.CONNECTED, LinkState.RECONNECTING, LinkState.CLOSING}


class StatusLine(Observer):
    """Says the sentence whenever something happens; `say` may get the same one again."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say

    def on_step(self, record: StepRecord) -> None:
        """Say how the link is now."""
        self._say(status_line(record.step.facts))

    def on_crash(self) -> None:
        """Say that the runtime has stopped."""
        self._say(f"{RUNTIME_NOT_STARTED.title} {RUNTIME_NOT_STARTED.remedy}")


def status_line(facts: Facts) -> str:
    """Write the state and agent of the link, and what keeps it from being connected."""
    words = _WORDS[facts.state]
    agent = facts.agent_name or facts.agent_id
    if agent and facts.state in _WITH_AGENT:
        words += f" to {agent}"
    if facts.state is LinkState.RECONNECTING:
        words += f" (attempt {facts.attempt})"
    row = PROBLEMS.get(readiness(facts) or "")
    return f"{words}: {row.title}" if row else f"{words}."
