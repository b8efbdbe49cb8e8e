"""Waiting for a job of the cloud (cloud-api §11)."""

from collections.abc import Awaitable, Callable

from eliza_cloud.cloud.client import ElizaCloudClient
from eliza_cloud.cloud.errors import CloudError, JobFailed
from eliza_cloud.cloud.types.models import Job, JobRef
from eliza_cloud.core.problems import JOB_FAILED


async def wait_for_job(
    client: ElizaCloudClient, job: JobRef, sleep: Callable[[float], Awaitable[None]]
) -> Job:
    """Poll a job until it has ended; raises `JobFailed`, or the error of a poll that retrying does not help.

    Between attempts a job is pending again with an error filled in, and a completed one may still carry it:
    neither is a failure. Failed polls that are retryable are retried. The caller bounds the time.
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
            if state.status == "completed":
                return state
            if not state.should_continue:
                raise _failed(state)
            pause = interval = state.interval
        await sleep(pause)


def _failed(job: Job) -> JobFailed:
    reason = job.error or f"it ended as {job.status}"
    return JobFailed(JOB_FAILED.occurred(said=reason, details={"jobId": job.id}))
