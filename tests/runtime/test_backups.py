"""Backups (local-api §14)."""

import asyncio
import json

import pytest

from eliza_cloud.store.config.settings import Settings
from eliza_cloud.store.errors import StoreError
from tests.harness.failing import failing
from tests.harness.scripted_cloud import A, B, failure, heartbeat_dead, job, job_started, ok

CALM = Settings(heartbeat_interval=1_000_000.0)
TIMER = "scheduler"


@pytest.fixture(autouse=True)
def only_backups(rig):
    rig.settings = CALM


async def backup_falls_due(rig, count):
    """Let the interval pass, and wait until this many snapshots were asked for and the loop waits again."""
    await rig.after(60.0, lambda: rig.cloud.count("snapshot") == count, TIMER)
    await rig.until(lambda: rig.clock.pending(TIMER) != [600.0])


async def test_a_backup_is_taken_every_sixty_seconds_the_first_after_one_interval(rig, cloud):
    link = await rig.connected()
    assert cloud.count("snapshot") == 0
    assert link.status().connection.last_backup_at is None
    for count in (1, 2, 3):
        await backup_falls_due(rig, count)
    await rig.quiet()
    assert link.status().connection.last_backup_at == "1970-01-12T13:49:40.000Z"


async def test_a_failed_backup_is_one_warning_and_the_next_comes_in_its_turn(rig, cloud):
    link = await rig.connected()
    cloud.script["snapshot"] = [failure(500, "An unexpected error occurred")]
    await backup_falls_due(rig, 1)
    await rig.until(lambda: rig.logged("backup.failed"))
    (warning,) = rig.logged("backup.failed")
    assert (warning["log_level"], warning["code"]) == ("warning", "cloud_server_error")
    assert rig.state == "connected"
    assert link.status().connection.last_backup_at is None
    await backup_falls_due(rig, 2)
    await rig.until(lambda: link.status().connection.last_backup_at)


async def test_a_changed_interval_counts_from_the_next_backup_on(rig, cloud):
    link = await rig.connected()
    link.change_settings(Settings(heartbeat_interval=1_000_000.0, backup_interval=0.02))
    await rig.after(60.0, lambda: rig.clock.pending(TIMER) == [0.02], TIMER)


async def test_a_backup_by_hand_answers_with_what_was_stored(rig, cloud):
    link = await rig.connected()
    taken = await link.take_backup(A)
    assert (taken.backup_id, taken.size) == ("b1", 10)
    assert link.status().connection.last_backup_at is not None
    assert rig.clock.pending(TIMER) == [60.0], "the timer keeps its time"


@pytest.mark.parametrize("what", ["fails", "hangs"])
async def test_a_backup_does_not_depend_on_its_time_being_written_down(rig, cloud, what):
    link = await rig.connected()
    if what == "fails":
        rig.store.error = StoreError("There is no room on the disk; make some and try again.")
    else:
        rig.store.hold()
    assert (await link.take_backup(A)).backup_id == "b1"
    await rig.until(lambda: link.facts.last_backup_at)
    await rig.after(60.0, lambda: cloud.count("snapshot") == 2, TIMER)
    rig.store.error = None
    rig.store.release()
    await rig.quiet()
    assert link.facts.backup_problem is None


async def test_a_backup_by_hand_that_fails_tells_its_caller_why(rig, cloud):
    link = await rig.connected()
    cloud.script["snapshot"] = [failure(409, "Sandbox is not running")]
    refusal = await failing(link.take_backup(A))
    assert (refusal.status, refusal.code) == (409, "conflict")
    assert rig.state == "connected"


async def test_a_snapshot_job_is_seen_through(rig, cloud):
    link = await rig.connected()
    cloud.always["snapshot"] = job_started()
    cloud.script["job"] = [
        job("in_progress"),
        job("completed", result={"backupId": "b9", "sizeBytes": 77, "createdAt": "then"}),
    ]
    backup = asyncio.ensure_future(link.take_backup(A))
    await rig.after(5.0, backup.done, TIMER)
    taken = await backup
    assert (taken.backup_id, taken.size, taken.created_at) == ("b9", 77, "then")


async def test_a_snapshot_job_that_fails_is_a_warning_when_the_timer_began_it(rig, cloud):
    await rig.connected()
    cloud.always["snapshot"] = job_started()
    cloud.always["job"] = job("failed", error="disk full")
    await backup_falls_due(rig, 1)
    await rig.until(lambda: rig.logged("backup.failed"))
    assert "disk full" in rig.logged("backup.failed")[0]["detail"]
    assert rig.state == "connected"


