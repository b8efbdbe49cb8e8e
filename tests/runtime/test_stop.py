"""Stopping the service, whatever the link is doing: SIGTERM, not a sign-out."""

import asyncio

import pytest

from eliza_cloud.store.config.settings import Settings
from tests.harness.failing import failing
from tests.harness.scripted_cloud import KEY, A, B, authenticated, failure, job, job_started, own_session


async def idle(rig, cloud):
    return await rig.start(), []


async def connecting(rig, cloud):
    link = await rig.start()
    cloud.always["provision"], cloud.always["job"] = job_started(), job("in_progress")
    caller = asyncio.ensure_future(link.connect(A))
    await rig.until(lambda: 5.0 in rig.clock.pending())
    return link, [caller]


async def connected(rig, cloud):
    return await rig.connected(), []


async def heartbeat_in_flight(rig, cloud):
    link = await rig.connected()
    cloud.hold("heartbeat")
    await rig.after(30.0, lambda: cloud.count("heartbeat") == 2, "monitor")
    return link, []


async def backoff(rig, cloud):
    link = await rig.connected()
    await rig.lose()
    cloud.hold("provision")
    caller = asyncio.ensure_future(link.connect(A))
    await rig.until(lambda: cloud.count("provision") == 2)
    return link, [caller]


async def closing(rig, cloud):
    link = await rig.connected()
    cloud.hold("snapshot")
    caller = asyncio.ensure_future(link.connect(B))
    await rig.until(lambda: cloud.count("snapshot") == 1)
    return link, [caller]


async def hanging_final_snapshot(rig, cloud):
    link = await rig.connected()
    cloud.hold("snapshot")
    return link, []


async def hanging_calls(rig, cloud):
    link = await rig.start()
    cloud.hold("list")
    cloud.hold("login")
    waiters = [
        asyncio.ensure_future(link.ask_cloud(lambda client: client.list_agents())),
        asyncio.ensure_future(link.start_login()),
    ]
    await rig.until(lambda: cloud.count("list") == 1 and cloud.count("login") == 1)
    return link, waiters


async def error(rig, cloud):
    link = await rig.start()
    cloud.script["provision"] = [failure(402, "Insufficient credits")]
    await failing(link.connect(A))
    return link, []


async def login_polling(rig, cloud):
    link = await rig.start()
    session = (await link.start_login()).session_id
    cloud.hold("poll")
    await rig.after(2.0, lambda: cloud.count("poll") == 1, f"poller {session}")
    return link, []


async def verifying(rig, cloud):
    cloud.hold("user")
    link = await rig.start(verified=False)
    await rig.until(lambda: cloud.count("user") == 1)
    return link, []


SITUATIONS = [
    idle,
    connecting,
    connected,
    heartbeat_in_flight,
    backoff,
    closing,
    hanging_final_snapshot,
    hanging_calls,
    error,
    login_polling,
    verifying,
]


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.__name__)
async def test_a_stop_is_bounded_answers_everyone_and_leaves_nothing_running(rig, cloud, situation):
    rig.settings = Settings(backup_interval=1_000_000.0)
    link, waiters = await situation(rig, cloud)
    _, seconds = await rig.outlast(link.stop())
    assert seconds <= 13.0
    for caller in waiters:
        assert (await failing(caller)).code == "stopping"
    assert rig.running() == {}
    assert rig.clock.pending() == []
    assert rig.clock.pending("wake") == []
    for name in list(cloud.gates):
        cloud.release(name)
    await rig.quiet()
    assert rig.running() == {}
    held = await rig.credentials.load()
    assert (held.key.reveal(), held.enabled) == (KEY, True)


async def test_a_stop_takes_a_final_snapshot_and_keeps_wish_and_key(rig, cloud):
    link = await rig.connected()
    await link.stop()
    assert cloud.calls[-1] == "snapshot"
    held = await rig.credentials.load()
    assert (held.desired_agent_id, held.key.reveal()) == (A, KEY)


async def test_a_stop_while_closing_for_another_agent_keeps_the_newer_wish(rig, cloud):
    link, (caller,) = await closing(rig, cloud)
    stopping = asyncio.ensure_future(link.stop())
    assert (await failing(caller)).code == "stopping"
    cloud.release("snapshot")
    await stopping
    assert (await rig.credentials.load()).desired_agent_id == B
    assert cloud.count("snapshot") == 1


