"""Who waits for what. Every caller gets exactly one answer, also when the link's runtime falls over."""

import asyncio
from collections import defaultdict

from eliza_cloud.core.link.effects import Refused, Reply, Waits
from eliza_cloud.core.problems import Failure
from eliza_cloud.runtime.errors import LinkError


class Call:
    """One command under way: first whether it was accepted, then how it ended."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self._accepted: asyncio.Future[Reply | Failure] = loop.create_future()
        self._ended: asyncio.Future[Failure | None] = loop.create_future()

    def accept(self, reply: Reply) -> None:
        """Pass on the table's reply, its effects carried out; anything but `Waits` is the end, too."""
        if not self._accepted.done():
            self._accepted.set_result(reply)
        if not isinstance(reply, Waits):
            self.end(None)

    def end(self, failure: Failure | None) -> None:
        """Pass on how it ended; the first answer counts."""
        if not self._accepted.done() and failure is not None:
            self._accepted.set_result(failure)
        if not self._ended.done():
            self._ended.set_result(failure)

    @property
    def answered(self) -> bool:
        """Whether it has been taken up, or refused."""
        return self._accepted.done()

    async def accepted(self) -> Reply:
        """Wait for the reply; raises `LinkError` when the command was refused."""
        reply = await asyncio.shield(self._accepted)
        if isinstance(reply, Failure):
            raise LinkError(reply)
        if isinstance(reply, Refused):
            raise LinkError(reply.failure)
        return reply

    async def ended(self) -> None:
        """Wait for the end; raises `LinkError` when it is a failure."""
        await self.accepted()
        failure = await asyncio.shield(self._ended)
        if failure is not None:
            raise LinkError(failure)


class Callers:
    """Calls that wait for an agent to be linked, or for the link to be closed."""

    def __init__(self) -> None:
        self._connecting: defaultdict[str, list[Call]] = defaultdict(list)
        self._closing: list[Call] = []

    def wait_for_link(self, agent_id: str, call: Call) -> None:
        """Let the call wait for this agent."""
        self._connecting[agent_id].append(call)

    def wait_for_close(self, call: Call) -> None:
        """Let the call wait for the end of the link."""
        self._closing.append(call)

    def answer_link(self, agent_id: str, failure: Failure | None) -> None:
        """Answer everyone who waits for this agent."""
        for call in self._connecting.pop(agent_id, []):
            call.end(failure)

    def answer_close(self, failure: Failure | None) -> None:
        """Answer everyone who waits for the end of the link."""
        calls, self._closing = self._closing, []
        for call in calls:
            call.end(failure)

    def answer_all(self, failure: Failure) -> None:
        """Answer everyone: nothing will happen any more."""
        for agent_id in list(self._connecting):
            self.answer_link(agent_id, failure)
        self.answer_close(failure)
