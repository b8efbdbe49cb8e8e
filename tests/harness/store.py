"""The agent record, in the hands of a test."""

import asyncio
from collections.abc import Callable

from eliza_cloud.store.sqlite.database import AgentRecord, Database, SqliteStore


class ControlledStore(SqliteStore):
    """A record that is read and written when the test lets it.

    `hold` lets readers and writers wait until `release`, and `waiting` counts them; `error` is raised instead
    of writing; `on_save` hears of each record before it is written.
    """

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.error: Exception | None = None
        self.on_save: Callable[[AgentRecord], object] = lambda _: None
        self.waiting = 0
        self._released = asyncio.Event()
        self._released.set()

    def hold(self) -> None:
        self._released.clear()

    def release(self) -> None:
        self._released.set()

    async def load(self) -> AgentRecord:
        await self._turn()
        return await super().load()

    async def save(self, record: AgentRecord) -> None:
        await self._turn()
        if self.error is not None:
            raise self.error
        self.on_save(record)
        await super().save(record)

    async def _turn(self) -> None:
        self.waiting += 1
        await self._released.wait()
        self.waiting -= 1
