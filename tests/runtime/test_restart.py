"""What is taken up again after a restart, also after a kill."""

import pytest

from eliza_cloud.store.config.file import ConfigFile
from tests.harness.failing import failing
from tests.harness.scripted_cloud import A, B, authenticated, drop, failure


async def test_after_a_stop_the_link_is_made_again(rig, cloud):
    await rig.connected()
    await rig.restart()
    await rig.until(lambda: rig.state == "connected")
    assert rig.link.status().connection.agent_id == A
    await rig.until(lambda: rig.link.status().connected)


async def test_after_a_kill_the_link_is_made_again(rig, cloud):
    await rig.connected()
    await rig.kill()
    await rig.start(key=None)
    await rig.until(lambda: rig.state == "connected")
    assert rig.link.status().connection.agent_id == A
    assert cloud.count("snapshot") == 0


async def test_after_a_kill_in_the_middle_of_connecting_the_link_is_made(rig, cloud):
    link = await rig.start()
    cloud.hold("provision")
    await link.begin_connect(A)
    await rig.until(lambda: cloud.count("provision") == 1)
    await rig.kill()
    cloud.release("provision")
    await rig.start(key=None)
    await rig.until(lambda: rig.state == "connected")
    assert rig.link.status().connection.agent_id == A


async def test_after_a_kill_in_the_middle_of_a_change_the_newer_wish_counts(rig, cloud):
    link = await rig.connected(A)
    cloud.hold("snapshot")
    await link.begin_connect(B)
    await rig.until(lambda: cloud.count("snapshot") == 1)
    await rig.kill()
    cloud.release("snapshot")
    await rig.start(key=None)
    await rig.until(lambda: rig.state == "connected")
    assert rig.link.status().connection.agent_id == B


async def test_after_a_kill_while_the_link_was_being_restored_it_is_made_again(rig, cloud):
    await rig.connected()
    await rig.lose()
    await rig.kill()
    del cloud.always["heartbeat"]
    await rig.start(key=None)
    await rig.until(lambda: rig.state == "connected")
    assert rig.link.status().connection.agent_id == A


async def test_a_lost_configuration_file_does_not_lose_the_login(rig, cloud):
    await rig.start(key=None)
    await rig.sign_in(authenticated())
    await rig.link.connect(A)
    await rig.stop()
    rig.paths.config.unlink()
    rig.environ.clear()
    await rig.start(key=None)
    await rig.until(lambda: rig.state == "connected")
    assert rig.link.status().connection.agent_id == A


async def test_after_a_disconnect_nothing_is_made_again(rig, cloud):
    link = await rig.connected()
    await link.disconnect()
    calls = len(cloud.calls)
    await rig.restart()
    await rig.long_time()
    assert rig.state == "disconnected"
    assert len(cloud.calls) == calls


async def test_after_a_shutdown_of_the_agent_nothing_is_made_again_and_the_login_stays(rig, cloud):
    link = await rig.connected()
    await link.shutdown_agent(A)
    await rig.restart()
    await rig.until(lambda: rig.link.status().connected)
    await rig.quiet()
    assert rig.state == "disconnected"


async def test_a_key_without_a_wish_is_verified_and_nothing_is_linked(rig, cloud):
    await rig.start()
    await rig.restart()
    await rig.until(lambda: rig.link.status().connected)
    assert cloud.count("provision") == 0


@pytest.mark.parametrize("problem", [drop, failure(503, "starting"), failure(429, "slow down")])
async def test_a_cloud_that_cannot_be_reached_at_start_is_a_reason_to_keep_trying(rig, cloud, problem):
    await rig.connected()
    await rig.stop()
    for name in ("list", "provision", "user"):
        cloud.always[name] = problem
    await rig.start(key=None)
    await rig.until(lambda: rig.state == "reconnecting")
    connection = rig.link.status().connection
    assert (connection.reason, connection.agent_id) == ("connect_failed", A)
    for pause in (3.0, 6.0, 12.0):
        await rig.until(lambda p=pause: rig.clock.pending("reconnector") == [p])
        rig.clock.advance(pause)
    await rig.until(lambda: rig.clock.pending("reconnector") == [24.0])
    cloud.always.clear()
    rig.clock.advance(24.0)
    await rig.until(lambda: rig.state == "connected")
    assert rig.link.status().connection.agent_id == A


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (failure(402, "Insufficient credits"), "credits_exhausted"),
        (failure(404, "Agent not found"), "agent_gone"),
        (failure(409, "Agent is being deleted"), "connect_failed"),
        (failure(400, "Invalid request data"), "connect_failed"),
    ],
)
async def test_what_waiting_does_not_mend_is_an_error_at_start_too(rig, cloud, answer, reason):
    await rig.connected()
    await rig.stop()
    cloud.always["provision"] = answer
    if answer.status == 404:
        del cloud.status[A]
    await rig.start(key=None)
    await rig.until(lambda: rig.state == "error")
    assert rig.link.status().connection.reason == reason
    await rig.quiet()
    assert rig.tasks() == set()
    assert rig.clock.pending() == []


async def test_after_an_error_the_wish_is_taken_up_again_by_the_next_start(rig, cloud):
    await rig.connected()
    cloud.always["provision"] = failure(402, "Insufficient credits")
    await rig.restart()
    await rig.until(lambda: rig.state == "error")
    del cloud.always["provision"]
    await rig.restart()
    await rig.until(lambda: rig.state == "connected")
    assert rig.link.status().connection.agent_id == A


async def test_a_new_key_takes_the_wish_up_again_after_an_error(rig, cloud):
    link = await rig.connected()
    cloud.always["heartbeat"] = cloud.always["user"] = failure(401, "Invalid or expired API key")
    await rig.after(30.0, lambda: rig.state == "error", "monitor")
    cloud.always.clear()
    await rig.sign_in(authenticated())
    await rig.until(lambda: rig.state == "connected")
    assert link.status().connection.agent_id == A


async def test_a_connect_that_failed_for_a_user_keeps_its_wish_for_the_next_start(rig, cloud):
    link = await rig.start()
    cloud.always["provision"] = failure(503, "worker unhealthy")
    await failing(link.connect(A))
    del cloud.always["provision"]
    await rig.restart()
    await rig.until(lambda: rig.state == "connected")
    assert rig.link.status().connection.agent_id == A


async def test_a_key_put_into_the_file_by_hand_is_used_at_the_next_start(rig, cloud):
    await rig.start(key=None)
    await rig.stop()
    rig.paths.config.parent.mkdir(parents=True, exist_ok=True)
    ConfigFile(rig.paths.config).update(lambda document: document.update(cloud={"apiKey": "eliza_by_hand"}))
    await rig.start(key=None)
    await rig.until(lambda: rig.link.status().connected)
    assert cloud.keys_of("user") == ["eliza_by_hand"]
