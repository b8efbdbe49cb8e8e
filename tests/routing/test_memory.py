"""A reader that dawdles does not make the service collect what it has not read."""

import asyncio
import json
import os
import re
import subprocess
from pathlib import Path

from aiohttp import web

from tests.harness.processes import CLI, started
from tests.harness.service import TOKEN

MEBIBYTE = 1024 * 1024
BLOCK = bytes(256 * 1024)
ALLOWED = 20 * MEBIBYTE
STALLS = 8


class Fountain:
    """A provider that speaks without end, as fast as it is heard."""

    def __init__(self, volume):
        self.volume = volume
        self.sent = 0

    async def speak(self, request, _):
        response = web.StreamResponse(headers={"Content-Type": "audio/mpeg"})
        await response.prepare(request)
        while self.sent < self.volume:
            await response.write(BLOCK)
            self.sent += len(BLOCK)
        return response

    async def stalled(self):
        """Wait until nothing more fits on the way."""
        before = -1
        while before != self.sent:
            before = self.sent
            for _ in range(5):
                await asyncio.sleep(0.01)


def resident(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024


async def pass_through(volume, provider, tmp_path):
    """Let so many bytes pass through a service of its own; return by how much it grew at most."""
    fountain = Fountain(volume)
    other = await provider("other")
    other.script["/v1/audio/speech"] = fountain.speak
    (tmp_path / "eliza.json").write_text(
        json.dumps(
            {
                "providers": {"other": {"baseUrl": other.url}},
                "serviceRouting": {"tts": {"backend": "other", "transport": "direct"}},
            }
        )
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ELIZA")}
    environ = {**kept, "ELIZA_STATE_DIR": str(tmp_path), "ELIZA_API_TOKEN": TOKEN}
    command = (*CLI, "serve", "--port", "0")
    async with started(*command, env=environ, stderr=subprocess.DEVNULL) as process:
        line = (await process.stdout.readline()).decode()
        port = int(line.strip().rpartition(":")[2])
        return await dawdle(port, process.pid, fountain)


async def dawdle(port, pid, fountain):
    """Read everything, but stop several times until no more fits on the way."""
    idle = resident(pid)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=65536)
    body = b'{"model": "m", "input": "speak", "voice": "echo"}'
    head = (
        f"POST /v1/audio/speech HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
        f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    read = grown = 0
    next_stall = 0
    while piece := await reader.read(65536):
        read += len(piece)
        if read >= next_stall:
            next_stall += fountain.volume // STALLS
            await fountain.stalled()
            assert fountain.sent < read + fountain.volume // 4  # or nothing stalled
        grown = max(grown, resident(pid) - idle)
    writer.close()
    await writer.wait_closed()
    assert read > fountain.volume
    return grown


async def test_a_gibibyte_leaves_no_trace(provider, tmp_path):
    assert await pass_through(1024 * MEBIBYTE, provider, tmp_path) < ALLOWED
