"""A fault of our own: whoever waits is answered, and the status says what happened."""

import asyncio

import pytest

from eliza_cloud.store.errors import StoreError
from tests.harness.failing import failing
from tests.harness.scripted_cloud import KEY, A


async def fall(rig):
    """Let the next heartbeat run into an error nobody has foreseen."""
    rig.unforeseen = "/bridge"
    await rig.after(30.0, lambda: not rig.link.running, "monitor")
    rig.unforeseen = None


async def test_a_fault_in_an_activity_stops_the_runtime_and_the_status_says_so(rig):
    link = await rig.connected()
    await fall(rig)
    view = link.status()
    assert (view.connected, view.reason) == (False, "api_key_present_runtime_not_started")
    (line,) = rig.logged("runtime.crashed")
    assert (line["log_level"], line["activity"]) == ("error", "monitor")
    await rig.quiet()
    assert rig.running() == {}
    assert rig.clock.pending() == []


async def test_without_a_key_the_status_names_the_runtime_alone(rig):
    link = await rig.start(key=None)
    rig.crash.now(link)
    await rig.until(lambda: not link.running)
    assert link.status().reason == "runtime_not_started"


async def test_whoever_waits_when_the_runtime_falls_is_answered(rig, cloud):
    link = await rig.connected()
    cloud.hold("snapshot")
    cloud.hold("restore")
    waiting = [asyncio.ensure_future(link.take_backup(A)), asyncio.ensure_future(link.restore(A, None))]
    await rig.until(lambda: cloud.count("snapshot") == 1)
    await fall(rig)
    for caller in waiting:
        refusal = await failing(caller)
        assert (refusal.status, refusal.code) == (503, "runtime_not_started")


async def test_callers_of_a_connect_and_of_a_disconnect_are_answered_too(rig, cloud):
    link = await rig.start()
    cloud.hold("provision")
    connect = asyncio.ensure_future(link.connect(A))
    await rig.until(lambda: cloud.count("provision") == 1)
    rig.crash.now(link)
    late = asyncio.ensure_future(link.disconnect())
    for caller in (connect, late):
        assert (await failing(caller)).code == "runtime_not_started"


async def test_a_command_that_hits_the_fault_itself_is_answered(rig, cloud):
    link = await rig.start()
    await rig.quiet()
    rig.store.error = RuntimeError("nobody has foreseen this")
    assert (await failing(link.connect(A))).code == "runtime_not_started"
    assert not link.running


async def test_after_a_fall_every_call_says_why_and_the_stop_is_clean(rig, cloud):
    link = await rig.connected()
    session = (await link.start_login()).session_id
    await fall(rig)
    for call in (
        link.connect(A),
        link.begin_connect(A),
        link.disconnect(),
        link.start_login(),
        link.cancel_login(session),
        link.take_backup(A),
        link.shutdown_agent(A),
        link.ask_cloud(lambda client: client.list_agents()),
    ):
        refusal = await failing(call)
        assert (refusal.status, refusal.code) == (503, "runtime_not_started")
        assert "Restart the service" in refusal.message
    with pytest.raises(Exception, match="Restart the service"):
        link.login_status(session)
    await link.stop()
    assert cloud.count("snapshot") == 0


async def test_after_a_fall_and_a_restart_the_link_is_made_again(rig, cloud):
    await rig.connected()
    await fall(rig)
    await rig.restart()
    await rig.until(lambda: rig.state == "connected")


async def test_a_fault_shows_no_key(rig):
    await rig.connected()
    await fall(rig)
    assert KEY not in str(rig.log)


async def test_a_connect_whose_wish_cannot_be_written_down_is_refused_and_changes_nothing(rig, cloud):
    link = await rig.start()
    await rig.quiet()
    rig.store.error = StoreError("There is no room on the disk; make some and try again.")
    refusal = await failing(link.connect(A))
    assert (refusal.status, refusal.code) == (500, "store_failed")
    assert "no room" in refusal.message
    assert rig.logged("store.failed")[0]["log_level"] == "error"
    assert (rig.state, link.facts.desired_agent_id, cloud.count("provision")) == ("disconnected", None, 0)
    assert link.running
