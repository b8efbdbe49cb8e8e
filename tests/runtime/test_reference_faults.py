"""Where other local servers fall short (local-api §20), and what holds here instead."""

import asyncio

import pytest
from aiohttp import web

from eliza_cloud.cloud.http.request import Timeouts
from eliza_cloud.runtime.operations.agents import AgentRequest
from eliza_cloud.store.config.settings import Settings
from tests.harness.failing import failing
from tests.harness.observers import OnStep
from tests.harness.scripted_cloud import (
    KEY,
    OTHER_KEY,
    A,
    B,
    authenticated,
    drop,
    failure,
    heartbeat_dead,
    html,
    job,
    job_started,
    ok,
    own_session,
)
from tests.harness.waiting import HANG

QUIET = Settings(backup_interval=1_000_000.0)
COLLECTED = web.json_response({"status": "authenticated", "message": "API key already retrieved"})


async def test_row_01_a_dead_sandbox_behind_http_200_is_a_missed_heartbeat(rig, cloud):
    link = await rig.connected()
    assert heartbeat_dead().status == 200
    cloud.script["heartbeat"] = [heartbeat_dead()]
    await rig.after(30.0, lambda: link.facts.missed_heartbeats == 1, "monitor")


async def test_row_02_an_agent_that_is_still_being_provisioned_is_not_connected(rig, cloud):
    link = await rig.start()
    cloud.always["provision"], cloud.always["job"] = job_started(202), job("in_progress")
    connect = asyncio.ensure_future(link.connect(A))
    await rig.until(lambda: rig.clock.pending("connector")[:1] == [5.0])
    assert (rig.state, rig.tasks()) == ("connecting", {"connector"})
    assert cloud.count("heartbeat") == cloud.count("snapshot") == 0
    del cloud.always["job"]
    cloud.hold("heartbeat")
    await rig.after(5.0, lambda: cloud.count("heartbeat") == 1)
    assert rig.state == "connecting", "a finished job is no clean heartbeat"
    cloud.release("heartbeat")
    assert (await connect).agent_id == A
    assert rig.state == "connected"


async def test_row_03_a_provisioning_already_in_progress_is_joined(rig, cloud):
    link = await rig.start()
    cloud.always["provision"] = job_started(409)
    cloud.script["job"] = [job("in_progress")]
    connect = asyncio.ensure_future(link.connect(A))
    await rig.after(5.0, connect.done, "connector")
    assert (await connect).agent_id == A
    assert (cloud.count("provision"), cloud.paths["job"]) == (1, "/api/v1/jobs/job-1")


@pytest.mark.parametrize("answer", [ok({"id": A, "status": "running"}), job_started(202), job_started(409)])
async def test_row_04_a_try_counts_only_when_a_clean_heartbeat_follows(rig, cloud, answer):
    rig.settings = QUIET
    await rig.connected()
    await rig.lose()
    cloud.always["provision"] = answer
    for attempt, pause in ((1, 3.0), (2, 6.0), (3, 12.0)):
        await rig.until(lambda p=pause: rig.clock.pending("reconnector") == [p])
        assert rig.link.status().connection.attempt == attempt
        rig.clock.advance(pause)
    await rig.until(lambda: rig.clock.pending("reconnector") == [24.0])
    assert rig.moves[-1] == ("connected", "reconnecting")


async def test_row_05_a_hanging_heartbeat_is_followed_by_none_until_it_has_ended(rig, cloud):
    rig.settings = QUIET
    await rig.connected()
    cloud.hold("heartbeat")
    await rig.after(30.0, lambda: cloud.count("heartbeat") == 2, "monitor")
    rig.clock.advance(300.0)
    await rig.quiet()
    assert cloud.count("heartbeat") == 2
    cloud.release("heartbeat")
    await rig.after(0.0, lambda: cloud.count("heartbeat") == 3, "monitor")
    await rig.until(lambda: rig.clock.pending("monitor") == [30.0])
    assert cloud.most_at_once["heartbeat"] == 1


