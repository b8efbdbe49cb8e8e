"""Connecting: seed, Connect Flow."""

import asyncio

import pytest

from eliza_cloud.link.errors import LinkError
from tests.link.scripted_cloud import A, B, failure, heartbeat_dead, job_started


async def test_a_connect_ends_in_connected_with_heartbeats_and_backups(rig):
    link = await rig.start()
    linked = await link.connect(A)
    assert (linked.agent_id, linked.agent_name) == (A, "alpha")
    assert rig.state == "connected"
    assert rig.tasks() == {"monitor", "scheduler"}
    assert rig.moves == [("disconnected", "connecting"), ("connecting", "connected")]
    assert link.proxy().agent_id == A


async def test_eight_connects_at_once_are_one_connect(rig, cloud):
    link = await rig.start()
    gate = cloud.hold("provision")
    connects = [asyncio.ensure_future(link.connect(A)) for _ in range(8)]
    await rig.until(lambda: cloud.count("provision") == 1)
    gate.set()
    assert [linked.agent_id for linked in await asyncio.gather(*connects)] == [A] * 8
    assert cloud.count("provision") == 1


async def test_a_running_answer_with_a_dead_sandbox_is_not_connected(rig, cloud):
    cloud.always["heartbeat"] = heartbeat_dead()
    link = await rig.start()
    connect = asyncio.ensure_future(link.connect(A))
    for _ in range(2):
        await rig.after(1.0, lambda: True)
    with pytest.raises(LinkError) as caught:
        await connect
    assert caught.value.failure.status == 502
    assert rig.state == "error"
    assert rig.link.status().connection.reason == "connect_failed"


@pytest.mark.parametrize("status", [202, 409])
async def test_a_job_is_seen_through_before_the_link_stands(rig, cloud, status):
    cloud.always["provision"] = job_started(status)
    link = await rig.start()
    connect = asyncio.ensure_future(link.connect(A))
    await rig.until(lambda: cloud.count("provision") == 1)
    assert rig.state == "connecting"
    while not connect.done():
        await rig.until(lambda: connect.done() or 5.0 in rig.clock.pending())
        if not connect.done():
            rig.clock.advance(5.0)
    assert rig.state == "connected"
    assert cloud.count("job") >= 1


async def test_no_credits_is_an_error_that_says_so(rig, cloud):
    cloud.always["provision"] = failure(402, "Insufficient credits", requiredBalance=5, currentBalance=1.5)
    link = await rig.start()
    with pytest.raises(LinkError) as caught:
        await link.connect(A)
    assert caught.value.failure.status == 402
    assert caught.value.failure.details["requiredBalance"] == 5
    assert rig.link.status().connection.reason == "credits_exhausted"


async def test_another_agent_takes_the_place_of_the_first(rig, cloud):
    link = await rig.start()
    await link.connect(A)
    linked = await link.connect(B)
    assert linked.agent_id == B
    assert rig.moves[-3:] == [
        ("closing", "disconnected"),
        ("disconnected", "connecting"),
        ("connecting", "connected"),
    ]
    assert cloud.count("snapshot") == 1
