"""Jobs (cloud-api §11): queued, run by tasks of this module, tried up to three times with pauses between."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from aiohttp import web

from eliza_cloud.emulator.server.cloud import Cloud
from eliza_cloud.emulator.server.database import Row, new_id
from eliza_cloud.emulator.server.responses import to_json

_LOG = logging.getLogger(__name__)

STARTING = ("milady_provision", "agent_provision", "agent_resume", "agent_restart")


class AttemptError(Exception):
    """One attempt of a job failed; the message becomes the job's `error`."""


@dataclass(frozen=True, slots=True)
class Work:
    """How a kind of job is done, how long it is said to take (seconds), and what giving up leaves behind."""

    expected_seconds: float
    attempt: Callable[[Cloud, Row], Awaitable[Mapping[str, object]]]
    give_up: Callable[[Cloud, Row, str], None]


class JobRunner:
    """The queue and its workers: one task for each unfinished job."""

    def __init__(self, cloud: Cloud, kinds: Mapping[str, Work]) -> None:
        self._cloud = cloud
        self._kinds = kinds
        self._tasks: set[asyncio.Task[None]] = set()

    def enqueue_once(self, agent: Row, kind: str) -> tuple[Row, bool]:
        """The agent's unfinished job of this kind, or a new one; True if it is new."""
        existing = self.active(agent["id"], (kind,))
        if existing is not None:
            return existing, False
        now = self._cloud.clock.time()
        job_id = new_id()
        with self._cloud.database.transaction():
            self._cloud.database.insert(
                "jobs",
                {
                    "id": job_id,
                    "organization_id": agent["organization_id"],
                    "agent_id": agent["id"],
                    "type": kind,
                    "status": "pending",
                    "fail_attempts": agent["fail_attempts"],
                    "estimated_completion_at": now + self._kinds[kind].expected_seconds,
                    "scheduled_for": now,
                    "created_at": now,
                    "updated_at": now,
                },
            )
            self._cloud.database.update("agents", agent["id"], {"fail_attempts": 0})
        self._start(job_id)
        return self._get(job_id), True

    def active(self, agent_id: str, kinds: tuple[str, ...]) -> Row | None:
        """The agent's newest unfinished job of one of these kinds."""
        rows = self._cloud.database.all(
            "SELECT * FROM jobs WHERE agent_id = ? AND status IN ('pending', 'in_progress')"
            " ORDER BY created_at DESC, rowid DESC",
            agent_id,
        )
        return next((row for row in rows if row["type"] in kinds), None)

    def expected_ms(self, kind: str) -> int:
        """The duration that answers announce for this kind of job."""
        return int(self._kinds[kind].expected_seconds * 1000)

    def resume_unfinished(self) -> None:
        """After a restart: what was under way is tried again from the beginning."""
        rows = self._cloud.database.all("SELECT * FROM jobs WHERE status IN ('pending', 'in_progress')")
        for job in rows:
            self._change(job["id"], status="pending")
            if job["type"] in STARTING:
                self._cloud.database.run(
                    "UPDATE agents SET status = 'pending' WHERE id = ? AND status = 'provisioning'",
                    job["agent_id"],
                )
            self._start(job["id"])

    async def close(self) -> None:
        """Cancel what is under way; the next start takes it up again."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _get(self, job_id: str) -> Row:
        job = self._cloud.database.one("SELECT * FROM jobs WHERE id = ?", job_id)
        if job is None:
            raise LookupError("A queued job has disappeared from the emulator's database.")
        return job

    def _change(self, job_id: str, **columns: object) -> None:
        self._cloud.database.update("jobs", job_id, {**columns, "updated_at": self._cloud.clock.time()})

    def _start(self, job_id: str) -> None:
        task = asyncio.create_task(self._run(job_id), name=f"emulator-job-{job_id}")
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _LOG.error("A job of the emulator broke.", exc_info=task.exception())

    async def _run(self, job_id: str) -> None:
        while (job := self._get(job_id))["status"] == "pending":
            await self._cloud.clock.sleep(max(0.0, job["scheduled_for"] - self._cloud.clock.time()))
            self._change(job_id, status="in_progress", started_at=self._cloud.clock.time())
            try:
                result = await self._kinds[job["type"]].attempt(self._cloud, job)
            except AttemptError as failure:
                self._failed(job, str(failure))
            else:
                self._change(
                    job_id, status="completed", result=to_json(result), completed_at=self._cloud.clock.time()
                )

    def _failed(self, job: Row, error: str) -> None:
        attempts = job["attempts"] + 1
        is_over = attempts >= job["max_attempts"]
        pauses = self._cloud.pace.job_retry_seconds
        pause = 0.0 if is_over else pauses[min(attempts, len(pauses)) - 1]
        self._change(
            job["id"],
            status="failed" if is_over else "pending",
            attempts=attempts,
            error=error,
            result=to_json({"cloudAgentId": job["agent_id"], "status": "error", "error": error}),
            scheduled_for=job["scheduled_for"] if is_over else self._cloud.clock.time() + pause,
        )
        if is_over:
            self._kinds[job["type"]].give_up(self._cloud, job, error)


JOBS = web.AppKey("jobs", JobRunner)
