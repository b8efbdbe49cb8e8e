"""Heartbeats and repair (architecture: A missed heartbeat; local-api §14)."""

import asyncio

import msgspec
import pytest

from eliza_cloud.runtime.errors import LinkError
from eliza_cloud.store.config.settings import Settings
from tests.harness.failing import failing
from tests.harness.scripted_cloud import A, failure, heartbeat_dead

QUIET = Settings(backup_interval=1_000_000.0, recheck_interval=0.0, restart_unresponsive=False)


@pytest.fixture(autouse=True)
def only_heartbeats(rig):
    rig.settings = QUIET


async def climb(rig, delays):
    """Let one try after the other fail, each exactly this many seconds after the one before."""
    for delay in delays:
        tries, attempt = rig.cloud.count("provision"), rig.link.facts.attempt
        assert rig.clock.pending() == [delay], "one try at a time, and nothing else"
        rig.clock.advance(delay)
        await rig.until(lambda n=attempt: rig.link.facts.attempt != n or rig.state != "reconnecting")
        await rig.until(lambda: rig.state != "reconnecting" or rig.clock.pending())
        assert rig.cloud.count("provision") == tries + 1


async def test_heartbeats_come_every_thirty_seconds_the_first_after_one_interval(rig, cloud):
    await rig.connected()
    begun = cloud.count("heartbeat")
    for beats in range(1, 4):
        assert rig.clock.pending("monitor") == [30.0]
        await rig.after(30.0, lambda n=beats: cloud.count("heartbeat") == begun + n, "monitor")
        await rig.until(lambda: rig.clock.pending("monitor"))
    assert rig.link.status().connection.last_heartbeat_at is not None


async def test_a_changed_interval_counts_from_the_next_heartbeat_on(rig, cloud):
    link = await rig.connected()
    link.change_settings(Settings(backup_interval=1_000_000.0, heartbeat_interval=0.02))
    await rig.after(30.0, lambda: rig.clock.pending("monitor") == [0.02], "monitor")


async def test_two_missed_heartbeats_and_a_clean_one_are_no_loss(rig, cloud):
    await rig.connected()
    cloud.script["heartbeat"] = [heartbeat_dead(), heartbeat_dead()]
    for missed_heartbeats in (1, 2, 0):
        await rig.after(30.0, lambda n=missed_heartbeats: rig.link.facts.missed_heartbeats == n, "monitor")
    cloud.script["heartbeat"] = [heartbeat_dead(), heartbeat_dead()]
    for missed_heartbeats in (1, 2, 0):
        await rig.after(30.0, lambda n=missed_heartbeats: rig.link.facts.missed_heartbeats == n, "monitor")
    assert rig.state == "connected"
    assert len(rig.moves) == 2


async def test_three_missed_heartbeats_start_the_ladder_and_a_clean_one_ends_it(rig, cloud):
    link = await rig.connected()
    await rig.lose()
    connection = link.status().connection
    assert (connection.reason, connection.attempt) == ("heartbeat_missed", 1)
    assert connection.next_attempt_at is not None
    with pytest.raises(LinkError, match="being restored"):
        link.proxy()
    del cloud.always["heartbeat"]
    await rig.after(3.0, lambda: rig.state == "connected")
    connection = link.status().connection
    assert (connection.attempt, connection.reason, connection.next_attempt_at) == (0, None, None)
    assert rig.tasks() == {"monitor", "scheduler", "credits"}


async def test_the_ladder_waits_3_6_12_24_48_60_seconds_and_ends_after_ten_tries(rig, cloud):
    await rig.connected()
    await rig.lose()
    await climb(rig, [3.0, 6.0, 12.0, 24.0, 48.0, 60.0, 60.0, 60.0, 60.0, 60.0])
    assert rig.state == "disconnected"
    assert cloud.count("provision") == 11
    assert rig.clock.pending() == []


async def test_a_caller_who_waits_for_the_ladder_hears_when_it_ends(rig, cloud):
    rig.settings = msgspec.structs.replace(QUIET, max_reconnect_attempts=1)
    link = await rig.connected()
    await rig.lose()
    waiting = asyncio.ensure_future(link.connect(A))
    assert (await failing(waiting)).code == "agent_unreachable"
    assert link.status().connection.reason == "retries_exhausted"


async def test_jitter_only_shortens_a_delay_and_to_no_less_than_half(rig, cloud):
    rig.jitter = 0.0
    await rig.connected()
    await rig.lose()
    await climb(rig, [1.5, 3.0, 6.0])


@pytest.mark.parametrize(("asked", "waited"), [("100", 100.0), ("9999", 300.0), ("1", 6.0)])
async def test_retry_after_is_a_floor_of_at_most_five_minutes(rig, cloud, asked, waited):
    await rig.connected()
    await rig.lose()
    busy = failure(503, "busy")
    busy.headers["Retry-After"] = asked
    cloud.script["provision"] = [busy]
    await climb(rig, [3.0, waited])


