"""The watch on the credits while a link stands."""

import pytest
from aiohttp import web

from eliza_cloud.store.config.settings import Settings
from tests.harness.scripted_cloud import A, B, failure, heartbeat_dead

WATCH = "credits"


@pytest.fixture(autouse=True)
def only_the_watch(rig):
    rig.settings = Settings(backup_interval=1_000_000.0, heartbeat_interval=1_000_000.0)


def balance(dollars: object) -> web.Response:
    return web.json_response({"balance": dollars})


async def watching(rig):
    """Link, and wait for the first reading."""
    link = await rig.connected()
    await rig.until(lambda: link.facts.spending is not None and rig.clock.pending(WATCH))
    return link


async def read(rig, dollars):
    """Let the next reading bring this balance."""
    rig.cloud.always["balance"] = balance(dollars)
    await rig.after(300.0, lambda: rig.link.facts.spending.balance == dollars, WATCH)


async def test_the_balance_is_read_once_linked_and_then_every_five_minutes(rig, cloud):
    await rig.start()
    assert cloud.count("balance") == 0
    await rig.link.connect(A)
    await rig.until(lambda: rig.link.facts.spending is not None)
    for readings in range(1, 4):
        assert cloud.count("balance") == readings
        await rig.after(300.0, lambda n=readings: cloud.count("balance") == n + 1, WATCH)
    assert cloud.most_at_once["balance"] == 1


async def test_it_is_read_past_the_clouds_cache(rig, cloud):
    asked = []

    async def answer(request):
        asked.append(request.query_string)
        return balance(25.0)

    cloud.always["balance"] = answer
    await rig.connected()
    await rig.until(lambda: asked)
    assert asked == ["fresh=true"]


async def test_a_changed_interval_counts_from_the_next_reading_on(rig, cloud):
    link = await watching(rig)
    link.change_settings(Settings(credits_interval=7.0, heartbeat_interval=1_000_000.0))
    await rig.after(300.0, lambda: rig.clock.pending(WATCH) == [7.0], WATCH)


async def test_each_level_is_logged_once_with_what_to_do(rig):
    await watching(rig)
    for dollars in (25.0, 1.5, 1.4, 0.4, 0.3, 20.0, 19.0):
        await read(rig, dollars)
    lines = [entry for entry in rig.log if entry["event"].startswith("credits.")]
    assert [(entry["event"], entry["log_level"], entry["balance"]) for entry in lines] == [
        ("credits.low", "warning", 1.5),
        ("credits.critical", "warning", 0.4),
        ("credits.recovered", "info", 20.0),
    ]
    assert "https://elizacloud.ai/dashboard/settings?tab=billing" in lines[0]["remedy"]


async def test_a_reading_that_fails_changes_nothing_and_the_next_one_counts(rig, cloud):
    await watching(rig)
    for bad in (failure(500, "database on fire"), failure(401, "Invalid API key"), balance("much")):
        cloud.script["balance"] = [bad]
        readings = cloud.count("balance")
        await rig.after(300.0, lambda n=readings: cloud.count("balance") == n + 1, WATCH)
        await rig.until(lambda: rig.clock.pending(WATCH))
        assert rig.state == "connected"
        assert rig.link.facts.spending.balance == 25.0
    await read(rig, 24.0)
    assert [entry for entry in rig.log if entry["log_level"] == "warning"] == []


async def test_the_spending_of_hours_gives_a_rate(rig):
    await watching(rig)
    for reading in range(1, 25):
        await read(rig, 25.0 - reading * 0.1)
    assert rig.link.facts.spending.rate == pytest.approx(1.2)


async def test_nothing_is_read_while_the_link_is_down_or_after_it(rig, cloud):
    rig.settings = Settings(backup_interval=1_000_000.0)
    link = await watching(rig)
    await rig.lose()
    assert WATCH not in rig.tasks()
    cloud.always["heartbeat"] = heartbeat_dead()
    await link.disconnect()
    readings = cloud.count("balance")
    await rig.long_time()
    assert cloud.count("balance") == readings
    assert rig.tasks() == set()


async def test_a_reading_under_way_holds_up_no_disconnect(rig, cloud):
    cloud.hold("balance")
    link = await rig.connected()
    await rig.until(lambda: cloud.under_way.get("balance"))
    await link.disconnect()
    assert rig.state == "disconnected"
    assert link.facts.spending is None


async def test_another_agent_of_the_account_is_watched_on(rig, cloud):
    link = await watching(rig)
    await link.connect(B)
    await rig.until(lambda: cloud.count("balance") == 2)
    assert link.facts.spending is not None
