"""A machine with a state directory, the services that run on it, and the emulated cloud they use."""

import asyncio
import json
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from eliza_cloud.store.sqlite.database import AgentRecord, Database, SqliteStore
from tests.crash.processes import Child, ForkedService, ForkServer
from tests.harness.calls import TOKEN, EmulatorCalls
from tests.harness.processes import emulator_process
from tests.harness.waiting import wait_until

SETTINGS = {
    "login": {"pollIntervalMs": 20},
    "bridge": {"heartbeatIntervalMs": 500, "reconnectIntervalMs": 20, "maxReconnectDelayMs": 100},
}


class Machine:
    """A state directory, and next to it what the tests write down about it."""

    def __init__(self, fork_server: ForkServer, cloud: EmulatorCalls, directory: Path) -> None:
        self.fork_server = fork_server
        self.cloud = cloud
        self.state = directory / "state"
        self.notes = directory / "notes"
        self.config = self.state / "eliza.json"
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "ELIZA_STATE_DIR": str(self.state),
            "ELIZA_API_TOKEN": TOKEN,
            "ELIZA_CLOUD_ALLOW_LOOPBACK": "1",
            "ELIZAOS_CLOUD_BASE_URL": cloud.url,
        }
        self.children: list[Child] = []
        self.state.mkdir(mode=0o700)
        self.notes.mkdir()

    def serve(self, **job: Any) -> ForkedService:
        """Start a service; it may not be ready yet."""
        return self._child(ForkedService, run="serve", **job)

    def start(self, **job: Any) -> ForkedService:
        """Start a service and wait until it answers."""
        return self.serve(**job).started()

    def signed_in(self, **job: Any) -> ForkedService:
        """Start a service and sign in."""
        service = self.start(**job)
        service.login(self.cloud)
        service.until_linked(None)
        return service

    def linked(self, **job: Any) -> tuple[ForkedService, str]:
        """Start a service, sign in, and connect to a new agent."""
        service = self.signed_in(**job)
        agent = service.create_agent()
        service.post(f"/api/cloud/agents/{agent}/connect")
        return service, agent

    def stopped_in_a_sign_out(self, service: ForkedService, fault: str) -> tuple[int, Any]:
        """Stop a service whose sign-out has met a fault, and return what the sign-out was answered."""
        answers = []
        caller = threading.Thread(target=lambda: answers.append(service.ask("POST", "/api/cloud/disconnect")))
        caller.start()
        wait_until(lambda: self.cloud.met(fault))
        service.signal(signal.SIGTERM)
        caller.join()
        assert service.wait() == 0
        (answer,) = answers
        return answer

    @property
    def key(self) -> str | None:
        """The key in eliza.json."""
        return self.document()["cloud"].get("apiKey")

    def writer(self, number: int) -> Child:
        """Start another program that writes a key of its own, counting on from a number."""
        more = {"config": str(self.config), "acknowledged": str(self.notes / "acknowledged")}
        return self._child(Child, run="write", **more, **{"from": number})

    def _child(self, kind: type[Any], **job: Any) -> Any:
        name = f"{job['run']}-{len(self.children)}"
        files = {"out": str(self.notes / f"{name}.out"), "log": str(self.notes / f"{name}.log")}
        environ = {**self.environ, **job.pop("environ", {})}
        child = kind(self.fork_server, environ=environ, **files, **job)
        self.children.append(child)
        return child

    def document(self) -> dict[str, Any]:
        """Return eliza.json, which has to be plain JSON."""
        found = json.loads(self.config.read_text())
        assert isinstance(found, dict)
        return found

    def record(self) -> AgentRecord:
        """Return the agent record as a kill left it, read from a copy so that nothing is changed."""
        copy = self.notes / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        for name in ("agent.sqlite3", "agent.sqlite3-wal"):
            with suppress(FileNotFoundError):
                shutil.copy(self.state / name, copy)
        return _load(copy / "agent.sqlite3")

    def record_in_use(self) -> AgentRecord:
        """Return the agent record while a service may be writing it: a copy could be torn then."""
        return _load(self.state / "agent.sqlite3")

    def files_with(self, text: str) -> list[str]:
        """Return the files of the state directory that hold a text."""
        return [
            path.name for path in self.state.rglob("*") if path.is_file() and text.encode() in _bytes(path)
        ]

    def close(self) -> None:
        for child in self.children:
            child.kill()


def _load(database: Path) -> AgentRecord:
    async def load() -> AgentRecord:
        store = SqliteStore(Database(database))
        try:
            return await store.load()
        finally:
            await store.close()

    return asyncio.run(load())


def _bytes(path: Path) -> bytes:
    with suppress(FileNotFoundError):
        return path.read_bytes()
    return b""


@contextmanager
def emulator(generation: str = "2026-04") -> Iterator[EmulatorCalls]:
    """Run an emulator whose default user never runs out of credits or agents."""
    with emulator_process(os.environ, generation) as cloud:
        cloud.control("organization", balance=1_000_000, maxAgents=1_000_000)
        yield cloud
