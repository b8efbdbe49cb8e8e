"""Who waits for what. Every caller gets exactly one answer, also when the runtime crashes."""

import asyncio
from collections import defaultdict

from eliza_cloud.core.link.effects import Pending, Rejected, Reply
from eliza_cloud.core.problems import Problem
from eliza_cloud.runtime.errors import LinkError


class Command:
    """One command under way: first whether it was accepted, then how it ended."""

    __slots__ = ("_accepted", "_ended")

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self._accepted: asyncio.Future[Reply | Problem] = loop.create_future()
        self._ended: asyncio.Future[Problem | None] = loop.create_future()

    def accept(self, reply: Reply) -> None:
        """Pass on the table's reply, its effects carried out; anything but `Pending` is the end, too."""
        if not self._accepted.done():
            self._accepted.set_result(reply)
        if not isinstance(reply, Pending):
            self.end(None)

    def end(self, problem: Problem | None) -> None:
        """Pass on how it ended; further answers are ignored."""
        if not self._accepted.done() and problem is not None:
            self._accepted.set_result(problem)
        if not self._ended.done():
            self._ended.set_result(problem)

    @property
    def answered(self) -> bool:
        """Whether it has been taken up, or refused."""
        return self._accepted.done()

    async def accepted(self) -> Reply:
        """Wait for the reply; raises `LinkError` when the command was refused."""
        reply = await asyncio.shield(self._accepted)
        if isinstance(reply, Problem):
            raise LinkError(reply)
        if isinstance(reply, Rejected):
            raise LinkError(reply.problem)
        return reply

    async def ended(self) -> None:
        """Wait for the end; raises `LinkError` when it is a failure."""
        await self.accepted()
        problem = await asyncio.shield(self._ended)
        if problem is not None:
            raise LinkError(problem)


class Waiters:
    """Calls that wait for an agent to be linked, or for the link to be closed."""

    __slots__ = ("_closing", "_connecting")

    def __init__(self) -> None:
        self._connecting: defaultdict[str, list[Command]] = defaultdict(list)
        self._closing: list[Command] = []

    def __len__(self) -> int:
        return sum(map(len, self._connecting.values())) + len(self._closing)

    def wait_for_link(self, agent_id: str, call: Command) -> None:
        """Let the call wait for this agent."""
        self._connecting[agent_id].append(call)

    def wait_for_close(self, call: Command) -> None:
        """Let the call wait for the end of the link."""
        self._closing.append(call)

    def answer_link(self, agent_id: str, problem: Problem | None) -> None:
        """Answer everyone who waits for this agent."""
        for call in self._connecting.pop(agent_id, []):
            call.end(problem)

    def answer_close(self, problem: Problem | None) -> None:
        """Answer everyone who waits for the end of the link."""
        calls, self._closing = self._closing, []
        for call in calls:
            call.end(problem)

    def answer_all(self, problem: Problem) -> None:
        """Answer everyone: nothing will happen any more."""
        for agent_id in list(self._connecting):
            self.answer_link(agent_id, problem)
        self.answer_close(problem)
