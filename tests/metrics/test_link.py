"""What the numbers say after a story that is known: a real link before a scripted cloud."""

import asyncio
import contextlib

import pytest
from aiohttp import web

from eliza_cloud.cloud.errors import CloudError
from eliza_cloud.cloud.http.request import Timeouts
from eliza_cloud.core.link import events
from eliza_cloud.core.link.machine import LinkMachine
from eliza_cloud.core.problems import AGENT_START_TOO_SLOW, LASTING
from eliza_cloud.ops.metrics.service import Metrics
from eliza_cloud.redaction.secret import Secret
from eliza_cloud.runtime.cloud_session import CloudSession
from eliza_cloud.runtime.errors import LinkError
from eliza_cloud.runtime.observers import StepRecord
from eliza_cloud.runtime.tasks import event_source
from eliza_cloud.store.config.settings import Settings
from tests.harness.scripted_cloud import KEY, A, B, authenticated, failure, heartbeat_dead, html
from tests.metrics.numbers import scrape
from tests.runtime.conftest import cloud, log, rig  # noqa: F401 - fixtures

STATES = {"disconnected", "connecting", "connected", "reconnecting", "error"}
QUIET = 1_000_000.0


@pytest.fixture
def metrics(rig):  # noqa: F811 - a fixture
    made = Metrics(wall=rig.clock.wall, monotonic=rig.clock.monotonic)
    rig.observers.append(made.link)
    rig.traces.append(made.cloud.trace())
    rig.settings = Settings(backup_interval=QUIET, credits_interval=QUIET)
    return made


@pytest.fixture
def numbers(rig, metrics):  # noqa: F811 - a fixture
    """Scrape; the link is watched from the first time on."""
    watched = []

    def read():
        if not watched:
            metrics.watch(rig.link, rig.journal)
            watched.append(rig.link)
        return scrape(metrics)

    return read


async def test_the_state_is_one_of_five_in_each_of_them(rig, cloud, numbers):  # noqa: F811
    async def state():
        read = numbers().all("eliza_cloud_connection_state")
        assert {name for (name,) in read} == STATES
        assert sum(read.values()) == 1.0
        return next(name for (name,), value in read.items() if value)

    link = await rig.start()
    assert await state() == "disconnected"
    gate = cloud.hold("provision")
    connect = asyncio.ensure_future(link.connect(A))
    await rig.until(lambda: cloud.count("provision") == 1)
    assert await state() == "connecting"
    cloud.gates.pop("provision")
    gate.set()
    await connect
    assert await state() == "connected"
    cloud.hold("snapshot")
    other = asyncio.ensure_future(link.connect(B))
    await rig.until(lambda: link.facts.state.value == "closing")
    assert await state() == "connected", "closing shows as the state it came from"
    cloud.release("snapshot")
    await other
    await rig.lose()
    assert await state() == "reconnecting"
    cloud.status.clear()
    cloud.always["provision"] = failure(404, "Agent not found")
    rig.clock.advance(3.0)
    await rig.until(lambda: rig.state == "error")
    assert await state() == "error"


async def test_heartbeats_misses_and_tries_are_counted_by_outcome(rig, cloud, numbers):  # noqa: F811
    await rig.connected()
    cloud.script["heartbeat"] = [heartbeat_dead()]
    await rig.after(30.0, lambda: rig.link.facts.missed_heartbeats == 1, "monitor")
    failing_since = rig.clock.wall()
    read = numbers()
    assert read.value("eliza_cloud_heartbeat_misses") == 1
    assert read.value("eliza_cloud_failing_since_timestamp_seconds") == failing_since
    await rig.after(30.0, lambda: rig.link.facts.missed_heartbeats == 0, "monitor")
    last = rig.clock.wall()
    read = numbers()
    assert read.all("eliza_cloud_heartbeats_total") == {("answered",): 1, ("missed",): 1}
    assert read.value("eliza_cloud_heartbeat_seconds_count") == 1
    assert read.value("eliza_cloud_last_heartbeat_timestamp_seconds") == last
    assert read.value("eliza_cloud_failing_since_timestamp_seconds") is None

    await rig.lose()
    read = numbers()
    assert read.value("eliza_cloud_heartbeats_total", outcome="missed") == 4
    assert read.value("eliza_cloud_reconnect_attempt") == 1
    assert read.value("eliza_cloud_reconnect_next_try_seconds") == 3.0
    cloud.script["provision"] = [failure(503, "no")]
    await rig.after(3.0, lambda: rig.link.facts.attempt == 2, "reconnector")
    await rig.until(lambda: rig.clock.pending("reconnector") == [6.0])
    rig.clock.advance(2.0)
    assert numbers().value("eliza_cloud_reconnect_next_try_seconds") == 4.0
    del cloud.always["heartbeat"]
    rig.clock.advance(4.0)
    await rig.until(lambda: rig.state == "connected")
    read = numbers()
    assert read.all("eliza_cloud_reconnect_attempts_total") == {
        ("succeeded",): 1,
        ("failed",): 1,
        ("final",): 0,
    }
    assert read.value("eliza_cloud_reconnect_attempt") == 0
    assert read.value("eliza_cloud_reconnect_next_try_seconds") is None
    transitions = read.all("eliza_cloud_transitions_total")
    assert {move: times for move, times in transitions.items() if times} == {
        ("disconnected", "connecting", "Connect"): 1,
        ("connecting", "connected", "Connected"): 1,
        ("connected", "reconnecting", "HeartbeatMissed"): 1,
        ("reconnecting", "connected", "Reconnected"): 1,
    }


