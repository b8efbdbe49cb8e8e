"""Repairs that cost, and links that return by themselves (architecture: Repair; cloud-api-latest L2)."""

import msgspec
import pytest
from aiohttp import web

from eliza_cloud.store.config.settings import Settings
from eliza_cloud.store.errors import StoreError
from eliza_cloud.store.inspect import read_only_record
from tests.harness.failing import failing
from tests.harness.scripted_cloud import A, B, failure, heartbeat_dead, job, job_started, ok

PRICE = "dedicated-compute-v1:USD:0.010000:0.020000"
DEARER = "dedicated-compute-v1:USD:0.150000:0.300000"
SETTINGS = Settings(backup_interval=1_000_000.0)


@pytest.fixture(autouse=True)
def without_backups(rig):
    rig.settings = SETTINGS


async def lost_with_a_dead_sandbox(rig, cloud):
    """Lose the link to an agent whose sandbox is dead although its record says running."""
    cloud.dead.add(A)
    for missed in (1, 2, 3):
        await rig.after(
            30.0,
            lambda n=missed: rig.link.facts.missed_heartbeats == n or rig.state == "reconnecting",
            "monitor",
        )
    await rig.until(lambda: rig.clock.pending("reconnector"))


async def tries(rig, *delays):
    """Let one try after the other fail."""
    for delay in delays:
        failed = rig.link.facts.failed_attempts
        await rig.after(delay, lambda n=failed: rig.link.facts.failed_attempts > n, "reconnector")


# Another agent is asked first, and the one linked is given up only when that one starts


@pytest.mark.parametrize("call", ["connect", "begin_connect"])
async def test_a_connect_to_an_agent_that_does_not_exist_leaves_the_link_as_it_is(rig, cloud, call):
    link = await rig.connected()
    refusal = await failing(getattr(link, call)("99999999-9999-4999-8999-999999999999"))
    assert refusal.status == 404
    assert (rig.state, link.facts.agent_id, link.facts.desired_agent_id) == ("connected", A, A)
    assert cloud.count("snapshot") == 0
    assert rig.tasks() == {"monitor", "scheduler", "credits"}


@pytest.mark.parametrize(
    ("refused", "code"),
    [
        (failure(402, "Insufficient credits"), "credits_exhausted"),
        (failure(500, "broken"), "cloud_server_error"),
    ],
)
async def test_a_start_that_is_refused_leaves_the_link_as_it_is(rig, cloud, refused, code):
    link = await rig.connected()
    cloud.always["provision"] = refused
    assert (await failing(link.connect(B))).code == code
    assert (rig.state, link.facts.agent_id) == ("connected", A)


async def test_a_start_whose_price_is_not_accepted_leaves_the_link_as_it_is(rig, cloud):
    link = await rig.connected()
    cloud.status[B], cloud.price = "stopped", PRICE
    refusal = await failing(link.connect(B))
    assert (refusal.status, refusal.code) == (428, "price_confirmation_required")
    assert (rig.state, link.facts.agent_id) == ("connected", A)
    assert (await link.connect(B, accept_price=PRICE)).agent_id == B


@pytest.mark.parametrize("answer", [job_started(202), job_started(409)])
async def test_an_accepted_start_gives_the_linked_agent_up(rig, cloud, answer):
    link = await rig.connected()
    cloud.script["provision"] = [answer]
    assert (await link.connect(B)).agent_id == B
    assert cloud.count("snapshot") == 1


async def test_what_fails_after_the_start_was_accepted_is_an_error(rig, cloud):
    link = await rig.connected()
    cloud.script["provision"] = [job_started(202), failure(402, "Insufficient credits")]
    assert (await failing(link.connect(B))).code == "credits_exhausted"
    assert (rig.state, link.facts.agent_id) == ("error", B)


@pytest.mark.parametrize("call", ["suspend_agent", "shutdown_agent"])
async def test_an_agent_that_is_gone_already_is_looked_at_before_the_link_is_given_up(rig, cloud, call):
    link = await rig.connected()
    cloud.script["get"] = [failure(503, "Service unavailable")]
    await failing(getattr(link, call)(A))
    assert (rig.state, cloud.count("snapshot"), len(rig.moves)) == ("connected", 0, 2)


