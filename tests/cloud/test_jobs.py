"""Waiting for a job (cloud-api §11)."""

import pytest
from aiohttp import web

from eliza_cloud.cloud.errors import InvalidResponse, JobFailed, KeyRefused, NotFound
from eliza_cloud.cloud.jobs import wait_for_job
from eliza_cloud.cloud.types.models import JobRef

PATH = "/api/v1/jobs/j1"
JOB = JobRef("j1", 2.0, None)


def state(status, *, polling=None, **data):
    return (200, {"success": True, "data": {"id": "j1", "status": status, **data}, "polling": polling})


def waiting(status="pending", interval=5000, **data):
    return state(status, polling={"intervalMs": interval, "shouldContinue": True}, **data)


@pytest.fixture
def pauses():
    return []


@pytest.fixture
async def wait(client, pauses):
    async def sleep(seconds):
        pauses.append(seconds)
        assert len(pauses) < 20, "waited for ever"

    async def run():
        return await wait_for_job(client, JOB, sleep)

    return run


async def test_a_job_is_polled_by_the_hint_until_it_is_completed(cloud, wait, pauses):
    result = {"cloudAgentId": "a", "status": "running"}
    ended = state("completed", polling={"shouldContinue": False}, result=result)
    cloud.on("GET", PATH, waiting(), waiting("in_progress", 250), ended)
    job = await wait()
    assert (job.status, job.should_continue, job.raw["result"]) == ("completed", False, result)
    assert pauses == [5.0, 0.25]


async def test_an_error_between_attempts_is_not_final(cloud, wait, pauses):
    between = {"attempts": 1, "maxAttempts": 3, "error": "image pull failed", "result": {"status": "error"}}
    cloud.on(
        "GET",
        PATH,
        waiting("in_progress"),
        waiting(**between),
        waiting("in_progress", error="x"),
        state("completed"),
    )
    assert (await wait()).status == "completed"
    assert len(pauses) == 3


async def test_failed_is_not_final_while_the_cloud_says_to_go_on(cloud, wait):
    cloud.on("GET", PATH, waiting("failed", error="attempt 1"), state("completed"))
    assert (await wait()).status == "completed"


async def test_a_stale_error_of_a_completed_job_is_success(cloud, wait):
    cloud.on("GET", PATH, state("completed", error="attempt 1 failed", polling={"shouldContinue": False}))
    assert (await wait()).error == "attempt 1 failed"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (state("failed", error="no capacity", polling={"shouldContinue": False}), "no capacity"),
        (state("failed", error="no capacity"), "no capacity"),
        (state("failed"), "ended as failed"),
        (state("cancelled", polling={"shouldContinue": False}), "ended as cancelled"),
    ],
)
async def test_a_job_that_ended_otherwise_has_failed(cloud, wait, answer, said):
    cloud.on("GET", PATH, waiting(), answer)
    with pytest.raises(JobFailed, match=said) as caught:
        await wait()
    assert (caught.value.code, caught.value.status) == ("job_failed", 502)
    assert caught.value.details == {"jobId": "j1"}


async def test_running_statuses_go_on_without_a_hint(cloud, wait, pauses):
    cloud.on("GET", PATH, state("pending"), state("in_progress"), state("completed"))
    await wait()
    assert pauses == [5.0, 5.0]


@pytest.mark.parametrize(
    ("hint", "pause"),
    [(0, 5.0), (-1, 5.0), ("fast", 5.0), (None, 5.0), (1, 0.02), (10**9, 60.0), ("250", 0.25)],
)
async def test_a_senseless_hint_neither_hammers_nor_stalls(cloud, wait, pauses, hint, pause):
    cloud.on("GET", PATH, waiting(interval=hint), state("completed"))
    await wait()
    assert pauses == [pause]


async def test_single_polls_that_fail_in_passing_are_followed_by_the_next(cloud, wait, pauses):
    async def drop(request):
        request.transport.abort()
        return web.Response()

    cloud.on(
        "GET",
        PATH,
        (500, {"success": False, "error": "x"}),
        (429, {"success": False, "error": "x"}, {"Retry-After": "7"}),
        (503, {"success": False, "error": "x"}, {"Retry-After": "1"}),
        (502, b"<html>"),
        drop,
        state("completed"),
    )
    assert (await wait()).status == "completed"
    assert pauses == [2.0, 7.0, 2.0, 2.0, 2.0]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((404, {"success": False, "error": "Job not found"}), NotFound),
        ((401, {"success": False, "error": "x"}), KeyRefused),
    ],
)
async def test_what_waiting_does_not_mend_ends_the_wait(cloud, wait, pauses, answer, error):
    cloud.on("GET", PATH, answer)
    with pytest.raises(error):
        await wait()
    assert pauses == []


async def test_a_completed_job_has_ended_whatever_the_hint_says(client, cloud):
    cloud.on("GET", PATH, waiting("completed"))
    assert not (await client.get_job("j1")).should_continue


async def test_a_job_without_a_status_is_a_bad_answer(client, cloud):
    cloud.on("GET", PATH, (200, {"success": True, "data": {}}))
    with pytest.raises(InvalidResponse):
        await client.get_job("j1")
