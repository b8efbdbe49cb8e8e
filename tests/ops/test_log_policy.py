"""How loud the log is: a warning as trouble begins, debug while it lasts, info with its length at the end."""

import pytest

from eliza_cloud.store.config.settings import Settings
from tests.harness.scripted_cloud import failure, heartbeat_dead

LOUD = {"warning", "error", "critical"}
QUIET = Settings(backup_interval=1_000_000.0, credits_interval=1_000_000.0)


@pytest.fixture(autouse=True)
def only_heartbeats(rig):
    rig.settings = QUIET


async def beat(rig, missed_heartbeats):
    """Let the next heartbeat happen; after it there are so many misses in a row."""
    await rig.after(30.0, lambda: rig.link.facts.missed_heartbeats == missed_heartbeats, "monitor")
    await rig.until(lambda: rig.clock.pending("monitor"))


async def climb(rig, *delays):
    """Let one try after the other fail."""
    for delay in delays:
        attempt = rig.link.facts.attempt
        await rig.after(delay, lambda n=attempt: rig.link.facts.attempt == n + 1, "reconnector")
        await rig.until(lambda: rig.clock.pending("reconnector"))


def levels(rig, event):
    return [line["log_level"] for line in rig.logged(event)]


def loud(rig):
    return [line["event"] for line in rig.log if line["log_level"] in LOUD]


async def test_heartbeats_that_come_back_are_one_warning_and_one_line_with_how_long_it_lasted(rig, cloud):
    await rig.connected()
    assert loud(rig) == []
    for _ in range(2):
        rig.log.clear()
        cloud.script["heartbeat"] = [heartbeat_dead(), heartbeat_dead()]
        for missed_heartbeats in (1, 2, 0):
            await beat(rig, missed_heartbeats)
        assert levels(rig, "heartbeat.missed") == ["warning", "debug"]
        assert loud(rig) == ["heartbeat.missed"]
        (recovered,) = rig.logged("heartbeat.recovered")
        assert (recovered["log_level"], recovered["duration_s"]) == ("info", 60.0)
        await beat(rig, 0)
        assert len(rig.logged("heartbeat.recovered")) == 1


async def test_a_lost_link_is_one_warning_of_each_kind_and_one_line_with_how_long_it_lasted(rig, cloud):
    await rig.connected()
    await rig.lose()
    await climb(rig, 3.0, 6.0, 12.0)
    assert levels(rig, "heartbeat.missed") == ["warning", "debug", "debug"]
    assert levels(rig, "reconnect.failed") == ["warning", "debug", "debug"]
    assert loud(rig) == ["heartbeat.missed", "link.transition", "reconnect.failed"]
    rig.log.clear()
    del cloud.always["heartbeat"]
    await rig.after(24.0, lambda: rig.state == "connected", "reconnector")
    assert loud(rig) == ["agent.restarting"], "what costs the user something is never silent"
    (moved,) = rig.logged("link.transition")
    assert (moved["log_level"], moved["to"]) == ("info", "connected")
    assert moved["duration_s"] == 60.0 + 3.0 + 6.0 + 12.0 + 24.0


async def test_each_outage_has_a_warning_of_its_own(rig, cloud):
    await rig.connected()
    for _ in range(2):
        rig.log.clear()
        await rig.lose()
        await climb(rig, 3.0)
        assert loud(rig) == ["heartbeat.missed", "link.transition", "reconnect.failed"]
        del cloud.always["heartbeat"]
        await rig.after(6.0, lambda: rig.state == "connected", "reconnector")
        for beats in (1, 2):
            await rig.after(30.0, lambda n=beats: rig.link.facts.stable_heartbeats == n, "monitor")


async def test_a_failed_backup_is_a_warning_each_time(rig, cloud):
    rig.settings = Settings(heartbeat_interval=1_000_000.0)
    await rig.connected()
    cloud.script["snapshot"] = [failure(500, "An unexpected error occurred")] * 3
    for count in (1, 2, 3):
        await rig.after(60.0, lambda n=count: len(rig.logged("backup.failed")) == n, "scheduler")
        await rig.until(lambda: rig.clock.pending("scheduler") != [600.0])
    assert levels(rig, "backup.failed") == ["warning"] * 3