@pytest.mark.parametrize(("call", "name"), [("suspend_agent", "suspend"), ("shutdown_agent", "delete")])
async def test_a_link_that_was_given_up_in_vain_is_given_back_and_nothing_is_started_by_that(
    rig, cloud, call, name
):
    link = await rig.connected()
    started = cloud.count("provision")
    cloud.always[name] = failure(500, "An unexpected error occurred")
    await failing(getattr(link, call)(A))
    await rig.until(lambda: rig.state == "connected")
    assert (link.facts.desired_agent_id, cloud.count("provision")) == (A, started)


# Prices


async def test_a_start_without_consent_is_an_error_that_names_the_price(rig, cloud):
    link = await rig.start()
    cloud.status[A], cloud.price = "stopped", PRICE
    refusal = await failing(link.connect(A))
    assert (refusal.status, refusal.code) == (428, "price_confirmation_required")
    assert refusal.details["pricing"]["acceptanceValue"] == PRICE
    assert "$0.01 an hour" in refusal.message
    assert (rig.state, link.readiness()) == ("error", "price_confirmation_required")
    assert cloud.provisioned == []


async def test_a_price_within_the_limits_of_the_settings_is_accepted(rig, cloud):
    rig.settings = msgspec.structs.replace(SETTINGS, max_hourly_usd=0.01, max_start_usd=0.02)
    link = await rig.start()
    cloud.status[A], cloud.price = "stopped", PRICE
    await link.connect(A)
    assert cloud.prices == [None, PRICE]
    cloud.status[B], cloud.price = "stopped", DEARER
    assert (await failing(link.connect(B))).code == "price_confirmation_required"


@pytest.mark.parametrize("limit", ["max_hourly_usd", "max_start_usd"])
async def test_one_limit_alone_accepts_no_price(rig, cloud, limit):
    rig.settings = msgspec.structs.replace(SETTINGS, **{limit: 100.0})
    link = await rig.start()
    cloud.status[A], cloud.price = "stopped", PRICE
    assert (await failing(link.connect(A))).code == "price_confirmation_required"


async def test_consent_survives_a_restart_of_the_service_and_ends_with_the_link(rig, cloud):
    link = await rig.start()
    cloud.status[A], cloud.price = "stopped", PRICE
    await link.connect(A, accept_price=PRICE)
    link = await rig.restart()
    await rig.until(lambda: rig.state == "connected")
    assert link.facts.accepted_price == PRICE
    assert cloud.prices[-1] == PRICE
    await link.suspend_agent(A)
    assert link.facts.accepted_price is None
    assert read_only_record(rig.paths.database).accepted_price is None


async def test_a_changed_price_ends_a_repair_without_using_up_its_tries(rig, cloud):
    link = await rig.start()
    cloud.status[A], cloud.price = "stopped", PRICE
    await link.connect(A, accept_price=PRICE)
    cloud.price = DEARER
    await lost_with_a_dead_sandbox(rig, cloud)
    await tries(rig, 3.0, 6.0, 12.0)
    await rig.after(24.0, lambda: rig.state == "error", "reconnector")
    assert link.readiness() == "price_confirmation_required"
    assert "$0.15 an hour" in link.health().items[0].detail
    assert rig.clock.pending() == []


# A dead sandbox under a record that says running


async def test_after_three_tries_the_agent_is_restarted_once_and_the_link_stands_again(rig, cloud):
    link = await rig.connected()
    await lost_with_a_dead_sandbox(rig, cloud)
    await tries(rig, 3.0, 6.0, 12.0)
    assert cloud.count("suspend") == 0
    await rig.after(24.0, lambda: rig.state == "connected", "reconnector")
    assert (cloud.count("suspend"), link.facts.agent_id) == (1, A)
    (line,) = rig.logged("agent.restarting")
    assert (line["log_level"], line["agent_id"]) == ("warning", A)
    assert "AgentRestarting" in [type(record.event).__name__ for record in rig.reports]
    await rig.until(lambda: not read_only_record(rig.paths.database).restarting)


async def test_a_restart_that_does_not_help_is_not_made_again(rig, cloud):
    await rig.connected()
    await rig.lose()
    for delay in (3.0, 6.0, 12.0, 24.0, 48.0, 60.0, 60.0, 60.0, 60.0):
        await tries(rig, delay)
    await rig.after(60.0, lambda: rig.state == "disconnected", "reconnector")
    assert cloud.count("suspend") == 1


async def test_no_agent_is_restarted_where_the_settings_say_so(rig, cloud):
    rig.settings = msgspec.structs.replace(SETTINGS, restart_unresponsive=False)
    await rig.connected()
    await lost_with_a_dead_sandbox(rig, cloud)
    await tries(rig, 3.0, 6.0, 12.0, 24.0, 48.0)
    assert cloud.count("suspend") == 0


