"""Disconnecting, whatever is under way (architecture: Closing)."""

import asyncio
import gc

import pytest

from eliza_cloud.redaction.secret import Secret
from eliza_cloud.runtime.operations.agents import AgentRequest
from eliza_cloud.store.config.settings import Settings
from tests.harness.failing import failing
from tests.harness.scripted_cloud import (
    KEY,
    A,
    B,
    authenticated,
    failure,
    heartbeat_dead,
    job,
    job_started,
    own_session,
)


async def idle(rig, cloud, link):
    return []


async def connecting(rig, cloud, link):
    cloud.hold("provision")
    caller = asyncio.ensure_future(link.connect(A))
    await rig.until(lambda: cloud.count("provision") == 1)
    return [caller]


async def waiting_for_a_job(rig, cloud, link):
    cloud.always["provision"], cloud.always["job"] = job_started(), job("in_progress")
    caller = asyncio.ensure_future(link.connect(A))
    await rig.until(lambda: 5.0 in rig.clock.pending())
    return [caller]


async def connected(rig, cloud, link):
    await link.connect(A)
    return []


async def heartbeat_in_flight(rig, cloud, link):
    await link.connect(A)
    cloud.hold("heartbeat")
    await rig.after(30.0, lambda: cloud.count("heartbeat") == 2, "monitor")
    return []


async def backoff_waiting(rig, cloud, link):
    await link.connect(A)
    await rig.lose()
    return []


async def backoff_attempting(rig, cloud, link):
    await backoff_waiting(rig, cloud, link)
    cloud.hold("provision")
    caller = asyncio.ensure_future(link.connect(A))
    await rig.until(lambda: cloud.count("provision") == 2)
    return [caller]


async def closing_for_another_agent(rig, cloud, link):
    await link.connect(A)
    cloud.hold("snapshot")
    caller = asyncio.ensure_future(link.connect(B))
    await rig.until(lambda: cloud.count("snapshot") == 1)
    return [caller]


async def snapshot_in_flight(rig, cloud, link):
    await link.connect(A)
    cloud.hold("snapshot")
    caller = asyncio.ensure_future(link.take_backup(A))
    await rig.until(lambda: cloud.count("snapshot") == 1)
    return [caller]


async def restore_in_flight(rig, cloud, link):
    await link.connect(A)
    cloud.hold("restore")
    caller = asyncio.ensure_future(link.restore(A, None))
    await rig.until(lambda: cloud.count("restore") == 1)
    return [caller]


async def call_in_flight(rig, cloud, link):
    cloud.hold("create")
    caller = asyncio.ensure_future(link.create_agent(AgentRequest(name="alpha")))
    await rig.until(lambda: cloud.count("create") == 1)
    return [caller]


async def shutdown_in_flight(rig, cloud, link):
    await link.connect(A)
    cloud.always["delete"], cloud.always["job"] = job_started(), job("in_progress")
    caller = asyncio.ensure_future(link.shutdown_agent(A))
    await rig.until(lambda: 5.0 in rig.clock.pending())
    return [caller]


async def login_waiting(rig, cloud, link):
    await link.start_login()
    await rig.until(lambda: 2.0 in rig.clock.pending())
    return []


async def login_polling(rig, cloud, link):
    await link.start_login()
    cloud.hold("poll")
    await rig.after(2.0, lambda: cloud.count("poll") == 1)
    return []


async def error(rig, cloud, link):
    cloud.script["provision"] = [failure(402, "Insufficient credits")]
    await failing(link.connect(A))
    return []


async def backoff_ended(rig, cloud, link):
    rig.link.change_settings(Settings(max_reconnect_attempts=1))
    await link.connect(A)
    await rig.lose()
    await rig.after(3.0, lambda: rig.state == "disconnected")
    return []


SITUATIONS = [
    idle,
    connecting,
    waiting_for_a_job,
    connected,
    heartbeat_in_flight,
    backoff_waiting,
    backoff_attempting,
    closing_for_another_agent,
    snapshot_in_flight,
    restore_in_flight,
    call_in_flight,
    shutdown_in_flight,
    login_waiting,
    login_polling,
    error,
    backoff_ended,
]


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.__name__)
async def test_a_disconnect_leaves_disconnected_no_task_no_timer_no_key_and_no_later_change(
    rig, cloud, situation
):
    of_tests_before = keys_in_memory()
    rig.settings = Settings(backup_interval=1_000_000.0)
    link = await rig.start()
    await rig.quiet()
    tasks_of_an_idle_link = rig.running()
    waiters = await situation(rig, cloud, link)

    _, seconds = await rig.outlast(link.disconnect())
    assert seconds <= 8.0
    assert rig.tasks() == set(), "it answers when everything has ended"
    while waiters:
        assert (await failing(waiters.pop())).code in {"superseded", "link_interrupted", "signed_out"}
    status = link.status()
    assert (status.connection.state, status.connection.reason) == ("disconnected", None)
    assert (status.connection.agent_id, status.has_api_key, status.enabled) == (None, False, False)
    assert status.reason == "not_authenticated"
    assert rig.clock.pending() == []
    await rig.quiet()
    assert rig.running() == tasks_of_an_idle_link

    moves, calls = len(rig.moves), len(cloud.calls)
    for name in list(cloud.gates):
        cloud.release(name)
    await rig.long_time()
    assert len(rig.moves) == moves
    assert len(cloud.calls) == calls
    assert rig.running() == tasks_of_an_idle_link
    assert (link.status().connection.state, link.status().has_api_key) == ("disconnected", False)
    assert keys_in_memory().keys() <= of_tests_before.keys()


