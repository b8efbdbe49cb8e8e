"""Creating agents, and what is done to them beside the link."""

import asyncio
import json

import pytest

from eliza_cloud.runtime.errors import LinkError
from eliza_cloud.runtime.operations.agents import AgentRequest
from eliza_cloud.store.inspect import read_only_record
from tests.harness.failing import failing
from tests.harness.scripted_cloud import A, B, drop, failure, html, job, job_started, ok


async def test_a_new_agent_is_reported_as_created(rig, cloud):
    link = await rig.start()
    made = await link.create_agent(
        AgentRequest(name="alpha", config={"bio": "short"}, environment={"MOOD": "calm"})
    )
    assert (made.created, made.agent.id, made.agent.name) == (True, A, "alpha")
    assert json.loads(cloud.bodies["create"]) == {
        "agentName": "alpha",
        "agentConfig": {"bio": "short"},
        "environmentVars": {"MOOD": "calm"},
    }


async def test_a_forced_create_says_so_to_the_cloud(rig, cloud):
    link = await rig.start()
    await link.create_agent(AgentRequest(name="alpha", force=True))
    assert json.loads(cloud.bodies["create"]) == {"agentName": "alpha", "forceCreate": True}


async def test_a_create_that_the_cloud_refuses_keeps_the_clouds_details(rig, cloud):
    link = await rig.start()
    cloud.script["create"] = [failure(402, "Insufficient credits", requiredBalance=5, currentBalance=1)]
    refusal = await failing(link.create_agent(AgentRequest(name="alpha")))
    assert (refusal.status, refusal.details["requiredBalance"]) == (402, 5)


@pytest.mark.parametrize(
    ("name", "found", "retryable"),
    [("alpha", "exists now", False), ("nobody", "you may try again", True)],
)
async def test_a_create_without_an_answer_is_not_repeated_but_looked_into(rig, cloud, name, found, retryable):
    link = await rig.start()
    cloud.script["create"] = [drop]
    refusal = await failing(link.create_agent(AgentRequest(name=name)))
    assert found in refusal.message
    assert (refusal.status, refusal.retryable) == (502, retryable)
    assert [agent["id"] for agent in refusal.details["agentsWithThisName"]] == (
        [A] if name == "alpha" else []
    )
    assert cloud.count("create") == 1


async def test_a_create_of_which_nothing_can_be_told_says_so(rig, cloud):
    link = await rig.start()
    await link.ask_cloud(lambda client: client.list_agents())
    cloud.script["create"] = [drop]
    cloud.always["list"] = failure(500, "An unexpected error occurred")
    refusal = await failing(link.create_agent(AgentRequest(name="alpha")))
    assert "It is not known whether" in refusal.message
    assert (refusal.retryable, refusal.details["agentsWithThisName"]) == (False, None)


@pytest.mark.parametrize("act", ["shutdown", "suspend"])
async def test_the_linked_agent_is_let_go_of_before_it_goes_away(rig, cloud, act):
    link = await rig.connected()
    call = {"shutdown": "delete", "suspend": "suspend"}[act]
    cloud.hold(call)
    acting = asyncio.ensure_future(getattr(link, f"{act}_agent")(A))
    await rig.until(lambda: cloud.count(call) == 1)
    assert (rig.state, link.status().connection.agent_id) == ("disconnected", None)
    assert rig.tasks() == set()
    assert (await rig.credentials.load()).desired_agent_id is None
    assert link.status().connected, "it does not sign out"
    cloud.release(call)
    await acting
    calls = len(cloud.calls)
    await rig.long_time()
    assert len(cloud.calls) == calls
    assert rig.state == "disconnected"


@pytest.mark.parametrize("act", ["shutdown", "suspend"])
async def test_a_failure_takes_the_linked_agent_back(rig, cloud, act):
    link = await rig.connected()
    cloud.always["delete"] = cloud.always["suspend"] = failure(500, "Failed to delete sandbox")
    refusal = await failing(getattr(link, f"{act}_agent")(A))
    assert refusal.status == 502
    await rig.until(lambda: rig.state == "connected")
    assert (await rig.credentials.load()).desired_agent_id == A


async def test_a_failure_does_not_take_the_agent_back_after_a_disconnect(rig, cloud):
    link = await rig.connected()
    cloud.always["delete"] = failure(500, "Failed to delete sandbox")
    cloud.hold("delete")
    acting = asyncio.ensure_future(link.shutdown_agent(A))
    await rig.until(lambda: cloud.count("delete") == 1)
    await link.disconnect()
    cloud.release("delete")
    await failing(acting)
    await rig.long_time()
    assert (rig.state, rig.link.facts.desired_agent_id) == ("disconnected", None)


async def test_a_failure_does_not_take_the_agent_back_from_a_later_connect(rig, cloud):
    link = await rig.connected(A)
    cloud.always["delete"] = failure(500, "Failed to delete sandbox")
    cloud.hold("delete")
    acting = asyncio.ensure_future(link.shutdown_agent(A))
    await rig.until(lambda: cloud.count("delete") == 1)
    await link.connect(B)
    cloud.release("delete")
    await failing(acting)
    await rig.quiet()
    assert (rig.state, link.status().connection.agent_id) == ("connected", B)


async def test_a_failure_does_not_take_the_agent_back_from_a_later_connect_that_failed(rig, cloud):
    link = await rig.connected(A)
    cloud.always["delete"] = failure(500, "Failed to delete sandbox")
    cloud.hold("delete")
    acting = asyncio.ensure_future(link.shutdown_agent(A))
    await rig.until(lambda: cloud.count("delete") == 1)
    cloud.script["provision"] = [failure(402, "Insufficient credits")]
    await failing(link.connect(B))
    cloud.release("delete")
    await failing(acting)
    await rig.quiet()
    assert (rig.state, link.facts.desired_agent_id) == ("error", B)


