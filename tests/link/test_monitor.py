"""Heartbeats and the ladder: seed, Connection Monitor and Reconnection Strategy."""

from eliza_cloud.store.settings import Settings
from tests.link.scripted_cloud import A, heartbeat_dead

QUIET_BACKUPS = Settings(backup_interval=100_000.0)


async def test_three_missed_heartbeats_start_the_ladder_and_a_clean_one_ends_it(rig, cloud):
    rig.settings = QUIET_BACKUPS
    link = await rig.start()
    await link.connect(A)
    cloud.always["heartbeat"] = heartbeat_dead()
    for missed in range(1, 4):
        await rig.after(30.0, lambda n=missed: cloud.count("heartbeat") == 1 + n)
    await rig.until(lambda: rig.state == "reconnecting")
    del cloud.always["heartbeat"]
    await rig.after(3.0, lambda: rig.state == "connected")
    assert link.status().connection.attempt == 0
