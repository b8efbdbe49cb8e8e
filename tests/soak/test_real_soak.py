"""Ten minutes of real life: the service as a process, its intervals short, its cloud unreliable.

    pytest -m long tests/soak

Resident memory, open files and threads are read from the kernel twice a second.
"""

import asyncio
import contextlib
import itertools
import json
import random
import re
import statistics
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from eliza_cloud.emulator import GENERATIONS
from tests.harness.emulator import Emulator
from tests.harness.processes import serving
from tests.harness.waiting import HANG

SECONDS = 600.0
WARM_UP = 120.0
LOOK_EVERY = 0.5
FLAT = 0.05
SETTINGS = {
    "cloud": {
        "login": {"pollIntervalMs": 50},
        "backup": {"autoBackupIntervalMs": 200},
        "bridge": {
            "heartbeatIntervalMs": 50,
            "reconnectIntervalMs": 50,
            "maxReconnectDelayMs": 500,
            "maxReconnectAttempts": 0,
        },
    }
}
EMULATOR = [
    "emulator",
    *("--port", "0"),
    *("--poll-interval-ms", "50"),
    *("--job-seconds", "0.05"),
    "--no-rate-limits",
]
BRIDGE = "/api/v1/*/agents/*/bridge"
OUTAGES: list[tuple[str, dict[str, Any]]] = [
    ("cloud fails", {"path": "/api/v1/*", "fault": "status", "status": 503}),
    ("cloud hangs up", {"path": "/api/v1/*", "fault": "drop"}),
    ("cloud resets", {"path": "/api/v1/*", "fault": "reset"}),
    ("cloud is slow", {"path": "/api/v1/*", "fault": "delay", "seconds": 0.2}),
    ("nonsense", {"path": "/api/v1/*", "fault": "malformed"}),
    ("a web page", {"path": BRIDGE, "fault": "html"}),
    ("cut short", {"path": BRIDGE, "fault": "truncate"}),
    ("no backups", {"path": "/api/v1/*/agents/*/snapshot", "fault": "status", "status": 500}),
]


class Soak:
    """A service and its cloud, talked to over HTTP. `counts` says what happened."""

    def __init__(self, session: aiohttp.ClientSession, service: str, cloud: Emulator, token: str) -> None:
        self._session = session
        self._service = service
        self.cloud = cloud
        self._headers = {"Authorization": f"Bearer {token}"}
        self.counts: Counter[str] = Counter()
        self.agent = ""

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        async with self._session.request(
            method, f"{self._service}{path}", json=body, headers=self._headers
        ) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def begin(self) -> None:
        """Sign in and connect."""
        login = await self.ask("POST", "/api/cloud/login")
        await self.cloud.control("approve", sessionId=login["sessionId"])
        await self._until(lambda status: status["connected"])
        self.agent = (await self.ask("POST", "/api/cloud/agents", {"agentName": "soak"}))["agent"]["id"]
        await self.ask("POST", f"/api/cloud/agents/{self.agent}/connect")

    async def connected_again(self) -> None:
        await self._until(lambda status: status["connection"]["state"] == "connected")

    async def _until(self, true: Callable[[Any], bool]) -> None:
        async with asyncio.timeout(HANG):
            while not true(await self.ask("GET", "/api/cloud/status")):  # noqa: ASYNC110 - over HTTP
                await asyncio.sleep(0.05)

    async def chat(self) -> None:
        """Talk to the agent for ever, in one piece and in pieces; what fails is counted."""
        for path in itertools.cycle(("/api/chat", "/api/chat/stream")):
            url = f"{self._service}{path}"
            with contextlib.suppress(aiohttp.ClientError):
                async with self._session.post(url, json={"text": "hello"}, headers=self._headers) as answer:
                    await answer.read()
                    self.counts[f"chats answered {answer.status}"] += 1
            await asyncio.sleep(0.05)

    async def outages(self, rng: random.Random) -> None:
        """Let one thing after the other go wrong for a second or two; the link mends each time."""
        while True:
            what, fault = rng.choice([*OUTAGES, ("sandbox dies", {})])
            self.counts[what] += 1
            if fault:
                await self.cloud.fault(**fault)
            else:
                await self.cloud.control(f"agents/{self.agent}/sandbox", state="dead")
            await asyncio.sleep(rng.uniform(0.5, 2.0))
            if fault:
                await self.cloud.heal()
            else:
                await self.cloud.control(f"agents/{self.agent}/sandbox", state="running")
            await self.connected_again()
            await asyncio.sleep(rng.uniform(0.5, 3.0))