@pytest.mark.parametrize(("more", "restarted"), [({}, False), ({"backupKind": "full"}, True)])
async def test_an_agent_whose_newest_backup_it_would_not_survive_is_not_restarted(
    rig, cloud, more, restarted
):
    await rig.connected()
    cloud.always["backups"] = ok([{"id": "b1", "snapshotType": "auto", "sizeBytes": 1_048_577, **more}])
    await lost_with_a_dead_sandbox(rig, cloud)
    await tries(rig, 3.0, 6.0, 12.0)
    if restarted:
        await rig.after(24.0, lambda: rig.state == "connected", "reconnector")
    else:
        await tries(rig, 24.0, 48.0)
    assert cloud.count("suspend") == int(restarted)


async def test_no_agent_is_restarted_while_it_is_not_known_what_its_newest_backup_is(rig, cloud):
    await rig.connected()
    cloud.always["backups"] = failure(503, "down")
    await lost_with_a_dead_sandbox(rig, cloud)
    await tries(rig, 3.0, 6.0, 12.0, 24.0)
    assert cloud.count("suspend") == 0
    del cloud.always["backups"]
    await rig.after(48.0, lambda: rig.state == "connected", "reconnector")
    assert cloud.count("suspend") == 1


async def test_a_runtime_that_is_still_starting_is_waited_for_and_never_restarted(rig, cloud):
    await rig.connected()
    await rig.lose()
    starting = {"jsonrpc": "2.0", "id": 1, "result": {"status": "starting", "ready": False}}
    cloud.always["heartbeat"] = web.json_response(starting)
    await rig.after(3.0, lambda: cloud.count("provision") == 2, "reconnector")
    for _ in range(20):
        beats = cloud.count("heartbeat")
        await rig.after(5.0, lambda n=beats: cloud.count("heartbeat") > n, "reconnector")
    await rig.quiet()
    del cloud.always["heartbeat"]
    await rig.after(5.0, lambda: rig.state == "connected", "reconnector")
    assert (cloud.count("suspend"), rig.link.facts.failed_attempts) == (0, 0)


@pytest.mark.parametrize("at", ["suspend", "provision"])
async def test_a_kill_during_a_restart_does_not_leave_the_agent_stopped(rig, cloud, at):
    await rig.connected()
    await lost_with_a_dead_sandbox(rig, cloud)
    await tries(rig, 3.0, 6.0, 12.0)
    calls = cloud.count(at)
    cloud.hold(at)
    await rig.after(24.0, lambda: cloud.count(at) == calls + 1, "reconnector")
    await rig.kill()
    cloud.release(at)
    cloud.dead.clear()
    cloud.status[A] = "stopped"
    link = await rig.start(key=None)
    await rig.until(lambda: rig.state == "connected")
    assert cloud.status[A] == "running"
    assert not link.facts.restarting
    await rig.until(lambda: not read_only_record(rig.paths.database).restarting)


async def test_a_restart_that_cannot_be_written_down_is_not_begun(rig, cloud):
    await rig.connected()
    await lost_with_a_dead_sandbox(rig, cloud)
    await tries(rig, 3.0, 6.0, 12.0)
    rig.store.error = StoreError("There is no room on the disk; make some and try again.")
    await tries(rig, 24.0)
    assert cloud.count("suspend") == 0
    rig.store.error = None


# An agent that somebody stopped


@pytest.mark.parametrize("status", ["stopped", "sleeping"])
async def test_an_agent_that_was_stopped_at_the_website_is_left_stopped(rig, cloud, status):
    link = await rig.start()
    await link.connect(A, accept_price=PRICE)
    cloud.status[A], cloud.always["heartbeat"] = status, heartbeat_dead()
    started = cloud.count("provision")
    await rig.after(30.0, lambda: rig.state == "disconnected", "monitor")
    assert (link.status().connection.reason, link.readiness()) == ("agent_suspended", "agent_suspended")
    assert (link.facts.desired_agent_id, link.facts.accepted_price) == (A, None)
    await rig.long_time()
    assert (cloud.count("provision"), rig.state) == (started, "disconnected")
    assert rig.tasks() == set()


