"""Those who ask something of the link: each gets exactly one answer, and a true one."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from eliza_cloud.core.link.state import Facts
from eliza_cloud.core.states import KeyState, LinkState
from eliza_cloud.runtime.errors import LinkError
from eliza_cloud.runtime.manager import LinkedAgent

CLOSING_BOUND = 13.0  # seconds: a stop, and a disconnect, with whatever is under way


class Caller:
    """One call of the manager. `hoped`: what a success claims has been so since it was made."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, kind: str, about: str, work: Coroutine[Any, Any, Any]
    ) -> None:
        self.kind = kind
        self.about = about
        self.begun = loop.time()
        self.hoped = False
        self.left = False
        self.ended: float | None = None
        self.task = loop.create_task(work, name=f"caller {kind} {about[:1]}")
        self.task.add_done_callback(lambda _: self._note_the_end(loop.time()))

    def __repr__(self) -> str:
        return f"<{self.kind} {self.about[:1]} since {self.begun:g}>"

    def look(self, facts: Facts) -> None:
        """Note what is true now."""
        if self.kind == "connect":
            self.hoped |= facts.state is LinkState.CONNECTED and facts.agent_id == self.about
        elif self.kind == "disconnect":
            self.hoped |= facts.state is LinkState.DISCONNECTED and facts.key is KeyState.ABSENT

    def _note_the_end(self, at: float) -> None:
        self.ended = at

    def leave(self) -> None:
        """Go away without waiting for the answer."""
        self.left = True
        self.task.cancel()

    def check_the_answer(self) -> None:
        """Check that the answer is true, or a refusal in words."""
        if self.task.cancelled():
            assert self.left, f"{self!r} was cancelled, and did not ask for it"
            return
        error = self.task.exception()
        if error is None:
            assert self.kind not in {"connect", "disconnect"} or self.hoped, (
                f"{self!r} was told what is not so"
            )
            assert self.kind != "connect" or self.task.result() == _linked(self)
            return
        assert isinstance(error, LinkError), f"{self!r} got {error!r}"
        assert error.problem.message
        assert 400 <= error.problem.status < 600


def _linked(caller: Caller) -> LinkedAgent:
    result: LinkedAgent = caller.task.result()
    return LinkedAgent(caller.about, result.agent_name)
