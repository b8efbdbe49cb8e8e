"""Jobs (cloud-api §11): queued, run by tasks of this module, tried up to three times with pauses between."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from eliza_cloud.emulator.server.cloud import Cloud
from eliza_cloud.emulator.server.database import Row, new_id
from eliza_cloud.emulator.server.responses import to_json

_LOG = logging.getLogger(__name__)

STARTING = ("milady_provision", "agent_provision", "agent_resume", "agent_restart", "agent_wake")
# The share of a job's first attempt that it waits, `pending`, for the worker to pick it up (cloud-api §23).
_PICK_UP_SHARE = 1 / 4


class AttemptError(Exception):
    """One attempt of a job failed; the message becomes the job's `error`.

    `is_final` ends the job whatever attempts are left; `result` adds members to the job's result.
    """

    def __init__(
        self, message: str, *, is_final: bool = False, result: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(message)
        self.is_final = is_final
        self.result = result or {}


class NotYetError(Exception):
    """The attempt cannot be made at present: the job waits again, without using up an attempt."""

    def __init__(self, result: Mapping[str, object]) -> None:
        super().__init__("The job waits for another attempt.")
        self.result = result


@dataclass(frozen=True, slots=True)
class Work:
    """How a kind of job is done.

    `expected_seconds` gives `estimatedCompletionAt`, `polling_seconds` the duration that `polling` announces,
    if that is another. `attempt` gets the seconds to take, `give_up` records what a failed job leaves behind.
    `share` is the job's part of the time that starting an agent takes, `failed` what its result says then.
    """

    expected_seconds: float
    attempt: Callable[[Cloud, Row, float], Awaitable[Mapping[str, object]]]
    give_up: Callable[[Cloud, Row, str], None]
    share: float = 1.0
    max_attempts: int = 3
    polling_seconds: float | None = None
    failed: Mapping[str, object] = field(default_factory=lambda: {"status": "error"})


class JobRunner:
    """The queue and its workers: one task for each unfinished job."""

    def __init__(self, cloud: Cloud, kinds: Mapping[str, Work]) -> None:
        self._cloud = cloud
        self._kinds = kinds
        self._tasks: set[asyncio.Task[None]] = set()
        self._working = asyncio.Event()
        self._working.set()

    def enqueue_once(
        self,
        agent: Row,
        kind: str,
        *,
        price: str | None = None,
        parameters: Mapping[str, object] | None = None,
    ) -> tuple[Row, bool]:
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
                    "max_attempts": self._kinds[kind].max_attempts,
                    "fail_attempts": agent["fail_attempts"],
                    "skip_reason": agent["skip_reason"],
                    "accepted_price": price,
                    "parameters": to_json(parameters or {}),
                    "estimated_completion_at": now + self._kinds[kind].expected_seconds,
                    "scheduled_for": now,
                    "created_at": now,
                    "updated_at": now,
                },
            )
            self._cloud.database.update("agents", agent["id"], {"fail_attempts": 0, "skip_reason": None})
        self._start(job_id)
        return self.get(job_id), True

    def unfinished(self, agent_id: str) -> list[Row]:
        """The agent's unfinished jobs, newest first."""
        return self._cloud.database.all(
            "SELECT * FROM jobs WHERE agent_id = ? AND status IN ('pending', 'in_progress')"
            " ORDER BY created_at DESC, rowid DESC",
            agent_id,
        )

    def active(self, agent_id: str, kinds: tuple[str, ...]) -> Row | None:
        """The agent's newest unfinished job of one of these kinds."""
        return next((row for row in self.unfinished(agent_id) if row["type"] in kinds), None)

    def cancel(self, job: Row) -> bool:
        """End a job that no worker has picked up yet as `cancelled` (generation L); False if one has."""
        now = self._cloud.clock.time()
        return bool(
            self._cloud.database.run(
                "UPDATE jobs SET status = 'cancelled', completed_at = ?, updated_at = ?"
                " WHERE id = ? AND status = 'pending'",
                now,
                now,
                job["id"],
            )
        )

    def set_parameters(self, job: Row, **parameters: object) -> None:
        """Add parameters to a job that is not finished."""
        self._change(job["id"], parameters=to_json({**json.loads(job["parameters"]), **parameters}))

    def get(self, job_id: str) -> Row:
        """The job with this id, which must exist."""
        job = self._cloud.database.one("SELECT * FROM jobs WHERE id = ?", job_id)
        if job is None:
            raise LookupError("A queued job has disappeared from the emulator's database.")
        return job

    def expected_ms(self, kind: str) -> int:
        """The duration that `polling` announces for this kind of job."""
        work = self._kinds[kind]
        return int((work.expected_seconds if work.polling_seconds is None else work.polling_seconds) * 1000)

    def stall(self, *, is_stalled: bool) -> None:
        """Let the workers pick up no job, or pick up jobs again."""
        (self._working.clear if is_stalled else self._working.set)()

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

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run work that has no job to poll, owned by this runner."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def is_running(self, name: str) -> bool:
        """Whether work of this name is under way."""
        return any(task.get_name() == name for task in self._tasks)

    async def close(self) -> None:
        """Cancel what is under way; the next start takes it up again."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _change(self, job_id: str, **columns: object) -> None:
        self._cloud.database.update("jobs", job_id, {**columns, "updated_at": self._cloud.clock.time()})

    def _start(self, job_id: str) -> None:
        self.spawn(self._run(job_id), _name(job_id))

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _LOG.error("A job of the emulator broke.", exc_info=task.exception())

    def _claim(self, job_id: str) -> bool:
        now = self._cloud.clock.time()
        return bool(
            self._cloud.database.run(
                "UPDATE jobs SET status = 'in_progress', started_at = ?, updated_at = ?"
                " WHERE id = ? AND status = 'pending'",
                now,
                now,
                job_id,
            )
        )

    async def _run(self, job_id: str) -> None:
        while (job := self.get(job_id))["status"] == "pending":
            work = self._kinds[job["type"]]
            seconds = work.share * self._cloud.pace.job_seconds
            waited = seconds * _PICK_UP_SHARE if job["attempts"] == 0 and job["started_at"] is None else 0.0
            await self._cloud.clock.sleep(max(0.0, job["scheduled_for"] + waited - self._cloud.clock.time()))
            await self._working.wait()
            if not self._claim(job_id):
                return
            try:
                result = await work.attempt(self._cloud, self.get(job_id), seconds - waited)
            except AttemptError as failure:
                self._failed(job, failure)
            except NotYetError as delay:
                self._delayed(job, delay)
            else:
                self._change(
                    job_id, status="completed", result=to_json(result), completed_at=self._cloud.clock.time()
                )

    def _pause(self, attempts: int) -> float:
        pauses = self._cloud.pace.job_retry_seconds
        return pauses[min(max(attempts, 1), len(pauses)) - 1]

    def _delayed(self, job: Row, delay: NotYetError) -> None:
        scheduled_for = self._cloud.clock.time() + self._pause(1)
        self._change(job["id"], status="pending", result=to_json(delay.result), scheduled_for=scheduled_for)

    def _failed(self, job: Row, failure: AttemptError) -> None:
        error = str(failure)
        attempts = job["attempts"] + 1
        is_over = failure.is_final or attempts >= job["max_attempts"]
        pause = 0.0 if is_over else self._pause(attempts)
        members = self._kinds[job["type"]].failed
        result = {"cloudAgentId": job["agent_id"], **members, "error": error, **failure.result}
        self._change(
            job["id"],
            status="failed" if is_over else "pending",
            attempts=attempts,
            error=error,
            result=to_json(result),
            scheduled_for=job["scheduled_for"] if is_over else self._cloud.clock.time() + pause,
        )
        if is_over:
            self._kinds[job["type"]].give_up(self._cloud, job, error)


def _name(job_id: str) -> str:
    return f"emulator-job-{job_id}"


JOBS = web.AppKey("jobs", JobRunner)
