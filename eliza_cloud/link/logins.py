"""The sign-ins this service has begun. Any other session id is unknown here and never sent to the cloud."""

from collections import OrderedDict
from collections.abc import Coroutine, Sequence
from typing import Any

from eliza_cloud.core.login import LoginEvent, LoginFacts, LoginMachine, LoginView, login_view
from eliza_cloud.core.machine import Step
from eliza_cloud.core.states import LoginState
from eliza_cloud.link.login_poller import LoginPoller

REMEMBERED = 16
UNKNOWN = LoginView(status="expired", error="Session not found or expired")


class Logins:
    """The sign-in that is current and the last few before it, by session id."""

    def __init__(self, machine: LoginMachine) -> None:
        self._machine = machine
        self._current = LoginFacts()
        self._known: OrderedDict[str, LoginFacts] = OrderedDict()
        self._pollers: dict[str, LoginPoller] = {}

    @property
    def current(self) -> LoginFacts:
        """The newest sign-in."""
        return self._current

    @property
    def pending(self) -> LoginFacts | None:
        """The sign-in that waits for the browser, if one does."""
        return self._current if self._current.state is LoginState.PENDING else None

    def view(self, session_id: str) -> LoginView:
        """Say what became of a session; one that was not begun here is expired."""
        facts = self._known.get(session_id)
        return UNKNOWN if facts is None else login_view(facts)

    def step(self, event: LoginEvent) -> Step[LoginFacts]:
        """Decide one event and remember what it came to."""
        step = self._machine.step(self._current, event)
        self._current = step.facts
        if step.facts.session_id:
            self._known[step.facts.session_id] = step.facts
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return step

    @property
    def pollers(self) -> Sequence[LoginPoller]:
        """The pollers at work: the current sign-in's, and those that revoke what nobody wants any more."""
        return tuple(self._pollers.values())

    def poller(self, session_id: str) -> LoginPoller | None:
        """Return the poller of a session while it works."""
        return self._pollers.get(session_id)

    def follow(self, poller: LoginPoller) -> Coroutine[Any, Any, None]:
        """Know a poller by its session from now on, and return its work."""
        self._pollers[poller.session_id] = poller
        return self._run(poller)

    async def _run(self, poller: LoginPoller) -> None:
        try:
            await poller.run()
        finally:
            if self._pollers.get(poller.session_id) is poller:
                del self._pollers[poller.session_id]