async def test_row_05_a_backup_by_hand_never_overlaps_one_of_the_timer(rig, cloud):
    rig.settings = Settings(heartbeat_interval=1_000_000.0)
    link = await rig.connected()
    cloud.hold("snapshot")
    await rig.after(60.0, lambda: cloud.count("snapshot") == 1, "scheduler")
    by_hand = asyncio.ensure_future(link.take_backup(A))
    rig.clock.advance(500.0)
    await rig.quiet()
    assert cloud.count("snapshot") == 1
    cloud.release("snapshot")
    await by_hand
    await rig.quiet()
    assert cloud.most_at_once["snapshot"] == 1


async def test_row_06_a_heartbeat_in_flight_starts_no_ladder_after_the_link_was_closed(rig, cloud):
    rig.settings = Settings(backup_interval=1_000_000.0, max_failures=1)
    link = await rig.connected()
    cloud.always["heartbeat"] = heartbeat_dead()
    cloud.hold("heartbeat")
    cloud.hold("snapshot")
    await rig.after(30.0, lambda: cloud.count("heartbeat") == 2, "monitor")
    leaving = asyncio.ensure_future(link.disconnect())
    await rig.until(lambda: cloud.count("snapshot") == 1)
    cloud.release("heartbeat")
    await rig.quiet()
    assert rig.tasks() == {"drain"}
    cloud.release("snapshot")
    await leaving
    await rig.long_time()
    assert "reconnecting" not in {target for _, target in rig.moves}


async def test_row_07_a_lost_link_is_shown_as_reconnecting_and_nothing_in_between(rig, cloud):
    rig.settings = QUIET
    shown = []
    rig.observers.append(OnStep(lambda _: shown.append(rig.state)))
    await rig.connected()
    shown.clear()
    await rig.lose()
    assert [state for state, before in zip(shown, [None, *shown], strict=False) if state != before] == [
        "connected",
        "reconnecting",
    ]


async def test_row_08_the_end_of_the_ladder_is_told_and_is_an_end(rig, cloud):
    rig.settings = Settings(backup_interval=1_000_000.0, max_reconnect_attempts=1, recheck_interval=0.0)
    link = await rig.connected()
    await rig.lose()
    await rig.after(3.0, lambda: rig.state == "disconnected")
    connection = link.status().connection
    assert (connection.reason, connection.agent_id, connection.next_attempt_at) == (
        "retries_exhausted",
        A,
        None,
    )
    line = rig.logged("link.transition")[-1]
    assert (line["to"], line["reason"], line["log_level"]) == (
        "disconnected",
        "retries_exhausted",
        "warning",
    )
    assert link.facts.desired_agent_id == A
    calls = len(cloud.calls)
    await rig.long_time()
    assert (rig.state, len(cloud.calls)) == ("disconnected", calls)
    assert rig.tasks() == set()


async def test_row_09_eight_connects_at_once_are_one(rig, cloud):
    link = await rig.start()
    cloud.hold("provision")
    connects = [asyncio.ensure_future(link.connect(A)) for _ in range(8)]
    await rig.until(lambda: cloud.count("provision") == 1)
    cloud.release("provision")
    assert [linked.agent_id for linked in await asyncio.gather(*connects)] == [A] * 8
    assert cloud.count("provision") == 1


async def test_row_09_connecting_elsewhere_leaves_no_heartbeat_and_no_backup_of_the_first_agent(rig, cloud):
    link = await rig.connected(A)
    for agent_id in (B, A, B):
        await link.connect(agent_id)
    assert rig.clock.pending() == [30.0, 60.0]
    for name, timer, seconds in (("heartbeat", "monitor", 30.0), ("snapshot", "scheduler", 30.0)):
        seen = cloud.count(name)
        await rig.after(seconds, lambda n=name, s=seen: cloud.count(n) == s + 1, timer)
        assert B in cloud.paths[name]


