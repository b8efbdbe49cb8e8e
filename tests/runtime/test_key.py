"""Whose key it is, and what happens when the cloud does not take it any more."""

import asyncio

from eliza_cloud.runtime.operations.agents import AgentRequest
from tests.harness.failing import failing
from tests.harness.scripted_cloud import KEY, A, drop, failure

REFUSED = failure(401, "Invalid or expired API key", code="authentication_required")
INACTIVE = failure(403, "Account is inactive", code="access_denied")


async def refused_twice(rig):
    """Let the verifier ask its second time."""
    await rig.after(0.0, lambda: rig.link.facts.key.value == "rejected", "verifier")


async def test_a_verified_key_names_its_owner_and_the_owner_is_kept(rig, cloud):
    link = await rig.start()
    assert (link.status().user_id, link.status().organization_id) == ("user-1", "org-1")
    await rig.quiet()
    held = await rig.credentials.load()
    assert held.key.reveal() == KEY
    assert cloud.count("user") == 1


async def test_a_cloud_that_cannot_be_reached_says_nothing_about_the_key(rig, cloud):
    cloud.always["user"] = failure(503, "starting")
    link = await rig.start(verified=False)
    for pause in (3.0, 6.0, 12.0, 24.0, 48.0, 60.0, 60.0):
        await rig.until(lambda p=pause: rig.clock.pending("verifier") == [p])
        view = link.status()
        assert (view.connected, view.reason) == (False, "api_key_present_not_authenticated")
        rig.clock.advance(pause)
    await rig.until(lambda: len(rig.logged("key.unverified")) == 8)
    del cloud.always["user"]
    await rig.after(60.0, lambda: link.status().connected, "verifier")
    assert [line["log_level"] for line in rig.logged("key.unverified")] == ["warning"] + ["debug"] * 7


async def test_a_lost_packet_says_nothing_about_the_key(rig, cloud):
    cloud.script["user"] = [drop]
    link = await rig.start(verified=False)
    await rig.until(lambda: rig.logged("key.unverified"))
    assert (link.facts.key.value, cloud.count("user")) == ("unverified", 1)
    await rig.after(3.0, lambda: link.status().connected, "verifier")
    assert cloud.count("user") == 2


async def test_one_refusal_is_not_believed(rig, cloud):
    cloud.script["user"] = [REFUSED]
    link = await rig.start(verified=False)
    await rig.after(0.0, lambda: link.status().connected, "verifier")
    assert (cloud.count("user"), rig.logged("key.rejected")) == (2, [])


async def test_two_refusals_are_a_rejected_key(rig, cloud):
    cloud.always["user"] = REFUSED
    link = await rig.start(verified=False)
    await refused_twice(rig)
    view = link.status()
    assert (view.connected, view.has_api_key) == (False, True)
    assert view.reason == "api_key_present_not_authenticated"
    assert cloud.count("user") == 2
    await rig.quiet()
    assert rig.clock.pending() == [5.0]


async def test_a_rejected_key_is_asked_about_again_at_doubling_intervals_up_to_ten_minutes(rig, cloud):
    cloud.always["user"] = REFUSED
    link = await rig.start(verified=False)
    await refused_twice(rig)
    for pause in (5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 600.0, 600.0):
        asked = cloud.count("user")
        await rig.after(pause, lambda n=asked: cloud.count("user") == n + 1, "verifier")
        assert link.facts.key.value == "rejected"
    assert len(rig.logged("key.rejected")) == 1


async def test_a_link_whose_key_was_rejected_returns_by_itself_when_the_cloud_takes_the_key_again(rig, cloud):
    link = await rig.connected()
    cloud.always["heartbeat"] = cloud.always["user"] = REFUSED
    await rig.after(30.0, lambda: rig.state == "error", "monitor")
    del cloud.always["heartbeat"], cloud.always["user"]
    await rig.after(5.0, lambda: rig.state == "connected", "verifier")
    assert (link.facts.key.value, link.facts.agent_id) == ("accepted", A)


async def test_any_call_that_succeeds_lifts_the_verdict_on_the_key(rig, cloud):
    cloud.always["user"] = REFUSED
    link = await rig.start(verified=False)
    await refused_twice(rig)
    del cloud.always["user"]
    await link.ask_cloud(lambda client: client.list_agents())
    await rig.until(lambda: link.status().connected)


async def test_an_inactive_account_is_a_rejected_key_too(rig, cloud):
    cloud.always["user"] = INACTIVE
    await rig.start(verified=False)
    await refused_twice(rig)


