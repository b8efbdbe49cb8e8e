"""A connected life in fake time: real link, real store, a cloud that fails now and then, and what is kept.

The cloud stands behind `ClientSession.request` (see `tests.model.simulated_cloud`); a week takes seconds.
"""

import asyncio
import gc
import os
import random
import re
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec

from eliza_cloud.core.states import LinkState, Reason
from eliza_cloud.runtime.errors import LinkError
from eliza_cloud.runtime.manager import CloudManager, Holdings
from eliza_cloud.runtime.observers import StepRecord
from eliza_cloud.store.config.file import ConfigFile
from eliza_cloud.store.config.settings import Settings
from eliza_cloud.store.credentials import Credentials
from eliza_cloud.store.paths import StatePaths
from eliza_cloud.store.sqlite.database import Database, SqliteStore
from tests.harness.cloud_contract import A
from tests.harness.journals import Recording
from tests.harness.observers import OnStep
from tests.model.cloud_behaviours import BEHAVIOURS, only
from tests.model.simulated_cloud import BASE_URL, Call, Response, SimulatedCloud, session_with, usual
from tests.model.step_checks import StepChecks
from tests.model.virtual_loop import LoopClock, VirtualLoop

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
OUTAGES = ("silent", "slow", "dead sandbox", "dead sandbox, jobs", "no backups", "down", "busy", "cut")
SLOWNESS = 7.0
BACK_AGAIN = 400.0  # seconds: the ladder's longest pause is 60 s, Retry-After is at most 300 s


class Kept(msgspec.Struct, frozen=True):
    """What a service at rest holds on to."""

    tasks: int
    timers: int
    heap: int
    files: int
    link: Holdings
    objects: int
    resident: int