async def test_a_restart_by_hand_keeps_the_consent_and_when_the_last_backup_was(rig, cloud):
    link = await rig.start()
    await link.connect(A, accept_price="p:1")
    await link.take_backup(A)
    await rig.until(lambda: link.facts.last_backup_at)
    taken = link.facts.last_backup_at
    await link.restart_agent(A)
    assert (rig.state, cloud.count("suspend")) == ("connected", 1)
    assert (link.facts.accepted_price, link.facts.last_backup_at) == ("p:1", taken)
    await rig.quiet()
    assert read_only_record(rig.paths.database).last_backup_at == taken


@pytest.mark.parametrize("agent_id", [A, B])
async def test_a_restart_whose_start_is_refused_for_money_says_that_the_agent_is_stopped(
    rig, cloud, agent_id
):
    link = await rig.connected(A)
    cloud.always["provision"] = cloud.always["resume"] = failure(402, "Insufficient credits")
    refusal = await failing(link.restart_agent(agent_id))
    assert (refusal.status, refusal.code) == (402, "credits_exhausted")
    assert refusal.message.startswith("The agent is stopped now, and was not started again.")
    cloud.always["suspend"] = failure(409, "Agent provisioning is in progress")
    refusal = await failing(link.restart_agent(agent_id))
    assert not refusal.message.startswith("The agent is stopped now")


async def test_another_agent_goes_away_without_touching_the_link(rig, cloud):
    link = await rig.connected(A)
    await link.shutdown_agent(B)
    assert rig.state == "connected"
    assert cloud.paths["delete"].endswith(B)
    assert len(rig.moves) == 2


async def test_a_shutdown_overtakes_a_connect_to_the_same_agent(rig, cloud):
    link = await rig.start()
    cloud.hold("provision")
    connect = asyncio.ensure_future(link.connect(A))
    await rig.until(lambda: cloud.count("provision") == 1)
    await link.shutdown_agent(A)
    assert (await failing(connect)).code == "superseded"
    assert rig.state == "disconnected"


async def test_an_agent_that_is_gone_already_counts_as_deleted(rig, cloud):
    link = await rig.connected()
    cloud.always["delete"] = failure(404, "Agent not found")
    await link.shutdown_agent(A)
    assert rig.state == "disconnected"


async def test_a_404_that_is_not_the_clouds_own_is_no_deletion(rig, cloud):
    link = await rig.start()
    cloud.always["delete"] = html(404)
    assert (await failing(link.shutdown_agent(A))).status == 502


@pytest.mark.parametrize("act", ["shutdown", "suspend"])
async def test_a_job_is_seen_through_before_the_caller_is_answered(rig, cloud, act):
    link = await rig.start()
    cloud.always["delete"] = cloud.always["suspend"] = job_started()
    cloud.script["job"] = [job("pending"), job("in_progress")]
    acting = asyncio.ensure_future(getattr(link, f"{act}_agent")(A))
    await rig.after(5.0, lambda: cloud.count("job") == 2)
    await rig.after(5.0, acting.done)
    await acting


async def test_a_job_that_fails_fails_the_shutdown_and_takes_the_agent_back(rig, cloud):
    link = await rig.connected()
    cloud.always["delete"] = job_started()
    cloud.always["job"] = job("failed", error="container would not stop")
    refusal = await failing(link.shutdown_agent(A))
    assert "container would not stop" in refusal.message
    await rig.until(lambda: rig.state == "connected")


async def test_a_job_without_end_is_given_up_after_fifteen_minutes(rig, cloud):
    link = await rig.start()
    cloud.always["delete"] = job_started()
    cloud.always["job"] = job("in_progress", interval_ms=60_000)
    begun = rig.clock.monotonic()
    with pytest.raises(LinkError, match="15 minutes"):
        await rig.outlast(link.shutdown_agent(A))
    assert rig.clock.monotonic() - begun == 900.0


async def test_a_resumed_agent_runs_and_is_not_linked_by_that(rig, cloud):
    link = await rig.start()
    cloud.status[A] = "stopped"
    await link.resume_agent(A)
    assert cloud.status[A] == "running"
    assert rig.state == "disconnected"


async def test_resuming_waits_until_the_agent_runs(rig, cloud):
    link = await rig.start()
    cloud.always["resume"] = ok({"agentId": A, "status": "provisioning"}, status=202)
    cloud.status[A] = "provisioning"
    resuming = asyncio.ensure_future(link.resume_agent(A))
    await rig.after(5.0, lambda: cloud.count("get") == 2)
    assert not resuming.done()
    cloud.status[A] = "running"
    await rig.after(5.0, resuming.done)
    await resuming


@pytest.mark.parametrize("job_first", [True, False])
async def test_an_agent_that_does_not_come_up_is_no_success(rig, cloud, job_first):
    link = await rig.start()
    accepted = ok({"agentId": A, "status": "provisioning"}, status=202)
    cloud.always["resume"] = job_started() if job_first else accepted
    cloud.status[A] = "error"
    refusal = await failing(link.resume_agent(A))
    assert (refusal.status, refusal.code) == (502, "agent_unreachable")
    assert "error" in refusal.message


async def test_a_suspended_agent_can_be_connected_again(rig, cloud):
    link = await rig.connected()
    await link.suspend_agent(A)
    await link.resume_agent(A)
    assert (await link.connect(A)).agent_id == A