class Looks:
    """What the kernel says of a process, look after look."""

    def __init__(self, pid: int) -> None:
        self._process = Path(f"/proc/{pid}")
        self.resident: list[tuple[float, int]] = []  # seconds since the first look, KiB
        self.files: list[int] = []
        self.threads: list[int] = []
        self._begun = time.monotonic()

    def look(self) -> None:
        status = (self._process / "status").read_text()
        self.resident.append((time.monotonic() - self._begun, _number("VmRSS", status)))
        self.threads.append(_number("Threads", status))
        self.files.append(len(list((self._process / "fd").iterdir())))

    def between(self, begin: float, end: float) -> float:
        """Return the median resident memory of a stretch of time, in KiB."""
        return statistics.median(size for at, size in self.resident if begin <= at < end)


def _number(name: str, status: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+)", status, re.MULTILINE)
    assert found, name
    return int(found[1])


@pytest.mark.long
@pytest.mark.timeout(SECONDS + 120)
async def test_ten_real_minutes_leave_memory_files_and_threads_as_they_were(environment, figure):
    state_dir = settled_in(environment)
    with serving(EMULATOR, environment) as (_, cloud_url):
        pointed = {**environment, "ELIZA_CLOUD_ALLOW_LOOPBACK": "1", "ELIZAOS_CLOUD_BASE_URL": cloud_url}
        with serving(["serve", "--port", "0"], pointed) as (process, service_url):
            token = (state_dir / "api-token").read_text().strip()
            async with aiohttp.ClientSession() as session:
                cloud = Emulator(session, GENERATIONS[0])
                cloud.url = cloud_url
                soak = Soak(session, service_url, cloud, token)
                await soak.begin()
                looks = await live(soak, process.pid)
                backups = await soak.ask("GET", f"/api/cloud/agents/{soak.agent}/backups")
    first, last = looks.between(WARM_UP, WARM_UP + 60), looks.between(SECONDS - 60, SECONDS + 60)
    figure(
        f"real soak: {SECONDS:.0f} s, resident {first / 1024:.2f} MiB after {WARM_UP:.0f} s and "
        f"{last / 1024:.2f} MiB at the end ({(last - first) / first:+.2%}), "
        f"between {min(s for _, s in looks.resident) / 1024:.2f} and "
        f"{max(s for _, s in looks.resident) / 1024:.2f} MiB; "
        f"files {min(looks.files)}-{max(looks.files)}, threads {min(looks.threads)}-{max(looks.threads)}; "
        f"{len(backups['backups'])} backups kept; {dict(sorted(soak.counts.items()))}"
    )
    assert (last - first) / first <= FLAT
    assert looks.files[-1] <= looks.files[0] + 10
    assert max(looks.threads) <= 10


def settled_in(environment: dict[str, str]) -> Path:
    """Return the state directory, with settings in it."""
    state_dir = Path(environment["ELIZA_STATE_DIR"])
    state_dir.mkdir(mode=0o700)
    (state_dir / "eliza.json").write_text(json.dumps(SETTINGS))
    return state_dir


async def live(soak: Soak, pid: int) -> Looks:
    """Let it all happen for as long as the soak takes."""
    looks = Looks(pid)
    async with asyncio.TaskGroup() as tasks:
        forever = [tasks.create_task(soak.chat()), tasks.create_task(soak.outages(random.Random(7)))]
        for _ in range(int(SECONDS / LOOK_EVERY)):
            looks.look()
            await asyncio.sleep(LOOK_EVERY)
        for task in forever:
            task.cancel()
    await soak.cloud.heal()
    await soak.cloud.control(f"agents/{soak.agent}/sandbox", state="running")
    await soak.connected_again()
    looks.look()
    return looks