async def test_a_ladder_that_nothing_can_mend_ends_in_a_final_try(rig, cloud, numbers):  # noqa: F811
    await rig.connected()
    await rig.lose()
    cloud.always["provision"] = failure(402, "Insufficient credits")
    await rig.after(3.0, lambda: rig.state == "error", "reconnector")
    read = numbers()
    assert read.all("eliza_cloud_reconnect_attempts_total", outcome="final") == {("final",): 1}
    assert read.value("eliza_cloud_health_item", code="credits_exhausted") == 1
    assert sum(read.all("eliza_cloud_transitions_total", event="CreditsExhausted").values()) == 1


async def test_backups_by_outcome_with_size_age_and_time(rig, cloud, metrics, numbers):  # noqa: F811
    rig.settings = Settings(heartbeat_interval=QUIET, credits_interval=QUIET)
    await rig.connected()
    assert numbers().value("eliza_cloud_last_backup_age_seconds") is None
    await rig.after(60.0, lambda: rig.link.facts.last_backup_at, "scheduler")
    taken_at = rig.clock.wall()
    await rig.until(lambda: rig.clock.pending("scheduler"))
    rig.clock.advance(12.0)
    read = numbers()
    assert read.value("eliza_cloud_last_backup_age_seconds") == 12.0
    assert read.value("eliza_cloud_last_backup_timestamp_seconds") == taken_at
    assert read.value("eliza_cloud_last_backup_bytes") == 10
    assert read.value("eliza_cloud_backup_seconds_count") == 1
    cloud.script["snapshot"] = [failure(500, "no")]
    cloud.always["snapshot"] = failure(409, "shared agents have no backups")
    for outcomes in ((1, 1, 0), (1, 2, 0), (1, 2, 1)):
        failed = sum(outcomes)
        await rig.until(lambda: rig.clock.pending("scheduler"))
        rig.clock.advance(rig.clock.pending("scheduler")[0])
        await rig.until(lambda n=failed: sum(numbers().all("eliza_cloud_backups_total").values()) == n)
        assert tuple(numbers().all("eliza_cloud_backups_total").values()) == outcomes
    assert numbers().value("eliza_cloud_health_item", code="backup_refused") == 1


async def test_the_health_items_are_those_of_the_health_view(rig, cloud, numbers):  # noqa: F811
    await rig.connected()
    read = numbers().all("eliza_cloud_health_item")
    assert read == dict.fromkeys(((code, cause.severity) for code, cause in LASTING.items()), 0.0)
    await rig.lose()
    rig.clock.advance(0.0)
    shown = {item.code for item in rig.link.health().items}
    assert shown
    read = numbers().all("eliza_cloud_health_item")
    assert {code for (code, _), value in read.items() if value} == shown


async def test_the_account_is_shown_as_it_is_known(rig, cloud, numbers):  # noqa: F811
    rig.settings = Settings(backup_interval=QUIET, heartbeat_interval=QUIET)
    await rig.start(verified=False)
    assert numbers().hot("eliza_cloud_key_state") == ["unverified"]
    await rig.until(lambda: rig.link.status().connected)
    assert numbers().hot("eliza_cloud_key_state") == ["accepted"]
    assert numbers().value("eliza_cloud_credits_balance_dollars") is None
    await rig.link.connect(A)
    await rig.until(lambda: rig.link.facts.spending is not None)
    read = numbers()
    assert read.value("eliza_cloud_credits_balance_dollars") == 25.0
    assert read.value("eliza_cloud_credits_left_seconds") is None
    for dollars in range(1, 25):
        cloud.always["balance"] = web.json_response({"balance": 25.0 - dollars * 0.1})
        at = rig.link.facts.spending.at
        await rig.after(300.0, lambda at=at: rig.link.facts.spending.at > at, "credits")
        await rig.until(lambda: rig.clock.pending("credits"))
    left = numbers().value("eliza_cloud_credits_left_seconds")
    assert left == pytest.approx(22.6 / 1.2 * 3600)
    assert numbers().value("eliza_cloud_credits_read_timestamp_seconds") == rig.clock.wall()
    await rig.link.disconnect()
    assert numbers().hot("eliza_cloud_key_state") == ["absent"]
    assert numbers().value("eliza_cloud_credits_balance_dollars") is None


