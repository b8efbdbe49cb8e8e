"""How many files a reader has to follow: those of the product that each flow runs through, counted live."""

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import eliza_cloud
from tests.harness.emulator import Emulator
from tests.harness.service import Service
from tests.harness.waiting import until

PACKAGE = str(Path(eliza_cloud.__file__).parent)
EMULATOR = str(Path(PACKAGE, "emulator"))


@dataclass
class Trail:
    """The files of the package in which something ran, and how often the next frame was in another one."""

    files: set[str] = field(default_factory=set)
    switches: int = 0
    _last: str = ""

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        name = frame.f_code.co_filename
        if event != "call" or not name.startswith(PACKAGE) or name.startswith(EMULATOR):
            return
        self.files.add(name.removeprefix(PACKAGE + "/"))
        self.switches += name != self._last
        self._last = name


@contextlib.contextmanager
def followed() -> Iterator[Trail]:
    trail = Trail()
    sys.setprofile(trail)
    try:
        yield trail
    finally:
        sys.setprofile(None)


async def connect(service: Service, cloud: Emulator) -> Trail:
    agent = await service.agent()
    with followed() as trail:
        assert (await service.post(f"/api/cloud/agents/{agent}/connect"))[0] == 200
    return trail


async def status(service: Service, cloud: Emulator) -> Trail:
    with followed() as trail:
        await service.get("/api/cloud/status")
    return trail


async def login(service: Service, cloud: Emulator) -> Trail:
    with followed() as trail:
        _, begun = await service.post("/api/cloud/login")
        await cloud.control("approve", sessionId=begun["sessionId"])
        # Not asked over HTTP again and again: how many requests that takes is a matter of the machine's load.
        await until(lambda: service.manager.login_status(begun["sessionId"]).status == "authenticated")
    answer = await service.get(f"/api/cloud/login/status?sessionId={begun['sessionId']}")
    assert answer["status"] == "authenticated"
    return trail


async def missed_heartbeat(service: Service, cloud: Emulator) -> Trail:
    await service.linked_agent()
    await cloud.fault("*/bridge", "drop", count=1)
    with followed() as trail:
        await until(lambda: service.manager.facts.missed_heartbeats > 0)
    return trail


async def completion(service: Service, cloud: Emulator) -> Trail:
    route = {"backend": "elizacloud", "transport": "cloud-proxy", "primaryModel": "m"}
    await service.call("PUT", "/api/cloud/routing/llmText", json=route)
    body = {"messages": [{"role": "user", "content": "Hello"}], "model": "m"}
    with followed() as trail:
        assert (await service.call("POST", "/v1/chat/completions", json=body)).status == 200
    return trail


async def disconnect(service: Service, cloud: Emulator) -> Trail:
    await service.linked_agent()
    with followed() as trail:
        assert (await service.post("/api/cloud/disconnect"))[0] == 200
    return trail


@pytest.mark.parametrize(
    ("flow", "files", "switches"),
    [
        (connect, 45, 440),
        (status, 14, 22),
        (login, 44, 600),
        (missed_heartbeat, 32, 250),
        (completion, 28, 100),
        (disconnect, 44, 260),
    ],
)
async def test_a_flow_runs_through_few_files(serve, cloud, flow, files, switches):
    service = await serve(cloud.url, key=await cloud.mint(), settings={"heartbeat_interval": 0.2})
    await service.until_connected()
    await until(lambda: service.manager.is_idle)
    await service.get("/api/cloud/status")
    trail = await flow(service, cloud)
    assert len(trail.files) <= files, sorted(trail.files)
    assert trail.switches <= switches