async def test_row_10_the_backup_timer_stops_first_and_the_final_snapshot_may_take_eight_seconds(rig, cloud):
    rig.settings = Settings(backup_interval=1.0)
    link = await rig.connected()
    cloud.hold("snapshot")
    leaving = asyncio.ensure_future(link.disconnect())
    await rig.until(lambda: cloud.count("snapshot") == 1)
    assert rig.clock.pending() == [8.0]
    assert rig.tasks() == {"drain"}
    rig.clock.advance(7.9)
    await rig.quiet()
    assert not leaving.done()
    rig.clock.advance(0.1)
    await leaving
    assert (rig.state, cloud.count("snapshot")) == ("disconnected", 1)
    assert rig.logged("backup.final_failed")[0]["code"] == "cloud_timeout"


async def test_row_11_a_key_that_cannot_be_saved_is_kept_and_tried_again(rig, cloud):
    link = await rig.start(key=None)
    rig.paths.config.parent.mkdir(parents=True, exist_ok=True)
    rig.paths.config.write_text("{ this is no JSON")
    session = (await link.start_login()).session_id
    cloud.script["poll"] = [authenticated()]
    await rig.after(2.0, lambda: link.login_status(session).error)
    for _ in range(3):
        view = link.login_status(session)
        assert view.status == "pending"
        assert "could not be saved" in view.error
        failures = len(rig.logged("store.failed"))
        await rig.after(2.0, lambda n=failures: len(rig.logged("store.failed")) == n + 1)
    assert not link.status().has_api_key
    rig.paths.config.write_text("{}")
    await rig.after(2.0, lambda: link.login_status(session).status == "authenticated")
    assert link.login_status(session).error is None
    assert cloud.count("poll") == 1, "the cloud gives the key out once"
    assert (await rig.credentials.load()).key.reveal() == KEY
    assert KEY not in str(rig.log)


async def run_into_the_timeout(rig, session_id):
    rig.settings = QUIET
    rig.clock.advance(300.0)
    await rig.until(lambda: rig.link.login_status(session_id).status == "expired")


async def test_row_12_a_late_key_is_revoked_where_the_cloud_takes_it_back(rig, cloud):
    link = await rig.start(key=None)
    cloud.script["login"] = [own_session("99999999-9999-4999-8999-999999999999")]
    session = (await link.start_login()).session_id
    await rig.quiet()
    await run_into_the_timeout(rig, session)
    cloud.script["poll"] = [authenticated()]
    await rig.after(2.0, lambda: cloud.keys_of("revoke") == [KEY])
    await rig.until(lambda: rig.tasks() == set())
    assert not link.status().has_api_key
    assert link.login_status(session).status == "expired"


async def test_row_12_a_late_key_is_not_collected_where_the_cloud_does_not_take_it_back(rig, cloud):
    link = await rig.start(key=None)
    session = (await link.start_login()).session_id
    await rig.quiet()
    await run_into_the_timeout(rig, session)
    cloud.always["poll"] = authenticated()
    polls = cloud.count("poll")
    await rig.long_time()
    assert (cloud.count("poll"), rig.tasks(), rig.clock.pending()) == (polls, set(), [])


async def test_row_14_authenticated_without_a_key_is_a_failure_with_a_remedy(rig, cloud):
    link = await rig.start(key=None)
    session = await rig.sign_in(COLLECTED)
    view = link.login_status(session)
    assert (view.status, view.key_prefix) == ("error", None)
    assert "already collected elsewhere" in view.error
    assert "Sign in again" in view.error
    assert not link.status().has_api_key


async def test_row_15_a_session_that_was_not_begun_here_is_expired_and_never_sent_to_the_cloud(rig, cloud):
    link = await rig.start(key=None)
    cloud.always["poll"] = authenticated("eliza_of_the_attacker")
    for session in ("99999999-9999-4999-8999-999999999999", "", "../user"):
        view = link.login_status(session)
        assert (view.status, view.error) == ("expired", "Session not found or expired")
    await rig.long_time()
    assert cloud.calls == []
    assert not link.status().has_api_key


async def test_row_16_only_the_whole_session_id_is_known(rig):
    link = await rig.start(key=None)
    session = (await link.start_login()).session_id
    assert link.login_status(session).status == "pending"
    for other in (session + "X", session[:-1], session.upper(), f" {session}"):
        assert link.login_status(other).status == "expired"