async def test_a_stop_joins_a_disconnect_that_is_under_way(rig, cloud):
    link = await rig.connected()
    cloud.hold("snapshot")
    leaving = asyncio.ensure_future(link.disconnect())
    await rig.until(lambda: cloud.count("snapshot") == 1)
    stopping = asyncio.ensure_future(link.stop())
    await rig.quiet()
    cloud.release("snapshot")
    await asyncio.gather(leaving, stopping)
    assert cloud.count("snapshot") == 1
    assert (await rig.credentials.load()).key is None


async def test_while_stopping_commands_are_refused_for_that_reason(rig, cloud):
    link = await rig.connected()
    cloud.hold("snapshot")
    stopping = asyncio.ensure_future(link.stop())
    await rig.until(lambda: cloud.count("snapshot") == 1)
    refusal = await failing(link.connect(A))
    assert (refusal.status, refusal.code) == (503, "stopping")
    cloud.release("snapshot")
    await stopping
    for late in (
        link.connect(A),
        link.disconnect(),
        link.start_login(),
        link.take_backup(A),
        link.ask_cloud(lambda client: client.list_agents()),
    ):
        assert (await failing(late)).code == "stopping"


async def test_a_key_that_the_last_poll_brings_is_stored_before_the_end(rig, cloud):
    link = await rig.start(key=None)
    await link.start_login()
    cloud.hold("poll")
    cloud.script["poll"] = [authenticated()]
    await rig.after(2.0, lambda: cloud.count("poll") == 1)
    stopping = asyncio.ensure_future(link.stop())
    await rig.quiet()
    cloud.release("poll")
    await stopping
    assert (await rig.credentials.load()).key.reveal() == KEY


async def test_many_polls_that_hang_do_not_add_up(rig, cloud):
    link = await rig.start(key=None)
    for number in range(5):
        cloud.script["login"] = [own_session(f"99999999-9999-4999-8999-99999999999{number}")]
        await link.cancel_login((await link.start_login()).session_id)
    cloud.hold("poll")
    await rig.after(2.0, lambda: cloud.count("poll") == 5)
    _, seconds = await rig.outlast(link.stop())
    assert seconds <= 2.0


async def test_a_stop_says_that_the_store_hangs_and_waits_two_seconds_more_for_a_write(rig):
    link = await rig.start()
    await rig.quiet()
    rig.store.hold()
    connect = asyncio.ensure_future(link.connect(A))
    await rig.until(lambda: rig.store.waiting)
    stopping = asyncio.ensure_future(link.stop())
    await rig.until(lambda: rig.clock.pending() == [9.0])
    rig.clock.advance(9.0)
    await rig.until(lambda: rig.logged("link.stop_overdue"))
    assert (await failing(connect)).code == "stopping"
    assert not stopping.done()
    await rig.after(2.0, stopping.done)
    await stopping
    assert [len(rig.logged(event)) for event in ("link.stop_overdue", "store.overdue")] == [1, 1]
    rig.store.release()
    await rig.until(lambda: rig.running() == {})


async def test_a_stop_waits_for_what_is_being_written(rig):
    link = await rig.start()
    await rig.quiet()
    rig.store.hold()
    connect = asyncio.ensure_future(link.connect(A))
    await rig.until(lambda: rig.store.waiting)
    stopping = asyncio.ensure_future(link.stop())
    await rig.after(9.0, lambda: rig.logged("link.stop_overdue"))
    rig.store.release()
    await stopping
    assert (await failing(connect)).code == "stopping"
    assert (await rig.credentials.load()).desired_agent_id == A
    assert not rig.logged("store.overdue")
    assert rig.running() == {}


async def test_a_second_stop_does_nothing(rig):
    link = await rig.connected()
    await link.stop()
    await link.stop()
    assert rig.cloud.count("snapshot") == 1


async def test_a_stop_says_what_state_it_left(rig):
    await rig.connected()
    await rig.link.stop()
    assert [(line["from"], line["to"]) for line in rig.logged("link.transition")][-2:] == [
        ("connected", "closing"),
        ("closing", "disconnected"),
    ]
    assert not rig.logged("link.stop_overdue")
    assert not rig.logged("link.stop_failed")