async def test_it_is_left_stopped_by_a_restart_of_the_service_too(rig, cloud):
    await rig.connected()
    await rig.stop()
    cloud.status[A] = "stopped"
    started = cloud.count("provision")
    link = await rig.start(key=None)
    await rig.until(lambda: link.readiness() == "agent_suspended")
    assert cloud.count("provision") == started


async def test_a_resume_links_to_it_again(rig, cloud):
    link = await rig.connected()
    cloud.status[A], cloud.always["heartbeat"] = "stopped", heartbeat_dead()
    await rig.after(30.0, lambda: rig.state == "disconnected", "monitor")
    del cloud.always["heartbeat"]
    await link.resume_agent(A)
    await rig.until(lambda: rig.state == "connected")


async def test_a_connect_by_hand_starts_a_stopped_agent(rig, cloud):
    link = await rig.start()
    cloud.status[A] = "stopped"
    assert (await link.connect(A)).agent_id == A
    assert cloud.status[A] == "running"


async def test_an_agent_that_the_cloud_stopped_for_a_low_balance_is_out_of_credits(rig, cloud):
    link = await rig.connected()
    cloud.always["balance"] = web.json_response({"balance": 0.05})
    await rig.until(lambda: link.facts.spending)
    await rig.after(300.0, lambda: link.facts.spending.balance == 0.05, "credits")
    cloud.status[A], cloud.always["heartbeat"] = "stopped", heartbeat_dead()
    await rig.after(30.0, lambda: rig.state == "error", "monitor")
    assert link.readiness() == "credits_exhausted"


# A cloud that returns


async def test_when_no_tries_are_left_the_cloud_is_asked_every_ten_minutes_and_an_answer_is_one_fresh_try(
    rig, cloud
):
    rig.settings = msgspec.structs.replace(SETTINGS, max_reconnect_attempts=1)
    link = await rig.connected()
    await rig.lose()
    cloud.always["provision"] = cloud.always["get"] = failure(503, "down")
    await rig.after(3.0, lambda: rig.state == "disconnected", "reconnector")
    assert link.explain().next.what == "the cloud is asked whether it is back"
    for _ in range(3):
        asked = cloud.count("get")
        await rig.after(600.0, lambda n=asked: cloud.count("get") > n, "recheck")
        assert rig.state == "disconnected"
    del cloud.always["get"]
    await rig.after(600.0, lambda: rig.state == "reconnecting", "recheck")
    await rig.after(3.0, lambda: rig.state == "disconnected", "reconnector")
    assert link.status().connection.reason == "retries_exhausted"
    del cloud.always["provision"], cloud.always["heartbeat"]
    await rig.after(600.0, lambda: rig.state == "reconnecting", "recheck")
    await rig.after(3.0, lambda: rig.state == "connected", "reconnector")


async def test_the_cloud_is_never_asked_again_where_the_settings_say_so(rig, cloud):
    rig.settings = msgspec.structs.replace(SETTINGS, max_reconnect_attempts=1, recheck_interval=0.0)
    await rig.connected()
    await rig.lose()
    await rig.after(3.0, lambda: rig.state == "disconnected", "reconnector")
    assert rig.tasks() == set()


# Backups and jobs


async def test_when_the_last_backup_was_is_known_after_a_restart(rig, cloud):
    link = await rig.connected()
    await link.take_backup(A)
    await rig.until(lambda: link.facts.last_backup_at)
    await rig.quiet()
    taken = link.status().connection.last_backup_at
    await rig.kill()
    link = await rig.start(key=None)
    await rig.until(lambda: rig.state == "connected")
    assert link.status().connection.last_backup_at == taken


async def test_the_attempts_of_a_job_that_is_waited_for_are_shown_with_their_last_error(rig, cloud):
    link = await rig.start()
    cloud.status[A] = "provisioning"
    cloud.script["provision"] = [job_started(202)]
    cloud.script["job"] = [job("pending", attempts=1, error="no capacity")]
    await link.begin_connect(A)
    await rig.until(lambda: link.facts.job)
    assert [item.code for item in link.health().items] == ["job_retried"]
    assert any("no capacity" in sentence for sentence in link.explain().sentences)
    cloud.script["job"] = [job("completed", attempts=2, error="no capacity")]
    cloud.status[A] = "running"
    cloud.hold("heartbeat")
    await rig.after(5.0, lambda: cloud.count("heartbeat"), "connector")
    assert [item.code for item in link.health().items] == ["start_under_way"], "the second attempt succeeded"
    cloud.release("heartbeat")
    await rig.until(lambda: rig.state == "connected")
    assert link.health().items == ()