async def test_row_21_after_a_disconnect_no_byte_of_the_key_is_left_and_nothing_comes_back(rig, cloud):
    await rig.start(key=None)
    await rig.sign_in(authenticated())
    await rig.link.connect(A)
    await rig.link.disconnect()
    assert rig.environ == {}
    files = [path for path in rig.paths.config.parent.rglob("*") if path.is_file()]
    assert files
    assert [path.name for path in files if KEY.encode() in path.read_bytes()] == []
    await rig.restart()
    await rig.long_time()
    view = rig.link.status()
    assert (view.has_api_key, view.enabled, view.connection.state) == (False, False, "disconnected")


async def test_row_22_a_disconnect_takes_a_final_snapshot_and_nothing_uses_the_key_after_it(rig, cloud):
    link = await rig.connected()
    calls = len(cloud.calls)
    await link.disconnect()
    assert cloud.keys[calls:] == [("snapshot", KEY)]
    await rig.long_time()
    assert len(cloud.calls) == calls + 1


async def test_row_30_a_reader_that_goes_away_ends_the_stream_at_the_cloud(rig, cloud):
    ended = asyncio.Event()

    async def endless(request):
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        try:
            while True:
                await response.write(b'event: chunk\ndata: {"text": "and "}\n\n')
                await asyncio.sleep(0)
        finally:
            ended.set()

    link = await rig.connected()
    cloud.always["stream"] = endless
    pieces = link.proxy().stream("tell me everything")
    assert await anext(pieces) == "and "
    await pieces.aclose()
    async with asyncio.timeout(HANG):
        await ended.wait()


async def test_row_31_a_long_answer_is_said_to_be_still_coming_and_never_asked_for_twice(rig, cloud):
    rig.timeouts = Timeouts(bridge_wait_limit=0.0)
    link = await rig.connected()
    cloud.always["message"] = web.json_response(
        {"jsonrpc": "2.0", "id": 1, "error": {"code": -32000, "message": "Sandbox bridge is unreachable"}}
    )
    refusal = await failing(link.proxy().send("think hard"))
    assert (refusal.status, refusal.code, refusal.retryable) == (504, "agent_timeout", False)
    assert "may still be working" in refusal.message
    assert cloud.count("message") == 1


async def test_row_33_two_refusals_in_a_row_for_an_agent_that_runs_stop_the_backup_timer(rig, cloud):
    rig.settings = Settings(heartbeat_interval=1_000_000.0)
    link = await rig.connected()
    cloud.always["snapshot"] = failure(409, "Shared agents are not backed up")
    await rig.after(60.0, lambda: len(rig.logged("backup.failed")) == 1, "scheduler")
    await rig.after(60.0, lambda: len(rig.logged("backup.failed")) == 2, "scheduler")
    await rig.until(lambda: link.facts.backups_refused)
    assert [line["timer"] for line in rig.logged("backup.failed")] == ["goes on", "stopped"]
    assert rig.clock.pending("scheduler") == []
    await rig.long_time()
    assert cloud.count("snapshot") == 2
    assert (await failing(link.take_backup(A))).status == 409, "by hand it may be tried at any time"
    assert rig.state == "connected"


async def test_row_34_ten_backups_reach_as_far_back_as_the_interval_that_was_set_says(rig, cloud):
    rig.settings = Settings(backup_interval=3600.0, heartbeat_interval=1_000_000.0)
    link = await rig.connected()
    taken = await link.take_backup(A)
    assert rig.clock.pending("scheduler") == [3600.0], "one taken by hand is not pushed out by an extra one"
    rig.clock.advance(3599.0)
    await rig.quiet()
    assert (taken.backup_id, cloud.count("snapshot")) == ("b1", 1)


async def test_row_35_a_list_that_fails_is_a_failure_and_not_an_empty_list(rig, cloud):
    link = await rig.start()
    assert await link.ask_cloud(lambda client: client.list_backups(A)) == []
    cloud.always["list"] = cloud.always["backups"] = failure(500, "An unexpected error occurred")
    for call in (lambda client: client.list_agents(), lambda client: client.list_backups(A)):
        refusal = await failing(link.ask_cloud(call))
        assert (refusal.status, refusal.code) == (502, "cloud_server_error")


