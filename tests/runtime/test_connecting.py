"""Connecting (architecture: Connect)."""

import asyncio

import pytest

from tests.harness.failing import failing
from tests.harness.scripted_cloud import KEY, A, B, failure, heartbeat_dead, html, job, job_started, ok


async def test_a_connect_ends_in_connected_with_heartbeats_and_backups(rig):
    link = await rig.start()
    linked = await link.connect(A)
    assert (linked.agent_id, linked.agent_name) == (A, "alpha")
    assert rig.state == "connected"
    assert rig.tasks() == {"monitor", "scheduler", "credits"}
    assert rig.moves == [("disconnected", "connecting"), ("connecting", "connected")]
    assert link.proxy().agent_id == A


async def test_each_transition_is_one_line_in_the_log(rig):
    await rig.connected()
    lines = [
        (line["from"], line["to"], line["event_name"], line["epoch"])
        for line in rig.logged("link.transition")
    ]
    assert lines == [
        ("disconnected", "connecting", "Connect", 1),
        ("connecting", "connected", "Connected", 2),
    ]
    await rig.link.connect(B)
    lines = [(line["from"], line["to"], line["epoch"]) for line in rig.logged("link.transition")][2:]
    assert lines == [
        ("connected", "closing", 3),
        ("closing", "disconnected", 4),
        ("disconnected", "connecting", 5),
        ("connecting", "connected", 6),
    ]
    assert KEY not in str(rig.log)


async def test_the_wish_is_stored_before_the_cloud_is_asked(rig, cloud):
    link = await rig.start()
    cloud.hold("provision")
    connect = asyncio.ensure_future(link.connect(A))
    await rig.until(lambda: cloud.count("provision") == 1)
    assert (await rig.credentials.load()).desired_agent_id == A
    cloud.release("provision")
    await connect


async def test_without_a_key_a_connect_is_refused_and_the_cloud_not_asked(rig, cloud):
    link = await rig.start(key=None)
    refusal = await failing(link.connect(A))
    assert (refusal.status, refusal.message) == (401, "Not connected to Eliza Cloud")
    assert cloud.calls == []


async def test_a_second_connect_to_the_linked_agent_answers_at_once(rig, cloud):
    link = await rig.connected()
    calls = list(cloud.calls)
    assert (await link.connect(A)).agent_name == "alpha"
    assert cloud.calls == calls
    assert len(rig.moves) == 2


async def test_begin_connect_answers_when_accepted_and_a_connect_joins_it(rig, cloud):
    link = await rig.start()
    cloud.hold("provision")
    await link.begin_connect(A)
    assert rig.state == "connecting"
    joined = asyncio.ensure_future(link.connect(A))
    await rig.quiet()
    cloud.release("provision")
    assert (await joined).agent_id == A
    assert cloud.count("provision") == 1


async def test_a_caller_that_goes_away_cancels_nothing(rig, cloud):
    link = await rig.start()
    cloud.hold("provision")
    connect = asyncio.ensure_future(link.connect(A))
    await rig.until(lambda: cloud.count("provision") == 1)
    connect.cancel()
    await rig.quiet()
    cloud.release("provision")
    await rig.until(lambda: rig.state == "connected")


async def test_a_dead_sandbox_behind_a_running_answer_fails_the_connect(rig, cloud):
    cloud.always["heartbeat"] = heartbeat_dead()
    link = await rig.start()
    connect = asyncio.ensure_future(link.connect(A))
    await rig.after(1.0, lambda: cloud.count("heartbeat") == 2)
    await rig.after(1.0, lambda: cloud.count("heartbeat") == 3)
    refusal = await failing(connect)
    assert (refusal.status, refusal.code) == (502, "agent_unreachable")
    assert (rig.state, link.status().connection.reason) == ("error", "connect_failed")
    assert rig.tasks() == set()


async def test_a_sandbox_that_needs_a_moment_is_waited_for(rig, cloud):
    cloud.script["heartbeat"] = [heartbeat_dead()]
    link = await rig.start()
    connect = asyncio.ensure_future(link.connect(A))
    await rig.after(1.0, connect.done)
    assert (await connect).agent_id == A


async def test_a_failed_job_fails_the_connect_with_the_clouds_words(rig, cloud):
    cloud.always["provision"] = job_started()
    cloud.always["job"] = job("failed", error="no node has room")
    link = await rig.start()
    refusal = await failing(link.connect(A))
    assert (refusal.status, refusal.code) == (502, "job_failed")
    assert "no node has room" in refusal.message
    assert rig.state == "error"


async def test_a_job_that_is_tried_again_is_not_failed_yet(rig, cloud):
    cloud.always["provision"] = job_started()
    cloud.script["job"] = [job("pending", error="first attempt failed", attempts=1), job("in_progress")]
    link = await rig.start()
    connect = asyncio.ensure_future(link.connect(A))
    await rig.after(5.0, lambda: cloud.count("job") == 2)
    await rig.after(5.0, connect.done)
    assert (await connect).agent_id == A


async def test_a_job_without_end_ends_the_connect_after_fifteen_minutes(rig, cloud):
    cloud.always["provision"] = job_started()
    cloud.always["job"] = job("in_progress", interval_ms=60_000)
    link = await rig.start()
    connect = asyncio.ensure_future(link.connect(A))
    for polls in range(2, 16):
        await rig.until(lambda: 60.0 in rig.clock.pending())
        rig.clock.advance(60.0)
        await rig.until(lambda n=polls: cloud.count("job") == n)
    assert not connect.done()
    rig.clock.advance(60.0)
    assert (await failing(connect)).status == 504
    assert rig.state == "error"