class Week:
    """One machine with one link that lives on while outages come and go."""

    def __init__(self, paths: StatePaths, seed: int) -> None:
        self.rng = random.Random(seed)
        self.loop = VirtualLoop()
        self.clock = LoopClock(self.loop)
        self.counts: Counter[str] = Counter()
        self.keys = 0
        self.approved = False
        self.behaviour = "good"
        self.broken: list[str] = []
        self.cloud = SimulatedCloud(self._on_call)
        self.cloud.by_itself = self._answer
        self.checks = StepChecks(lambda: self.link.facts, lambda: self.cloud.parked)
        self.store = SqliteStore(Database(paths.database))
        self.journal = Recording(self.clock, paths.directory.with_name("journal"))
        self.access = session_with(self.cloud)
        self.link = CloudManager(
            settings=Settings(login_timeout=60.0),
            credentials=Credentials(ConfigFile(paths.config), self.store, {}, BASE_URL),
            cloud=self.access,
            clock=self.clock,
            jitter=self.rng.random,
            observers=[self.journal, OnStep(self._on_step)],
        )

    def begin(self) -> None:
        """Start, sign in, and link."""
        self.wait_for(self.link.start())
        self.sign_in()
        self.wait_for(self.link.connect(A))

    def end(self) -> None:
        """Stop, and leave nothing behind."""
        self.wait_for(self.link.stop())
        self.wait_for(self.access.close())
        self.wait_for(self.store.close())
        self.journal.check()
        assert asyncio.all_tasks(self.loop) == set()
        assert self.loop.timers() == []
        self.loop.close()

    def wait_for(self, work: Coroutine[Any, Any, Any], at_most: float = 60.0) -> object:
        """Let time pass until the work is done; a refusal is a result like any other."""
        task = self.loop.create_task(_outcome(work), name="caller")
        end = self.loop.now + at_most
        self.loop.settle()
        while not task.done():
            assert self.loop.now < end, "a caller is not answered"
            self.loop.pass_time(1.0)
        return task.result()

    def sign_in(self) -> None:
        """Sign in, again where one is signed in already."""
        self.approved = True
        self.wait_for(self.link.start_login())
        self.loop.pass_time(5.0)
        assert not self.approved, "the key was not collected"

    def live(self, seconds: float) -> None:
        """Let some hours pass: quiet ones, outages, callers who come and some who go."""
        end = self.loop.now + seconds
        while self.loop.now < end:
            self.loop.pass_time(self.rng.uniform(0.2, 1.0) * HOUR)
            self._somebody_calls()
            self._outage(self.rng.choice(OUTAGES), 10 ** self.rng.uniform(1.0, 4.0))

    def _outage(self, behaviour: str, seconds: float) -> None:
        self.counts[behaviour] += 1
        self.behaviour = behaviour
        self.loop.pass_time(seconds / 2)
        self._somebody_calls()
        self.loop.pass_time(seconds / 2)
        self.behaviour = "good"
        for call in self.cloud.waiting:
            call.answer.set_result(self._good(call))
        self._come_back()

    def _come_back(self) -> None:
        """The link mends itself, unless it has given up: then a machine that wakes mends it, or a caller."""
        self.loop.settle()
        facts = self.link.facts
        retries_exhausted = facts.state is LinkState.DISCONNECTED and facts.reason is Reason.RETRIES_EXHAUSTED
        if retries_exhausted and self.rng.random() < 0.5:
            self.counts["woke"] += 1
            self.clock.offset += HOUR
        elif retries_exhausted or facts.state is LinkState.ERROR:
            self.counts["connected by hand"] += 1
            self.wait_for(self.link.connect(A))
        end = self.loop.now + BACK_AGAIN
        while self.link.facts.state is not LinkState.CONNECTED:
            assert self.loop.now < end, f"after {self.behaviour}: {self.link.facts}"
            self.loop.pass_time(1.0)

    def _somebody_calls(self) -> None:
        """Callers of all kinds; half of them do not wait for the answer."""
        link = self.link
        calls: list[Callable[[], Coroutine[Any, Any, Any]]] = [
            lambda: link.take_backup(A),
            lambda: link.restore(A, None),
            lambda: link.connect(A),
            lambda: link.ask_cloud(lambda client: client.list_agents()),
            link.start_login,
        ]
        for call in self.rng.sample(calls, 2):
            self.counts["callers"] += 1
            task = self.loop.create_task(_outcome(call()), name="caller")
            self.loop.turn()
            if self.rng.random() < 0.5:
                task.cancel()
        self.loop.settle()

    def kept(self) -> Kept:
        """Look at what is held, when nothing is under way."""
        self.loop.pass_time(15 * MINUTE)
        assert self.link.facts.state is LinkState.CONNECTED
        while self.cloud.parked:
            self.loop.pass_time(0.5)
        gc.collect()
        return Kept(
            tasks=len(asyncio.all_tasks(self.loop)),
            timers=len(self.loop.timers()),
            heap=self.loop.scheduled,
            files=len(os.listdir("/proc/self/fd")),  # noqa: PTH208 - no paths are needed
            link=self.link.holdings,
            objects=len(gc.get_objects()),
            resident=_resident(),
        )

    def _answer(self, call: Call) -> Response | None:
        if self.behaviour == "good":
            return self._good(call)
        if self.behaviour == "slow":
            self.loop.call_later(SLOWNESS, _answer_late, call)
            return None
        if self.behaviour == "cut":
            raise ConnectionResetError("cut")
        return BEHAVIOURS.get(self.behaviour, only(set(), usual))(call)

    def _good(self, call: Call) -> Response:
        if call.name != "poll" or not self.approved:
            return usual(call)
        self.approved = False
        self.keys += 1
        return Response(200, {"status": "authenticated", "apiKey": f"eliza_{self.keys}"})

    def _on_call(self, call: Call) -> None:
        self.counts[f"calls {call.name}"] += 1
        self.checks.call(call)

    def _on_step(self, report: StepRecord) -> None:
        self.checks.step(report)


async def _outcome(work: Coroutine[Any, Any, Any]) -> object:
    try:
        return await work
    except LinkError as error:
        return error.problem


def _answer_late(call: Call) -> None:
    if not call.answer.done():
        call.answer.set_result(usual(call))


def _resident() -> int:
    """Return this process's resident memory in KiB."""
    found = re.search(r"^VmRSS:\s+(\d+)", Path("/proc/self/status").read_text(), re.MULTILINE)
    return int(found[1]) if found else 0
