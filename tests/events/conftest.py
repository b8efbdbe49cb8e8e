"""Readers of the event stream over real sockets, and changes to read."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from eliza_cloud.api.app_keys import EVENTS, JOURNAL
from eliza_cloud.api.http.event_hub import EventHub
from eliza_cloud.runtime.journal import Journal
from tests.api.conftest import cloud, serve, service, signed_in
from tests.harness.service import TOKEN, AssembledService
from tests.harness.waiting import HANG, until
from tests.process.conftest import deployment, environment

__all__ = ["cloud", "deployment", "environment", "serve", "service", "signed_in"]

PATH = "/api/cloud/events"


@dataclass
class Frame:
    """One frame as it was sent."""

    text: str

    @property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    @property
    def seq(self) -> int:
        return int(self.lines[0].removeprefix("id: "))

    @property
    def event(self) -> str:
        return self.lines[1].removeprefix("event: ")

    @property
    def data(self) -> dict[str, Any]:
        return json.loads(self.lines[2].removeprefix("data: "))


class Reader:
    """One connection that reads the stream, chunk by chunk."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._text = b""
        self.head = ""
        self.ended = False
        self.comments = 0

    async def open(self, head: str) -> "Reader":
        self._writer.write(head.replace("\n", "\r\n").encode())
        async with asyncio.timeout(HANG):
            self.head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        return self

    @property
    def status(self) -> int:
        return int(self.head.split(" ")[1])

    async def piece(self) -> str | None:
        """The next frame or comment; None at the stream's proper end."""
        while b"\n\n" not in self._text:
            size = int(await self._reader.readuntil(b"\r\n"), 16)
            chunk = await self._reader.readexactly(size + 2)
            if not size:
                self.ended = True
                return None
            self._text += chunk[:-2]
        piece, _, self._text = self._text.partition(b"\n\n")
        return piece.decode()

    async def next(self) -> Frame:
        """The next frame; comments are counted on the way."""
        async with asyncio.timeout(HANG):
            while True:
                piece = await self.piece()
                assert piece is not None, "the stream has ended"
                if not piece.startswith(":"):
                    return Frame(piece)
                self.comments += 1

    async def frames(self, number: int) -> list[Frame]:
        return [await self.next() for _ in range(number)]

    async def body(self) -> Any:
        """The JSON body of an answer that is no stream."""
        length = int(self.head.lower().split("content-length: ")[1].split("\r\n")[0])
        return json.loads(await self._reader.readexactly(length))

    async def rest(self) -> bytes:
        """Whatever else is sent until the connection is closed or broken off."""
        try:
            async with asyncio.timeout(HANG):
                return await self._reader.read()
        except ConnectionError:
            return b""

    def close(self) -> None:
        self._writer.close()


@dataclass
class Stage:
    """One service, and what it tells."""

    service: AssembledService
    stack: AsyncExitStack

    @property
    def hub(self) -> EventHub:
        return self.service.app[EVENTS]

    @property
    def journal(self) -> Journal:
        return self.service.app[JOURNAL]

    async def read(
        self,
        after: object = None,
        *headers: str,
        method: str = "GET",
        query: str = "",
        room: int | None = None,
    ) -> Reader:
        """Open a reader; one with little `room` for what it has not read yet is slow soon."""
        opened = socket.socket()
        if room is not None:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        opened.setblocking(False)
        await asyncio.get_running_loop().sock_connect(opened, ("127.0.0.1", self.service.port))
        limit = 2**16 if room is None else room  # what asyncio itself reads ahead
        reader, writer = await asyncio.open_connection(sock=opened, limit=limit)
        self.stack.callback(writer.close)
        lines = [
            f"{method} {PATH}{query} HTTP/1.1",
            "Host: localhost",
            f"Authorization: Bearer {TOKEN}",
            *([] if after is None else [f"Last-Event-ID: {after}"]),
            *headers,
        ]
        return await Reader(reader, writer).open("\n".join(lines) + "\n\n")

    async def change(self, number: int = 1, *, size: int = 1) -> None:
        """Make that many changes of this size in characters, and wait until they have happened."""
        expected = self.journal.seq + number
        for count in range(number):
            unknown = [f"{self.journal.seq + count}".ljust(size, "x")]
            self.service.manager.change_settings(self.service.manager.settings, unknown)
        await until(lambda: self.journal.seq >= expected)

    async def entries(self) -> list[dict[str, Any]]:
        return (await self.service.get("/api/cloud/journal?limit=10000"))["entries"]


@asynccontextmanager
async def staged(service: AssembledService) -> AsyncIterator[Stage]:
    async with AsyncExitStack() as stack:
        yield Stage(service, stack)


@pytest.fixture
async def stage(service):
    """A service that is not signed in, and that has something to tell."""
    async with staged(service) as opened:
        await opened.change(3)
        yield opened