async def test_a_provision_without_job_is_followed_by_watching_the_agent(rig, cloud):
    cloud.always["provision"] = ok({"id": A, "status": "provisioning"}, status=202)
    cloud.status[A] = "provisioning"
    link = await rig.start()
    connect = asyncio.ensure_future(link.connect(A))
    await rig.after(5.0, lambda: cloud.count("get") == 2)
    cloud.status[A] = "running"
    await rig.after(5.0, connect.done)
    assert (await connect).agent_name == "alpha"


async def test_one_failed_look_at_the_agent_does_not_end_the_watching(rig, cloud):
    cloud.always["provision"] = ok({"id": A, "status": "provisioning"}, status=202)
    cloud.status[A] = "provisioning"
    link = await rig.start()
    connect = asyncio.ensure_future(link.connect(A))
    await rig.until(lambda: 5.0 in rig.clock.pending())
    cloud.script["get"] = [failure(503, "restarting")]
    await rig.after(5.0, lambda: cloud.count("get") == 2)
    cloud.status[A] = "running"
    await rig.after(5.0, connect.done)
    assert (await connect).agent_id == A


async def test_an_agent_that_does_not_run_after_its_provisioning_fails_the_connect(rig, cloud):
    cloud.status[A] = "error"
    link = await rig.start()
    refusal = await failing(link.connect(A))
    assert (refusal.status, refusal.code) == (502, "agent_unreachable")
    assert "error" in refusal.message


async def test_a_conflict_that_passes_is_tried_again(rig, cloud):
    cloud.script["provision"] = [failure(409, "Agent state changed while starting")]
    link = await rig.start()
    connect = asyncio.ensure_future(link.connect(A))
    await rig.after(1.0, connect.done)
    assert (await connect).agent_id == A
    assert cloud.count("provision") == 2


async def test_a_conflict_that_stays_fails_at_once_with_its_status(rig, cloud):
    cloud.always["provision"] = failure(409, "Agent is being deleted")
    link = await rig.start()
    refusal = await failing(link.connect(A))
    assert (refusal.status, refusal.code) == (409, "conflict")
    assert cloud.count("provision") == 1


async def test_a_connect_somebody_asked_for_fails_at_once_also_when_waiting_might_help(rig, cloud):
    cloud.always["provision"] = failure(503, "worker unhealthy")
    link = await rig.start()
    refusal = await failing(link.connect(A))
    assert (refusal.status, refusal.retryable) == (502, True)
    assert (rig.state, link.status().connection.reason) == ("error", "connect_failed")
    assert rig.tasks() == set()
    del cloud.always["provision"]
    assert (await link.connect(A)).agent_id == A


async def test_no_credits_is_an_error_that_says_so(rig, cloud):
    cloud.always["provision"] = failure(402, "Insufficient credits", requiredBalance=5, currentBalance=1.5)
    link = await rig.start()
    refusal = await failing(link.connect(A))
    assert refusal.status == 402
    assert refusal.details["requiredBalance"] == 5
    assert link.status().connection.reason == "credits_exhausted"


async def test_an_agent_the_cloud_does_not_know_is_gone(rig, cloud):
    del cloud.status[A]
    link = await rig.start()
    refusal = await failing(link.connect(A))
    assert refusal.status == 404
    assert (rig.state, link.status().connection.reason) == ("error", "agent_gone")


@pytest.mark.parametrize("calls", [["provision"], ["provision", "get"]])
async def test_a_404_that_is_not_json_says_nothing_about_the_agent(rig, cloud, calls):
    cloud.always.update(dict.fromkeys(calls, html(404)))
    link = await rig.start()
    refusal = await failing(link.connect(A))
    assert refusal.status == 502
    assert link.status().connection.reason == "connect_failed"


async def test_another_agent_takes_the_place_of_the_first(rig, cloud):
    link = await rig.connected(A)
    linked = await link.connect(B)
    assert (linked.agent_id, linked.agent_name) == (B, "beta")
    assert rig.moves[-3:] == [
        ("closing", "disconnected"),
        ("disconnected", "connecting"),
        ("connecting", "connected"),
    ]
    assert cloud.count("snapshot") == 1
    assert rig.tasks() == {"monitor", "scheduler", "credits"}
    assert await link.proxy().send("hello") == "You said: hello"
    assert B in cloud.paths["message"]


async def test_another_agent_overtakes_a_connect_and_its_caller_is_told(rig, cloud):
    link = await rig.start()
    cloud.hold("provision")
    first = asyncio.ensure_future(link.connect(A))
    await rig.until(lambda: cloud.count("provision") == 1)
    second = asyncio.ensure_future(link.connect(B))
    refusal = await failing(first)
    assert (refusal.status, refusal.code) == (409, "superseded")
    cloud.release("provision")
    assert (await second).agent_id == B
    assert cloud.count("snapshot") == 0


async def test_a_third_agent_overtakes_the_one_that_waits_for_closing(rig, cloud):
    link = await rig.connected(A)
    cloud.hold("snapshot")
    second = asyncio.ensure_future(link.connect(B))
    await rig.until(lambda: cloud.count("snapshot") == 1)
    assert (rig.state, link.status().connection.reason) == ("connected", "closing")
    back = asyncio.ensure_future(link.connect(A))
    assert (await failing(second)).code == "superseded"
    cloud.release("snapshot")
    assert (await back).agent_id == A
    assert cloud.provisioned == [A, B, A], "B was asked to start before A was given up"


async def test_there_is_no_way_to_an_agent_that_is_not_connected(rig, cloud):
    link = await rig.start()
    with pytest.raises(Exception, match="Agent is not running"):
        link.proxy()
    cloud.hold("provision")
    await link.begin_connect(A)
    with pytest.raises(Exception, match="Agent is not running"):
        link.proxy()
    cloud.release("provision")
