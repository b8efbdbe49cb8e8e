"""Requests as bytes over a bare socket, so that no client tidies them up, and what comes back."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from tests.harness.waiting import HANG


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Conversation:
    """Everything the server sent; `closed` tells whether it then hung up."""

    sent: bytes
    received: bytes
    closed: bool

    @property
    def answers(self) -> list[Answer]:
        """The answers in order, without `100 Continue`."""
        found, rest = [], self.received
        while rest.startswith(b"HTTP/"):
            head, _, rest = rest.partition(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            headers = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
            }
            length = 0 if self.sent.startswith(b"HEAD ") else int(headers.get("content-length", 0))
            status = int(first.split(" ")[1])
            if status != 100:
                found.append(Answer(status, headers, rest[:length]))
            rest = rest[length:]
        return found


def request(
    head: str,
    *headers: str,
    host: str | None = "localhost",
    body: bytes = b"",
    version: str = "1.1",
    close: bool = True,
) -> bytes:
    """Write one request; `host` None leaves the header out, a body brings its length."""
    lines = [f"{head} HTTP/{version}"]
    if host is not None:
        lines.append(f"Host: {host}")
    lines += headers
    if body:
        lines.append(f"Content-Length: {len(body)}")
    if close:
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


async def converse(
    port: int, sent: bytes, *, answers: int = 0, patience: float = HANG, linger: float = HANG
) -> Conversation:
    """Send it all and read until the server hangs up, `answers` have come, or `patience` (seconds) ends.

    Once a first answer has come, nothing more is waited for than `linger`.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    talk = Conversation(sent, b"", closed=False)
    try:
        writer.write(sent)
        async with asyncio.timeout(patience):
            while not (answers and len(talk.answers) >= answers):
                async with asyncio.timeout(linger if talk.answers else None):
                    chunk = await reader.read(65536)
                if not chunk:
                    talk.closed = True
                    break
                talk.received += chunk
    except ConnectionResetError:
        talk.closed = True
    except TimeoutError:
        pass
    finally:
        writer.transport.abort()
    return talk