async def test_sign_ins_are_counted_by_their_end(rig, cloud, numbers):  # noqa: F811
    await rig.start(key=None)
    await rig.sign_in(failure(404, "Session not found"))
    await rig.sign_in(authenticated())
    session = (await rig.link.start_login()).session_id
    await rig.link.cancel_login(session)
    assert numbers().all("eliza_cloud_logins_total") == {
        ("authenticated",): 1,
        ("expired",): 1,
        ("failed",): 0,
        ("cancelled",): 1,
    }


async def test_what_comes_from_an_epoch_that_is_over_is_counted_as_stale(rig, numbers, metrics):  # noqa: F811
    await rig.connected()
    stale = rig.reports[-1].event
    assert type(stale).__name__ == "Connected"
    for event in (
        stale,
        events.HeartbeatMissed(stale.epoch, AGENT_START_TOO_SLOW.occurred(minutes=15)),
        events.BackupTaken(stale.epoch, 10, 1.0),
    ):
        before = rig.link.facts
        step = LinkMachine().step(before, event, at=rig.clock.wall(), jitter=1.0)
        metrics.link.on_step(StepRecord(event, before, step, rig.clock.wall(), 1.0, event_source()))
    read = numbers()
    assert read.value("eliza_cloud_heartbeats_total", outcome="missed") == 0
    assert read.value("eliza_cloud_backups_total", outcome="taken") == 0
    assert read.all("eliza_cloud_events_total", event="Connected") == {
        ("Connected", "moved"): 1,
        ("Connected", "stale"): 1,
    }


async def test_the_queue_is_timed_for_every_event_and_its_length_is_shown(rig, numbers):  # noqa: F811
    await rig.connected()
    read = numbers()
    handled = read.value("eliza_cloud_queue_handling_seconds_count")
    assert handled == read.value("eliza_cloud_queue_wait_seconds_count")
    assert handled >= sum(read.all("eliza_cloud_events_total").values())
    assert read.value("eliza_cloud_queue_length") == 0
    for _ in range(3):
        rig.link.reverify_key()
    assert numbers().value("eliza_cloud_queue_length") == 3
    await rig.link.stop()
    assert numbers().value("eliza_cloud_consumer_running") == 0


async def test_calls_to_the_cloud_are_counted_by_endpoint_and_what_came_of_them(rig, cloud, numbers):  # noqa: F811
    async def drop(request):
        request.transport.abort()
        return web.Response()

    link = await rig.start()
    job = "/api/v1/jobs/{id}"
    answers = (
        (failure(401, "x"), "401"),
        (failure(402, "x"), "402"),
        (failure(403, "x"), "403"),
        (failure(404, "x"), "404"),
        (failure(409, "x"), "409"),
        (failure(418, "x"), "4xx"),
        (failure(429, "x"), "429"),
        (failure(599, "x"), "5xx"),
        (html(200), "2xx"),
        (web.Response(status=302, headers={"Location": "http://elsewhere.example"}), "3xx"),
        (drop, "cloud_unreachable"),
    )
    for answer, outcome in answers:
        cloud.script["job"] = [answer]
        with contextlib.suppress(CloudError, LinkError):
            await link.ask_cloud(lambda client: client.get_job("job-1/../x"))
        read = numbers().all("eliza_cloud_cloud_calls_total", endpoint=job)
        assert read[job, outcome] == 1, (outcome, read)
    assert numbers().value("eliza_cloud_cloud_call_seconds_count", endpoint=job) == len(answers)


async def test_a_call_that_takes_too_long_and_one_that_nobody_waits_for_are_told_apart(rig, cloud, metrics):  # noqa: F811
    link = await rig.start()
    cloud.hold("job")
    hasty = CloudSession(rig.base_url, allow_loopback=True, timeouts=Timeouts(rest=0.02), traces=rig.traces)
    with pytest.raises(CloudError) as caught:
        await hasty.client(Secret(KEY)).get_job("job-1")
    await hasty.close()
    assert caught.value.code == "cloud_timeout"
    await rig.until(lambda: cloud.count("job") == 1)
    call = asyncio.ensure_future(link.cloud_client().get_job("job-1"))
    await rig.until(lambda: cloud.count("job") == 2)
    call.cancel()
    await asyncio.wait([call])
    assert scrape(metrics).all("eliza_cloud_cloud_calls_total", endpoint="/api/v1/jobs/{id}") == {
        ("/api/v1/jobs/{id}", "cloud_timeout"): 1,
        ("/api/v1/jobs/{id}", "cancelled"): 1,
    }


async def test_a_cloud_that_nobody_answers_for_is_unreachable(rig, metrics):  # noqa: F811
    rig.base_url = "http://127.0.0.1:9"
    await rig.start(verified=False)
    await rig.until(lambda: rig.link.facts.key_problem is not None)
    assert scrape(metrics).all("eliza_cloud_cloud_calls_total") == {("/api/v1/user", "cloud_unreachable"): 1}