async def test_two_clean_heartbeats_start_the_count_anew_and_one_does_not(rig, cloud):
    await rig.connected()
    await rig.lose()
    await climb(rig, [3.0, 6.0])
    del cloud.always["heartbeat"]
    await rig.after(12.0, lambda: rig.state == "connected")
    await rig.after(30.0, lambda: rig.link.facts.stable_heartbeats == 1, "monitor")
    await rig.lose()
    assert rig.clock.pending() == [24.0]
    del cloud.always["heartbeat"]
    await rig.after(24.0, lambda: rig.state == "connected")
    await rig.after(30.0, lambda: rig.link.facts.stable_heartbeats == 1, "monitor")
    await rig.after(30.0, lambda: rig.link.facts.stable_heartbeats == 2, "monitor")
    await rig.lose()
    assert rig.clock.pending() == [3.0]


async def test_a_ladder_without_end_goes_on_at_its_ceiling(rig, cloud):
    rig.settings = msgspec.structs.replace(QUIET, max_reconnect_attempts=0)
    await rig.connected()
    await rig.lose()
    await climb(rig, [3.0, 6.0, 12.0, 24.0, 48.0] + [60.0] * 15)
    assert rig.link.status().connection.attempt == 21
    del cloud.always["heartbeat"]
    await rig.after(60.0, lambda: rig.state == "connected")


async def test_a_wake_up_makes_the_next_heartbeat_happen_now(rig, cloud):
    await rig.connected()
    beats = cloud.count("heartbeat")
    rig.clock.jump(3600.0)
    rig.clock.advance(10.0)
    await rig.until(lambda: cloud.count("heartbeat") == beats + 1)
    await rig.until(lambda: rig.clock.pending("monitor") == [30.0])


async def test_a_clock_set_back_is_a_wake_up_too_and_one_adjusted_a_little_is_not(rig, cloud):
    await rig.connected()
    beats = cloud.count("heartbeat")
    rig.clock.jump(-4.0)
    rig.clock.advance(10.0)
    await rig.quiet()
    assert cloud.count("heartbeat") == beats
    rig.clock.jump(-40.0)
    rig.clock.advance(10.0)
    await rig.until(lambda: cloud.count("heartbeat") == beats + 1)


async def test_a_wake_up_makes_the_next_try_happen_now(rig, cloud):
    await rig.connected()
    await rig.lose()
    await climb(rig, [3.0, 6.0, 12.0])
    del cloud.always["heartbeat"]
    rig.clock.jump(3600.0)
    rig.clock.advance(10.0)
    await rig.until(lambda: rig.state == "connected")


async def test_a_connect_to_the_agent_that_is_being_restored_makes_the_next_try_happen_now(rig, cloud):
    link = await rig.connected()
    await rig.lose()
    del cloud.always["heartbeat"]
    assert (await link.connect(A)).agent_id == A
    assert rig.state == "connected"
    assert cloud.count("provision") == 2


async def test_after_the_ladder_has_ended_a_wake_up_brings_one_fresh_try(rig, cloud):
    rig.settings = msgspec.structs.replace(QUIET, max_reconnect_attempts=2)
    await rig.connected()
    await rig.lose()
    await climb(rig, [3.0, 6.0])
    assert rig.state == "disconnected"
    rig.clock.jump(3600.0)
    rig.clock.advance(10.0)
    await rig.until(lambda: rig.state == "reconnecting" and rig.clock.pending())
    await climb(rig, [3.0])
    assert (rig.state, rig.link.status().connection.reason) == ("disconnected", "retries_exhausted")
    del cloud.always["heartbeat"]
    rig.clock.jump(3600.0)
    await rig.quiet()
    rig.clock.advance(10.0)
    await rig.after(3.0, lambda: rig.state == "connected")


async def test_after_the_ladder_has_ended_a_connect_works(rig, cloud):
    rig.settings = msgspec.structs.replace(QUIET, max_reconnect_attempts=1)
    link = await rig.connected()
    await rig.lose()
    await climb(rig, [3.0])
    del cloud.always["heartbeat"]
    assert (await link.connect(A)).agent_id == A


async def test_an_agent_found_gone_ends_the_ladder_at_once(rig, cloud):
    await rig.connected()
    await rig.lose()
    del cloud.status[A]
    await rig.after(3.0, lambda: rig.state == "error")
    assert rig.link.status().connection.reason == "agent_gone"
    assert rig.clock.pending() == []


async def test_no_credits_ends_the_ladder_at_once(rig, cloud):
    await rig.connected()
    await rig.lose()
    cloud.always["provision"] = failure(402, "Insufficient credits")
    await rig.after(3.0, lambda: rig.state == "error")
    assert rig.link.status().connection.reason == "credits_exhausted"
    assert rig.clock.pending() == []


async def test_a_try_that_hangs_is_given_up_after_fifteen_minutes(rig, cloud):
    await rig.connected()
    await rig.lose()
    cloud.hold("provision")
    await rig.after(3.0, lambda: cloud.count("provision") == 2)
    await rig.after(900.0, lambda: rig.clock.pending("reconnector") == [6.0])
    cloud.release("provision")