def keys_in_memory() -> dict[int, Secret]:
    """Every object that holds the key, by identity; kept alive, so that none can take another one's."""
    gc.collect()
    secrets = [thing for thing in gc.get_objects() if isinstance(thing, Secret)]
    return {id(secret): secret for secret in secrets if secret.reveal() == KEY}


async def test_a_second_disconnect_joins_the_first(rig, cloud):
    link = await rig.connected()
    cloud.hold("snapshot")
    first = asyncio.ensure_future(link.disconnect())
    await rig.until(lambda: cloud.count("snapshot") == 1)
    second = asyncio.ensure_future(link.disconnect())
    await rig.quiet()
    assert not first.done()
    assert not second.done()
    cloud.release("snapshot")
    await asyncio.gather(first, second)
    assert cloud.count("snapshot") == 1
    await link.disconnect()
    assert rig.state == "disconnected"


async def test_the_sign_out_is_written_down_before_the_final_snapshot(rig, cloud):
    link = await rig.connected()
    cloud.hold("snapshot")
    leaving = asyncio.ensure_future(link.disconnect())
    await rig.until(lambda: cloud.count("snapshot") == 1)
    held = await rig.credentials.load()
    assert (held.key, held.desired_agent_id, held.enabled) == (None, None, False)
    assert (rig.state, link.status().connection.reason) == ("connected", "closing")
    assert not link.status().connected
    cloud.release("snapshot")
    await leaving


async def test_a_kill_in_the_middle_of_a_disconnect_does_not_bring_the_login_back(rig, cloud):
    link = await rig.connected()
    cloud.hold("snapshot")
    leaving = asyncio.ensure_future(link.disconnect())
    await rig.until(lambda: cloud.count("snapshot") == 1)
    await rig.kill()
    leaving.cancel()
    await rig.start(key=None)
    await rig.quiet()
    assert not rig.link.status().has_api_key
    assert rig.link.facts.desired_agent_id is None
    cloud.release("snapshot")
    await rig.long_time()
    assert rig.state == "disconnected"


async def test_a_caller_that_goes_away_does_not_stop_a_disconnect(rig, cloud):
    link = await rig.connected()
    cloud.script["login"] = [own_session("99999999-9999-4999-8999-999999999999")]
    await link.cancel_login((await link.start_login()).session_id)
    cloud.hold("snapshot")
    leaving = asyncio.ensure_future(link.disconnect())
    await rig.until(lambda: cloud.count("snapshot") == 1)
    leaving.cancel()
    await rig.quiet()
    cloud.release("snapshot")
    await rig.until(lambda: rig.state == "disconnected")
    await rig.quiet()
    assert rig.tasks() == set()
    assert rig.clock.pending() == []


async def test_a_key_that_cannot_be_removed_is_reported_and_the_link_closed_all_the_same(rig, cloud):
    link = await rig.connected()
    rig.paths.config.write_text("{ this is no JSON")
    refusal = await failing(link.disconnect())
    assert (refusal.status, refusal.code) == (500, "settings_invalid")
    assert KEY not in refusal.message
    assert (rig.state, link.status().has_api_key) == ("disconnected", True)
    assert rig.tasks() == set()
    rig.paths.config.write_text("{}")
    await link.disconnect()
    assert (await rig.credentials.load()).key is None


async def test_a_failed_sign_out_is_not_told_to_a_later_caller(rig, cloud):
    link = await rig.connected()
    rig.paths.config.write_text("{ this is no JSON")
    await failing(link.disconnect())
    rig.paths.config.write_text("{}")
    await rig.sign_in(authenticated())
    await link.connect(A)
    await link.stop()
    assert not rig.logged("link.stop_failed")


async def test_connect_and_disconnect_at_once_end_as_the_last_of_them_says(rig, cloud):
    link = await rig.start()
    for _ in range(5):
        if not link.status().has_api_key:
            await rig.stop()
            link = await rig.start()
        connect = asyncio.ensure_future(link.connect(A))
        disconnect = asyncio.ensure_future(link.disconnect())
        await rig.outlast(disconnect)
        assert (await failing(connect)).code in {"superseded", "not_authenticated"}
        assert rig.state == "disconnected"


async def test_the_agents_that_were_connected_are_not_asked_anything_after_the_final_snapshot(rig, cloud):
    link = await rig.connected()
    cloud.always["heartbeat"] = heartbeat_dead()
    await link.disconnect()
    assert cloud.calls[-1] == "snapshot"
    await rig.long_time()
    assert cloud.calls[-1] == "snapshot"
