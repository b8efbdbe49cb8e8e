"""Waiting for a job of the cloud (cloud-api §11, generation L)."""

from collections.abc import Awaitable, Callable

from eliza_cloud.cloud.client import ElizaCloudClient
from eliza_cloud.cloud.errors import (
    CloudError,
    DeleteNeedsBackup,
    JobFailed,
    JobSkipped,
    NotFound,
    PriceConfirmationRequired,
)
from eliza_cloud.cloud.types.decode import unexpected
from eliza_cloud.cloud.types.models import Job, JobRef
from eliza_cloud.core.problems import DELETE_NEEDS_BACKUP, JOB_FAILED, JOB_SKIPPED, PRICE_CHANGED

Sleep = Callable[[float], Awaitable[object]]

#: How the job of a start ends whose price has changed since it was accepted (cloud-api-latest L2).
_PRICE_CHANGED = "dedicated start price is missing or changed"


async def wait_for_job(
    client: ElizaCloudClient, job: JobRef, sleep: Sleep, on_poll: Callable[[Job], object] = lambda _: None
) -> Job:
    """Poll a job until it has ended, and return it when it is completed.

    Raises `JobFailed`, `JobSkipped` for one that is completed without having done anything,
    `PriceConfirmationRequired` for a start whose price has changed, or the error of a poll that retrying does
    not help. Between attempts a job is pending again with an error filled in, and a completed one may still
    carry it: neither is a failure. Failed polls that are retryable are retried. `on_poll` is given the job
    after each poll, with its attempts and its last error. The caller bounds the time.
    """
    interval = job.interval
    while True:
        pause = interval
        try:
            state = await client.get_job(job.id)
        except CloudError as error:
            if not error.retryable:
                raise
            pause = max(interval, error.retry_after or 0.0)
        else:
            on_poll(state)
            if state.status == "completed":
                return _done(state)
            if not state.should_continue:
                raise _failed(state)
            pause = interval = state.interval
        await sleep(pause)


async def wait_for_deletion(
    client: ElizaCloudClient,
    agent_id: str,
    job: JobRef,
    sleep: Sleep,
    on_poll: Callable[[Job], object] = lambda _: None,
) -> None:
    """Poll the job of a delete until the agent is gone; raises what `wait_for_job` raises.

    `DeleteNeedsBackup` says that the agent stays and goes on costing: the job has failed and the agent's
    record says so (cloud-api-latest L15). A job that is gone with its agent has done its work.
    """
    seen: list[Job] = []

    def watch(state: Job) -> None:
        seen[:] = [state]
        on_poll(state)

    try:
        await wait_for_job(client, job, sleep, watch)
    except (JobFailed, NotFound) as error:
        try:
            agent = await client.get_agent(agent_id)
        except NotFound as gone:
            if gone.is_json:
                return
            raise error from None
        except CloudError:
            raise error from None
        if isinstance(error, JobFailed) and agent.status == "deletion_failed":
            said = (seen[0].error if seen else None) or "its job failed"
            problem = DELETE_NEEDS_BACKUP.occurred(said=said, details={**error.details, "agentId": agent_id})
            raise DeleteNeedsBackup(problem, cloud_status=error.cloud_status) from error
        raise


async def fetch_logs(client: ElizaCloudClient, agent_id: str, sleep: Sleep, *, tail: int = 100) -> str:
    """Return the last lines of an agent's log, seeing the job through that fetches them."""
    logs = await client.start_logs(agent_id, tail=tail)
    if logs.job is None:
        return logs.text or ""
    job = await wait_for_job(client, logs.job, sleep)
    lines = job.result.get("logs")
    if isinstance(lines, str):
        return lines
    said = job.result.get("message") or job.result.get("error")
    if isinstance(said, str):
        raise JobFailed(JOB_FAILED.occurred(said=client.redact(said), details={"jobId": job.id}))
    raise unexpected("the job brought no log")


def _done(job: Job) -> Job:
    if job.skipped is not None:
        details = {"jobId": job.id, "reason": job.skipped}
        raise JobSkipped(JOB_SKIPPED.occurred(said=job.skipped, details=details))
    return job


def _failed(job: Job) -> CloudError:
    said = job.error or f"it ended as {job.status}"
    details = {"jobId": job.id}
    if said.casefold().startswith(_PRICE_CHANGED):
        return PriceConfirmationRequired(PRICE_CHANGED.occurred(said=said, details=details))
    if job.alternative_backup_id is not None:
        details["alternativeBackupId"] = job.alternative_backup_id
    return JobFailed(JOB_FAILED.occurred(said=said, details=details))
