"""One link in this process, with everything it needs around it."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import TypeVar

import aiohttp
import structlog
from aiohttp import web
from aiohttp.test_utils import TestServer

from eliza_cloud.cloud.http.request import Timeouts
from eliza_cloud.runtime.cloud_session import CloudSession
from eliza_cloud.runtime.effect_runner import STATE_ACTIVITIES, VERIFIER, WAKE
from eliza_cloud.runtime.loop import CONSUMER
from eliza_cloud.runtime.manager import CloudManager
from eliza_cloud.runtime.observers import Observer, StepRecord
from eliza_cloud.store.config.file import ConfigFile
from eliza_cloud.store.config.settings import Settings
from eliza_cloud.store.credentials import Credentials
from eliza_cloud.store.paths import StatePaths
from eliza_cloud.store.sqlite.database import Database
from tests.harness.clock import FakeClock
from tests.harness.journals import Recording
from tests.harness.observers import Crash, OnStep
from tests.harness.scripted_cloud import KEY, A, ScriptedCloud, heartbeat_dead
from tests.harness.store import ControlledStore
from tests.harness.waiting import HANG

T = TypeVar("T")
ACTIVITIES = {*STATE_ACTIVITIES, VERIFIER, CONSUMER, WAKE, "poller"}


class LinkHarness:
    """One machine with one link in this process: real store, real HTTP to a scripted cloud, time by hand.

    `log` holds what was logged, `moves` the transitions. `unforeseen` is the end of a path: a call of it runs
    into an error that nobody has foreseen.
    """

    def __init__(
        self,
        paths: StatePaths,
        cloud: ScriptedCloud,
        server: TestServer,
        log: list[structlog.typing.EventDict],
    ) -> None:
        self.paths = paths
        self.cloud = cloud
        self.server = server
        self.log = log
        self.base_url = str(server.make_url("/"))
        self.pages_url: str | None = None
        self.allow_loopback = True
        self.clock = FakeClock()
        self.jitter = 1.0
        self.environ: dict[str, str] = {}
        self.settings = Settings()
        self.timeouts = Timeouts()
        self.observers: list[Observer] = []
        self.unforeseen: str | None = None
        self.traces = [self._errors()]
        self.crash = Crash()
        self.reports: list[StepRecord] = []
        self.moves: list[tuple[str, str]] = []
        self.journal: Recording
        self.credentials: Credentials
        self.store: ControlledStore
        self._cloud_session: CloudSession
        self._manager: CloudManager | None = None

    @property
    def link(self) -> CloudManager:
        assert self._manager is not None, "start() comes first"
        return self._manager

    @property
    def state(self) -> str:
        return self.link.status().connection.state

    async def start(self, *, key: str | None = KEY, verified: bool = True) -> CloudManager:
        """Start the service part; with a key it is signed in, and waited for until the cloud accepts it."""
        base_url = self.base_url
        self.store = ControlledStore(Database(self.paths.database))
        self.credentials = Credentials(
            ConfigFile(self.paths.config), self.store, self.environ, base_url.rstrip("/")
        )
        if key is not None:
            ConfigFile(self.paths.config).update(lambda document: _sign_in(document, key))
        self.journal = Recording(self.clock)
        self._cloud_session = CloudSession(
            base_url,
            allow_loopback=self.allow_loopback,
            pages_url=self.pages_url,
            timeouts=self.timeouts,
            traces=self.traces,
        )
        self._manager = CloudManager(
            settings=self.settings,
            credentials=self.credentials,
            cloud=self._cloud_session,
            clock=self.clock,
            jitter=lambda: self.jitter,
            observers=[self.crash, self.journal, OnStep(self._observe), *self.observers],
        )
        await self._manager.start()
        if key is not None and verified:
            await self.until(lambda: self.link.status().connected)
        return self._manager

    async def sign_in(self, answer: web.Response) -> str:
        """Sign in through the browser: the first poll is answered like this; return the session's id."""
        session = (await self.link.start_login()).session_id
        self.cloud.script["poll"] = [answer]
        await self.after(
            2.0, lambda: self.link.login_status(session).status != "pending", f"poller {session}"
        )
        await self.quiet()
        return session

    async def connected(self, agent_id: str = A) -> CloudManager:
        """Start signed in and link to an agent."""
        link = await self.start()
        await link.connect(agent_id)
        return link

    async def lose(self) -> None:
        """Let the sandbox die and three heartbeats miss it: the ladder begins, its first rung armed."""
        self.cloud.always["heartbeat"] = heartbeat_dead()
        for missed in range(1, 4):
            beats = self.cloud.count("heartbeat")
            await self.after(
                30.0,
                lambda n=missed, b=beats: self.cloud.count("heartbeat") == b + 1 and self._missed(n),
                "monitor",
            )
        await self.until(lambda: self.state == "reconnecting" and self.clock.pending("reconnector"))

    def _missed(self, times: int) -> bool:
        return self.link.facts.missed_heartbeats == times or self.state == "reconnecting"

    async def restart(self) -> CloudManager:
        """Stop as SIGTERM does, and start with what was left behind."""
        await self.stop()
        return await self.start(key=None)

    async def kill(self) -> None:
        """End as SIGKILL does: nothing is said, stored or taken leave of."""
        kinds = {*ACTIVITIES, "background_task"}
        tasks = [task for task in asyncio.all_tasks() if _kind(task) in kinds]
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        self.journal.check()
        await self._cloud_session.close()
        await self.store.close()
        self._manager = None

    async def stop(self) -> None:
        if self._manager is not None:
            await self._manager.stop()
            await self._cloud_session.close()
            self.journal.check()
            await self.store.close()
            self._manager = None

    async def until(self, true: Callable[[], object]) -> None:
        """Let everything run that needs no time, until something holds."""
        async with asyncio.timeout(HANG):
            while not true():  # noqa: ASYNC110 - what is waited for is not ours to announce itself
                await asyncio.sleep(0)

    async def after(self, seconds: float, true: Callable[[], object], of: str | None = None) -> None:
        """Wait for a timer of exactly this delay, let the time pass, and wait until something holds."""
        await self.until(lambda: round(seconds, 6) in self.clock.pending(of))
        self.clock.advance(seconds)
        await self.until(true)

    async def quiet(self) -> None:
        """Let everything run that needs no time, until nothing has happened for 20 ms and 100 turns."""
        seen, since, turns = None, 0.0, 0
        while turns < 100 or time.monotonic() - since < 0.02:
            await asyncio.sleep(0)
            now = (len(self.cloud.calls), dict(self.cloud.under_way), len(self.reports), len(self.log))
            turns += 1
            if now != seen or self._works():
                seen, since, turns = now, time.monotonic(), 0

    def _works(self) -> bool:
        """Whether the consumer or the store is at work, which may take longer than a turn."""
        consumes = self.link.running and not self.link.is_idle
        return consumes or any(task.get_name() == "credentials" for task in asyncio.all_tasks())

    async def outlast(self, work: Awaitable[T]) -> tuple[T, float]:
        """Let as much time pass as the work needs; return its result and the seconds."""
        task, begun = asyncio.ensure_future(work), self.clock.monotonic()
        while not task.done():
            await self.quiet()
            if not task.done() and (pending := self.clock.pending()):
                self.clock.advance(pending[0])
        return await task, self.clock.monotonic() - begun

    async def long_time(self) -> None:
        """Let an hour pass in small steps."""
        for _ in range(60):
            self.clock.advance(60.0)
            await asyncio.sleep(0)
        await self.quiet()

    def running(self) -> Counter[str]:
        """What runs beside the test and the server, by name, or by what it does where it has none."""
        tasks = (_what(task) for task in asyncio.all_tasks() - {asyncio.current_task()})
        return Counter(what for what in tasks if not what.startswith("RequestHandler"))

    def logged(self, event: str) -> list[structlog.typing.EventDict]:
        """The log's lines of one kind."""
        return [entry for entry in self.log if entry["event"] == event]

    def tasks(self) -> set[str]:
        """The names of the link's activities, but for the two that always run."""
        names = {task.get_name() for task in asyncio.all_tasks() if _kind(task) in ACTIVITIES}
        return names - {CONSUMER, WAKE}

    def _errors(self) -> aiohttp.TraceConfig:
        async def fail(_session: object, _context: object, call: aiohttp.TraceRequestStartParams) -> None:
            if self.unforeseen is not None and call.url.path.endswith(self.unforeseen):
                raise RuntimeError("nobody has foreseen this")

        trace = aiohttp.TraceConfig()
        trace.on_request_start.append(fail)
        return trace

    def _observe(self, report: StepRecord) -> None:
        self.reports.append(report)
        self.moves += [(source.value, target.value) for source, target in report.step.moves]


def _sign_in(document: dict, key: str) -> None:
    document.setdefault("cloud", {}).update(apiKey=key, enabled=True)


def _kind(task: asyncio.Task) -> str:
    """What kind of activity a task is: a poller is named after its session, too."""
    return task.get_name().partition(" ")[0]


def _what(task: asyncio.Task) -> str:
    name = task.get_name()
    return task.get_coro().__qualname__ if name.startswith("Task-") else name