async def test_row_38_a_login_after_a_start_without_a_key_needs_no_restart(rig, cloud):
    link = await rig.start(key=None)
    assert (await failing(link.connect(A))).status == 401
    await rig.sign_in(authenticated())
    assert len(await link.ask_cloud(lambda client: client.list_agents())) == 2
    assert (await link.connect(A)).agent_id == A


async def test_row_39_a_second_login_reaches_the_link(rig, cloud):
    link = await rig.connected()
    await rig.quiet()
    assert {key for _, key in cloud.keys} == {KEY}
    seen = len(cloud.keys)
    await rig.sign_in(authenticated(OTHER_KEY))
    await rig.until(lambda: rig.state == "connected" and link.status().connected)
    await rig.after(30.0, lambda: cloud.count("heartbeat") == 3, "monitor")
    await link.take_backup(A)
    await link.proxy().send("hello")
    signed = [(name, key) for name, key in cloud.keys[seen:] if key is not None]
    assert {key for _, key in signed} == {OTHER_KEY}
    assert {name for name, _ in signed} >= {"user", "provision", "get", "heartbeat", "snapshot", "message"}


async def test_row_40_signed_in_means_that_the_cloud_has_accepted_the_key(rig, cloud):
    cloud.hold("user")
    link = await rig.start(verified=False)
    await rig.until(lambda: cloud.count("user") == 1)
    view = link.status()
    assert (view.connected, view.has_api_key, view.user_id) == (False, True, None)
    assert view.reason == "api_key_present_not_authenticated"
    cloud.release("user")
    await rig.until(lambda: link.status().connected)
    assert (link.status().reason, link.status().user_id) == (None, "user-1")


@pytest.mark.parametrize("problem", [drop, failure(500, "Failed to get session status"), html(404)])
async def test_row_44_a_lost_packet_does_not_end_a_login(rig, cloud, problem):
    link = await rig.start(key=None)
    session = (await link.start_login()).session_id
    cloud.always["poll"] = problem
    for _ in range(3):
        polls = cloud.count("poll")
        await rig.after(2.0, lambda n=polls: cloud.count("poll") > n)
        assert link.login_status(session).status == "pending"
    await rig.until(lambda: rig.clock.pending() == [2.0])
    del cloud.always["poll"]
    cloud.script["poll"] = [authenticated()]
    await rig.after(2.0, lambda: link.login_status(session).status == "authenticated")


async def test_row_46_a_sign_in_creates_no_agent_and_a_reused_one_is_said_to_be_reused(rig, cloud):
    link = await rig.start(key=None)
    await rig.sign_in(authenticated())
    await rig.long_time()
    assert cloud.count("create") == cloud.count("provision") == 0
    cloud.script["create"] = [
        web.json_response(
            {"success": True, "created": False, "data": {"id": B, "agentName": "beta", "status": "running"}}
        )
    ]
    made = await link.create_agent(AgentRequest(name="gamma"))
    assert (made.created, made.agent.id, made.agent.name) == (False, B, "beta")


@pytest.mark.parametrize("answer", [failure(404, "Agent not found"), html(404)])
async def test_row_47_a_404_of_the_bridge_is_a_missed_heartbeat_and_no_deletion(rig, cloud, answer):
    link = await rig.connected()
    cloud.script["heartbeat"] = [answer]
    await rig.after(30.0, lambda: link.facts.missed_heartbeats == 1, "monitor")
    assert rig.state == "connected"
    await rig.after(30.0, lambda: link.facts.missed_heartbeats == 0, "monitor")


async def test_row_48_an_agent_the_cloud_calls_disconnected_comes_back(rig, cloud):
    rig.settings = QUIET
    link = await rig.connected()
    await rig.lose()
    cloud.status[A] = "disconnected"
    await rig.after(3.0, lambda: rig.clock.pending("reconnector") == [6.0], "reconnector")
    assert link.facts.problem is not None
    cloud.status[A] = "running"
    del cloud.always["heartbeat"]
    await rig.after(6.0, lambda: rig.state == "connected", "reconnector")