async def test_a_snapshot_job_without_end_is_given_up_after_ten_minutes(rig, cloud):
    link = await rig.connected()
    cloud.always["snapshot"] = job_started()
    cloud.always["job"] = job("in_progress", interval_ms=60_000)
    backup = asyncio.ensure_future(link.take_backup(A))
    await rig.until(lambda: cloud.count("job") == 1)
    for polls in range(2, 11):
        await rig.after(60.0, lambda n=polls: cloud.count("job") == n, TIMER)
        await rig.until(lambda: 60.0 in rig.clock.pending(TIMER))
    rig.clock.advance(60.0)
    assert (await failing(backup)).status == 504
    assert rig.state == "connected"


async def test_an_agent_that_does_not_run_is_no_reason_to_stop_the_timer(rig, cloud):
    await rig.connected()
    cloud.always["snapshot"] = failure(409, "Sandbox is not running")
    cloud.status[A] = "stopped"
    for count in (1, 2, 3, 4):
        await backup_falls_due(rig, count)
    await rig.until(lambda: len(rig.logged("backup.failed")) == 4)
    assert not rig.link.facts.backups_refused
    assert rig.clock.pending(TIMER) == [60.0]


async def test_a_refusal_between_two_successes_does_not_count(rig, cloud):
    await rig.connected()
    refusal = failure(409, "Shared agents are not backed up")
    usual = ok({"backupId": "b"})
    cloud.script["snapshot"] = [refusal, usual, refusal, usual]
    for count in (1, 2, 3, 4, 5):
        await backup_falls_due(rig, count)
    assert not rig.link.facts.backups_refused


async def test_a_success_by_hand_starts_a_stopped_timer_again_with_a_whole_interval(rig, cloud):
    link = await rig.connected()
    cloud.script["snapshot"] = [failure(409, "no"), failure(409, "no")]
    for count in (1, 2):
        await backup_falls_due(rig, count)
    await rig.until(lambda: link.facts.backups_refused)
    rig.clock.advance(600.0)
    await link.take_backup(A)
    await rig.until(lambda: rig.clock.pending(TIMER))
    assert rig.clock.pending(TIMER) == [60.0]
    assert not link.facts.backups_refused
    assert cloud.count("snapshot") == 3


async def test_backups_by_hand_wait_their_turn(rig, cloud):
    link = await rig.connected()
    cloud.hold("snapshot")
    backups = [asyncio.ensure_future(link.take_backup(A)) for _ in range(3)]
    await rig.until(lambda: cloud.count("snapshot") == 1)
    await rig.quiet()
    assert cloud.count("snapshot") == 1
    cloud.release("snapshot")
    assert [taken.backup_id for taken in await asyncio.gather(*backups)] == ["b1", "b2", "b3"]
    assert cloud.most_at_once["snapshot"] == 1


async def test_a_restore_goes_through_the_loop_and_waits_for_a_backup_under_way(rig, cloud):
    link = await rig.connected()
    cloud.hold("snapshot")
    await rig.after(60.0, lambda: cloud.count("snapshot") == 1, TIMER)
    restore = asyncio.ensure_future(link.restore(A, "b1"))
    await rig.quiet()
    assert cloud.count("restore") == 0
    cloud.release("snapshot")
    assert (await restore).backup_id == "b1"
    assert json.loads(cloud.bodies["restore"]) == {"backupId": "b1"}


async def test_a_restore_that_fails_tells_its_caller_why(rig, cloud):
    link = await rig.connected()
    cloud.script["restore"] = [failure(404, "No backup found")]
    refusal = await failing(link.restore(A, None))
    assert (refusal.status, json.loads(cloud.bodies["restore"])) == (404, {})
    assert rig.state == "connected"


@pytest.mark.parametrize("agent_id", [A, B])
async def test_a_backup_that_ends_the_agent_is_restored_only_where_that_is_accepted(rig, cloud, agent_id):
    link = await rig.connected(A)
    large, small = {"id": "b2", "sizeBytes": 1_048_577}, {"id": "b1", "sizeBytes": 1_048_576}
    cloud.always["backups"] = ok([large, small])
    for backup_id in (None, "b2"):
        refusal = await failing(link.restore(agent_id, backup_id))
        assert (refusal.status, refusal.code) == (409, "restore_ends_agent")
        assert refusal.details == {"backupId": "b2", "sizeBytes": 1_048_577}
    assert cloud.count("restore") == 0
    await link.restore(agent_id, "b1")
    await link.restore(agent_id, "b2", accept_agent_loss=True)
    cloud.always["backups"] = ok([{**large, "backupKind": "full"}])
    await link.restore(agent_id, "b2")
    assert cloud.count("restore") == 3


async def test_another_agent_than_the_linked_one_is_backed_up_and_restored_directly(rig, cloud):
    link = await rig.connected(A)
    assert (await link.take_backup(B)).backup_id == "b1"
    assert B in cloud.paths["snapshot"]
    assert (await link.restore(B, None)).backup_id == "b1"
    assert link.status().connection.last_backup_at is None


