"""A machine with a state directory of the test's own, an Eliza Cloud beside it, and the doctor's verdict."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from eliza_cloud.cli.installation import installation
from eliza_cloud.cloud.client import ElizaCloudClient
from eliza_cloud.cloud.config import CloudConfig
from eliza_cloud.cloud.http.address import parse_base_url
from eliza_cloud.cloud.http.session import open_session
from eliza_cloud.ops.doctor.result import Finding
from eliza_cloud.ops.doctor.run import DoctorReport, examine
from eliza_cloud.redaction.secret import Secret
from eliza_cloud.store.sqlite.database import AgentRecord, Database, SqliteStore
from tests.harness.emulator import Emulator, emulator
from tests.harness.ports import free_port
from tests.harness.processes import CLI, started
from tests.harness.waiting import until


@dataclass
class Machine:
    """The environment of a service that may run here, and its files."""

    environ: dict[str, str]
    state: Path
    report: DoctorReport | None = None

    def settings(self, **cloud: Any) -> None:
        self.write(json.dumps({"cloud": cloud}))

    def write(self, text: str) -> None:
        self.state.mkdir(mode=0o700, exist_ok=True)
        (self.state / "eliza.json").write_text(text)
        (self.state / "eliza.json").chmod(0o600)

    async def keep(self, **record: Any) -> None:
        """Write the agent's record as the service does."""
        database = Database(self.state / "agent.sqlite3")
        await SqliteStore(database).save(AgentRecord(**record))
        await database.close()

    async def examined(self) -> dict[str, Finding]:
        """What the doctor finds, by check."""
        self.report = await examine(installation(self.environ))
        return {finding.check.value: finding for finding in self.report.checks}

    async def failures(self) -> dict[str, str | None]:
        """The code of each check that fails."""
        found = await self.examined()
        return {name: finding.code for name, finding in found.items() if finding.result == "FAIL"}


@pytest.fixture
def machine(tmp_path) -> Machine:
    (tmp_path / "home").mkdir()
    state = tmp_path / "state"
    return Machine(
        {
            "HOME": str(tmp_path / "home"),
            "ELIZA_STATE_DIR": str(state),
            "ELIZA_API_PORT": str(free_port()),
            "ELIZA_PORT": str(free_port()),
            "ELIZA_CLOUD_ALLOW_LOOPBACK": "1",
            "ELIZAOS_CLOUD_BASE_URL": "http://127.0.0.1:9",
        },
        state,
    )


class CloudWithClient(Emulator):
    """An emulated cloud, and a client with its key."""

    client: ElizaCloudClient

    async def running_agent(self) -> str:
        await self.balance(20)
        agent = (await self.client.create_agent("ada")).agent
        await self.client.provision(agent.id)

        async def runs() -> bool:
            return (await self.client.get_agent(agent.id)).status == "running"

        await until(runs)
        return agent.id


@pytest.fixture
async def cloud(machine) -> AsyncIterator[CloudWithClient]:
    """A cloud that the machine is pointed at."""
    async with emulator(CloudWithClient) as started:
        machine.environ["ELIZAOS_CLOUD_BASE_URL"] = started.url
        base_url = parse_base_url(started.url, allow_loopback=True)
        async with open_session(base_url) as session:
            config = CloudConfig.of(base_url, Secret(started.key))
            started.client = ElizaCloudClient(config, session=session)
            yield started


Serve = Callable[..., Awaitable[str]]


@pytest.fixture
async def serve(machine) -> AsyncIterator[Serve]:
    """Start a server that answers everything with one handler; the machine is pointed at it."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(handler: Any, *, tls: Any = None) -> str:
            app = web.Application()
            app.router.add_route("*", "/{tail:.*}", handler)
            runner = web.AppRunner(app, shutdown_timeout=0.1)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
            await site.start()
            port = runner.addresses[0][1]
            url = f"{'http' if tls is None else 'https'}://127.0.0.1:{port}"
            machine.environ["ELIZAOS_CLOUD_BASE_URL"] = url
            return url

        yield start


def kept_environment(machine: Machine) -> dict[str, str]:
    """The environment for a process of its own on this machine."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("ELIZA")}
    return {**others, **machine.environ}


@contextlib.asynccontextmanager
async def served(machine: Machine) -> AsyncIterator[asyncio.subprocess.Process]:
    """A service of this machine, as a process, on the ports its variables say."""
    command = (*CLI, "serve")
    async with started(*command, env=kept_environment(machine), stderr=subprocess.DEVNULL) as process:
        assert (await process.stdout.readline()).startswith(b"Listening on")
        yield process
        if process.returncode is None:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            await process.wait()