async def test_an_inactive_organization_is_named_and_no_sign_in_is_asked_for(rig, cloud):
    inactive = failure(403, "Organization is inactive")
    cloud.always["user"] = cloud.always["provision"] = cloud.always["get"] = inactive
    link = await rig.start(verified=False)
    assert (await failing(link.connect(A))).code == "organization_inactive"
    assert (link.readiness(), rig.state) == ("organization_inactive", "error")
    explained = link.explain()
    assert explained.cause == "organization_inactive"
    assert "eliza-cloud login" not in " ".join(explained.sentences)
    assert [item.code for item in link.health().items] == ["organization_inactive"]


async def test_a_refused_api_call_has_the_key_verified_again(rig, cloud):
    link = await rig.start()
    cloud.always["list"] = REFUSED
    refusal = await failing(link.ask_cloud(lambda client: client.list_agents()))
    assert (refusal.status, refusal.code) == (401, "key_rejected")
    await rig.until(lambda: cloud.count("user") == 2)
    await rig.quiet()
    assert link.status().connected


async def test_many_refused_calls_do_not_keep_the_verification_from_ending(rig, cloud):
    link = await rig.start()
    cloud.always["list"] = cloud.always["user"] = REFUSED
    cloud.hold("user")
    for _ in range(5):
        await failing(link.ask_cloud(lambda client: client.list_agents()))
        await rig.quiet()
    assert cloud.count("user") == 2
    cloud.release("user")
    await refused_twice(rig)
    assert cloud.count("user") == 3


async def test_a_key_rejected_while_connected_is_an_error_that_says_what_to_do(rig, cloud):
    link = await rig.connected()
    cloud.always["heartbeat"] = cloud.always["user"] = REFUSED
    await rig.after(30.0, lambda: rig.state == "error", "monitor")
    assert link.status().connection.reason == "key_rejected"
    assert not link.status().connected
    assert "Sign in again" in link.facts.problem.message
    await rig.quiet()
    assert rig.tasks() == {"verifier"}
    assert rig.clock.pending() == [5.0]


async def test_a_refused_heartbeat_with_a_good_key_is_a_miss_like_any_other(rig, cloud):
    link = await rig.connected()
    cloud.script["heartbeat"] = [REFUSED]
    await rig.after(30.0, lambda: link.facts.missed_heartbeats == 1, "monitor")
    assert (rig.state, link.status().connected) == ("connected", True)


async def test_a_key_rejected_while_connecting_fails_the_connect(rig, cloud):
    link = await rig.start()
    cloud.always["provision"] = cloud.always["user"] = REFUSED
    refusal = await failing(link.connect(A))
    assert (refusal.status, refusal.code) == (401, "key_rejected")
    assert (rig.state, link.status().connection.reason) == ("error", "key_rejected")


async def test_a_key_rejected_on_the_ladder_ends_the_ladder(rig, cloud):
    link = await rig.connected()
    await rig.lose()
    cloud.always["provision"] = cloud.always["user"] = REFUSED
    await rig.after(3.0, lambda: rig.state == "error", "reconnector")
    assert link.status().connection.reason == "key_rejected"


async def test_a_rejected_key_that_works_again_is_found_out_by_the_next_connect(rig, cloud):
    cloud.always["user"] = INACTIVE
    link = await rig.start(verified=False)
    await refused_twice(rig)
    del cloud.always["user"]
    await link.connect(A)
    await rig.until(lambda: link.status().connected)
    assert rig.state == "connected"


async def test_what_was_learnt_about_a_key_does_not_count_for_the_next(rig, cloud):
    link = await rig.start()
    cloud.always["user"] = REFUSED
    gate = cloud.hold("user")
    cloud.always["list"] = REFUSED
    await failing(link.ask_cloud(lambda client: client.list_agents()))
    await rig.until(lambda: cloud.count("user") == 2)
    await link.disconnect()
    gate.set()
    await rig.quiet()
    assert (link.status().reason, link.facts.key.value) == ("not_authenticated", "absent")


async def test_without_a_key_a_call_is_refused_before_the_cloud_is_asked(rig, cloud):
    link = await rig.start(key=None)
    for call in (
        link.ask_cloud(lambda client: client.list_agents()),
        link.create_agent(AgentRequest(name="alpha")),
        link.take_backup(A),
        link.restore(A, None),
        link.shutdown_agent(A),
        link.suspend_agent(A),
        link.resume_agent(A),
    ):
        refusal = await failing(call)
        assert (refusal.status, refusal.message) == (401, "Not connected to Eliza Cloud")
    assert cloud.calls == []


async def test_a_call_goes_on_when_its_caller_goes_away(rig, cloud):
    link = await rig.start()
    cloud.hold("create")
    call = asyncio.ensure_future(link.create_agent(AgentRequest(name="alpha")))
    await rig.until(lambda: cloud.count("create") == 1)
    call.cancel()
    await rig.quiet()
    assert rig.running()["background_task"] == 1
    cloud.release("create")
    await rig.until(lambda: rig.running()["background_task"] == 0)