async def test_a_caller_that_goes_away_does_not_take_its_backup_along(rig, cloud):
    link = await rig.connected()
    cloud.hold("snapshot")
    first = asyncio.ensure_future(link.take_backup(A))
    second = asyncio.ensure_future(link.take_backup(A))
    await rig.until(lambda: cloud.count("snapshot") == 1)
    first.cancel()
    second.cancel()
    await rig.quiet()
    cloud.release("snapshot")
    await rig.until(lambda: cloud.count("snapshot") == 2)
    assert link.holdings.backup_requests == 0


@pytest.mark.parametrize("leave", ["disconnect", "connect", "stop", "shutdown"])
async def test_callers_are_answered_when_the_link_ends(rig, cloud, leave):
    link = await rig.connected()
    cloud.hold("snapshot")
    backups = [asyncio.ensure_future(link.take_backup(A)) for _ in range(2)]
    restore = asyncio.ensure_future(link.restore(A, None))
    await rig.until(lambda: cloud.count("snapshot") == 1)
    ways = {
        "disconnect": link.disconnect,
        "connect": lambda: link.connect(B),
        "stop": link.stop,
        "shutdown": lambda: link.shutdown_agent(A),
    }
    left = asyncio.ensure_future(ways[leave]())
    for caller in (*backups, restore):
        assert (await failing(caller)).code == "link_interrupted"
    cloud.release("snapshot")
    await left


async def test_callers_are_answered_when_the_link_is_lost(rig, cloud):
    rig.settings = Settings(backup_interval=1_000_000.0)
    link = await rig.connected()
    cloud.hold("snapshot")
    backup = asyncio.ensure_future(link.take_backup(A))
    await rig.until(lambda: cloud.count("snapshot") == 1)
    await rig.lose()
    assert (await failing(backup)).code == "link_interrupted"


async def test_a_backup_asked_for_in_the_moment_of_linking_is_answered_when_the_service_stops(rig, cloud):
    """Both commands are decided before the backup loop has run for the first time."""
    link = await rig.start()
    await rig.quiet()
    cloud.hold("heartbeat")
    connect = asyncio.ensure_future(link.connect(A))
    await rig.until(lambda: cloud.count("heartbeat") == 1)
    cloud.script["user"] = [ok({"id": "somebody-else"})]
    rig.store.hold()
    link.reverify_key()
    await rig.until(lambda: rig.store.waiting)
    cloud.release("heartbeat")
    await rig.until(lambda: "connector" not in rig.tasks())
    backup = asyncio.ensure_future(link.take_backup(A))
    await asyncio.sleep(0)
    stop = asyncio.ensure_future(link.stop())
    await asyncio.sleep(0)
    rig.store.release()
    assert (await failing(backup)).code == "link_interrupted"
    await asyncio.gather(stop, connect)


async def test_in_closing_nothing_comes_after_the_final_snapshot(rig, cloud):
    link = await rig.connected()
    cloud.hold("snapshot")
    leaving = asyncio.ensure_future(link.connect(B))
    await rig.until(lambda: cloud.count("snapshot") == 1)
    assert (await failing(link.take_backup(A))).code == "link_closing"
    assert (await failing(link.restore(A, None))).code == "link_closing"
    cloud.release("snapshot")
    await leaving
    assert cloud.count("snapshot") == 1


async def test_the_final_snapshot_begins_after_the_command_and_after_a_backup_under_way_was_let_go(
    rig, cloud
):
    link = await rig.connected()
    cloud.hold("snapshot")
    await rig.after(60.0, lambda: cloud.count("snapshot") == 1, TIMER)
    leaving = asyncio.ensure_future(link.disconnect())
    await rig.until(lambda: cloud.count("snapshot") == 2)
    assert rig.tasks() == {"drain"}
    cloud.release("snapshot")
    await leaving
    assert cloud.calls[-1] == "snapshot"


async def test_a_final_snapshot_that_is_a_job_counts_when_it_is_accepted(rig, cloud):
    link = await rig.connected()
    cloud.always["snapshot"] = job_started()
    await link.disconnect()
    assert cloud.count("job") == 0
    assert not rig.logged("backup.final_failed")


async def test_a_final_snapshot_that_fails_is_one_warning(rig, cloud):
    link = await rig.connected()
    cloud.always["snapshot"] = failure(500, "An unexpected error occurred")
    await link.disconnect()
    (warning,) = rig.logged("backup.final_failed")
    assert warning["log_level"] == "warning"
    assert rig.state == "disconnected"


async def test_a_link_that_is_being_restored_still_tries_its_final_snapshot(rig, cloud):
    rig.settings = Settings(backup_interval=1_000_000.0)
    link = await rig.connected()
    await rig.lose()
    cloud.always["snapshot"] = failure(409, "Sandbox is not running")
    cloud.always["heartbeat"] = heartbeat_dead()
    await link.disconnect()
    assert cloud.count("snapshot") == 1
    assert rig.state == "disconnected"
