"""Backups (local-api §14): one loop for the timer's and for those asked for by hand."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import msgspec
import structlog

from eliza_cloud.cloud.client import ElizaCloudClient
from eliza_cloud.cloud.errors import CloudError, Conflict
from eliza_cloud.cloud.jobs import wait_for_job
from eliza_cloud.cloud.types.decode import read_snapshot
from eliza_cloud.cloud.types.models import Restored, Snapshot
from eliza_cloud.core import log_events
from eliza_cloud.core.link import events
from eliza_cloud.core.link.events import Drained
from eliza_cloud.core.problems import BACKUP_TOO_SLOW, FINAL_BACKUP_TOO_SLOW, Problem
from eliza_cloud.runtime.activities.connector import ActivityContext
from eliza_cloud.runtime.clock import Flag, timeout, wait_for
from eliza_cloud.runtime.tasks import event_source

SNAPSHOT_TIMEOUT = 600.0
FINAL_SNAPSHOT_TIMEOUT = 8.0
MAX_REFUSALS = 2

log = structlog.get_logger()

T = TypeVar("T")


class Request(Generic[T]):
    """Something a caller wants of the loop. `answer` always gets a result: what was made, or a failure."""

    def __init__(self, backup_id: str | None = None) -> None:
        self.backup_id = backup_id
        self.origin = event_source()
        self.answer: asyncio.Future[T | Problem] = asyncio.get_running_loop().create_future()

    def settle(self, result: T | Problem) -> None:
        """Answer, unless answered."""
        if not self.answer.done():
            self.answer.set_result(result)


class BackupRequest(Request[Snapshot]):
    """Take a backup now."""


class RestoreRequest(Request[Restored]):
    """Go back to a backup; None is the newest."""


class BackupScheduler:
    """Takes a backup every `interval` seconds, and serves requests in between; never two calls at a time.

    A failure is a warning and no more. When the cloud refuses, twice in a row, to back up an agent that runs,
    it will not change its mind (cloud-api §21 row 10): the timer stops.
    """

    __slots__ = ("_context", "_interval", "_refusals", "_requests", "_wake")

    def __init__(self, context: ActivityContext, interval: Callable[[], float]) -> None:
        self._context = context
        self._interval = interval
        self._requests: list[BackupRequest | RestoreRequest] = []
        self._wake = Flag()
        self._refusals = 0

    def submit(self, request: BackupRequest | RestoreRequest) -> None:
        """Hand a request to the loop."""
        self._requests.append(request)
        self._wake.set()

    def close(self, problem: Problem) -> None:
        """Answer everyone who waits; the loop is about to be cancelled, or never began."""
        for request in self._requests:
            request.settle(problem)

    async def run(self) -> None:
        """Work until cancelled."""
        clock = self._context.clock
        due = clock.monotonic() + self._interval()
        while True:
            if self._refusals < MAX_REFUSALS:
                await wait_for(clock, self._wake, max(0.0, due - clock.monotonic()))
            else:
                await self._wake.wait()
                due = clock.monotonic() + self._interval()
            self._wake.clear()
            while self._requests:
                await self._serve(self._requests[0])
                self._requests.pop(0)
            if clock.monotonic() >= due:
                due = clock.monotonic() + self._interval()
                await self._take()

    async def _serve(self, request: BackupRequest | RestoreRequest) -> None:
        with request.origin.bind():
            if isinstance(request, BackupRequest):
                request.settle(await self._take())
                return
            try:
                request.settle(await self._context.client.restore(self._context.agent_id, request.backup_id))
            except CloudError as error:
                request.settle(error.problem)

    async def _take(self) -> Snapshot | Problem:
        begun = self._context.clock.monotonic()
        try:
            async with timeout(self._context.clock, SNAPSHOT_TIMEOUT):
                snapshot = await take_snapshot(
                    self._context.client, self._context.agent_id, self._context.sleep
                )
        except CloudError as error:
            return await self._failed(error)
        except TimeoutError:
            return self._report(BACKUP_TOO_SLOW.occurred(minutes=round(SNAPSHOT_TIMEOUT / 60)), refused=False)
        self._refusals = 0
        took = self._context.clock.monotonic() - begun
        self._context.post(
            events.BackupTaken(self._context.epoch, snapshot.size, took, blocking=snapshot.job is None)
        )
        return snapshot

    async def _failed(self, error: CloudError) -> Problem:
        lasts = isinstance(error, Conflict) and not error.retryable  # another job under way passes
        runs = lasts and await self._agent_runs()
        self._refusals = self._refusals + 1 if runs else 0
        return self._report(error.problem, refused=self._refusals >= MAX_REFUSALS)

    def _report(self, problem: Problem, *, refused: bool) -> Problem:
        log.warning(
            log_events.BACKUP_FAILED,
            agent_id=self._context.agent_id,
            code=problem.code,
            detail=problem.message,
            timer="stopped" if refused else "goes on",
        )
        self._context.post(events.BackupFailed(self._context.epoch, problem, refused))
        return problem

    async def _agent_runs(self) -> bool:
        try:
            return (await self._context.client.get_agent(self._context.agent_id)).status == "running"
        except CloudError:
            return False


async def take_snapshot(
    client: ElizaCloudClient, agent_id: str, sleep: Callable[[float], Awaitable[None]]
) -> Snapshot:
    """Take a snapshot and see its job through, where the cloud makes it one; raises `CloudError`."""
    snapshot = await client.snapshot(agent_id)
    if snapshot.job is None:
        return snapshot
    job = await wait_for_job(client, snapshot.job, sleep)
    taken = read_snapshot({"data": job.raw.get("result")}, status=202)
    return msgspec.structs.replace(taken, job=snapshot.job)


async def take_final_snapshot(context: ActivityContext) -> None:
    """Take the snapshot that closing ends with; an accepted job is enough. A failure is a warning."""
    begun = context.clock.monotonic()
    try:
        async with timeout(context.clock, FINAL_SNAPSHOT_TIMEOUT):
            snapshot = await context.client.snapshot(context.agent_id)
    except CloudError as error:
        problem = error.problem
    except TimeoutError:
        problem = FINAL_BACKUP_TOO_SLOW.occurred(seconds=round(FINAL_SNAPSHOT_TIMEOUT))
    else:
        context.post(events.BackupTaken(context.epoch, snapshot.size, context.clock.monotonic() - begun))
        return
    log.warning(
        log_events.BACKUP_FINAL_FAILED, agent_id=context.agent_id, code=problem.code, detail=problem.message
    )
    context.post(events.BackupFailed(context.epoch, problem))


async def drain(context: ActivityContext, *, snapshot: bool, paused: Callable[[], Awaitable[None]]) -> None:
    """Wait until what the link was doing has ended, save the agent's state, and post `Drained` anyway."""
    await paused()
    if snapshot:
        await take_final_snapshot(context)
    context.post(Drained(context.epoch))
