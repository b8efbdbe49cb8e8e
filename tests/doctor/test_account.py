"""Key, credits and agent, as the cloud tells them."""

from datetime import UTC, datetime, timedelta

import pytest

from eliza_cloud.redaction.secret import Secret


@pytest.fixture
def signed_in(machine, cloud):
    machine.settings(apiKey=cloud.key)


async def desired_agent_id(machine, cloud, agent_id):
    await machine.keep(desired_agent_id=agent_id, desired_agent_base_url=cloud.url)


async def test_a_key_is_found_in_the_file_the_environment_and_the_record(machine, cloud):
    machine.settings()
    await machine.keep(key=Secret(cloud.key), base_url=cloud.url)
    assert (await machine.examined())["key"].found == "The key of the agent's record is valid."
    machine.environ["ELIZAOS_CLOUD_API_KEY"] = cloud.key
    assert (await machine.examined())["key"].found == "The key of the environment is valid."
    machine.settings(apiKey=cloud.key)
    assert (await machine.examined())["key"].found == "The key of eliza.json is valid."


async def test_a_key_of_another_cloud_and_one_that_was_signed_out_do_not_count(machine, cloud):
    machine.settings()
    await machine.keep(key=Secret(cloud.key), base_url="https://elsewhere.example")
    assert (await machine.examined())["key"].code == "not_signed_in"
    machine.settings(apiKey=cloud.key)
    await machine.keep(key=Secret(cloud.key), base_url=cloud.url, signing_out=True)
    assert (await machine.examined())["key"].code == "not_signed_in"


async def test_a_sign_in_that_was_cut_short_counts(machine, cloud):
    machine.settings(apiKey="eliza_" + "0" * 64)
    await machine.keep(key=Secret(cloud.key), base_url=cloud.url, signing_in=True)
    assert (await machine.examined())["key"].result == "PASS"


async def test_a_key_that_is_refused_twice_fails(machine, cloud, signed_in):
    await cloud.control("keys/revoke", apiKey=cloud.key)
    assert await machine.failures() == {"key": "key_rejected"}
    found = await machine.examined()
    assert "eliza-cloud login" in found["key"].remedy
    assert found["credits"].found == found["agent"].found == "Skipped: depends on key."


async def test_a_key_that_is_refused_once_passes(machine, cloud, signed_in):
    body = {"error": "Invalid or expired API key"}
    await cloud.fault("/api/v1/user", "status", status=401, body=body, skip=1, count=1)
    assert await machine.failures() == {}


async def test_a_key_that_cannot_be_told_is_skipped(machine, cloud, signed_in):
    await cloud.fault("/api/v1/user", "status", status=500, body={"error": "oops"}, skip=1)
    found = await machine.examined()
    assert machine.report.ok
    assert found["key"].result == "SKIP"
    assert "could not be verified" in found["key"].found
    assert found["credits"].result == "SKIP"


@pytest.mark.parametrize(("days", "code"), [(6.9, "key_expiring"), (-0.1, "key_expiring"), (8, None)])
async def test_an_end_within_a_week_is_told(machine, cloud, days, code):
    machine.settings(apiKey=cloud.key)
    end = (datetime.now(UTC) + timedelta(days=days)).isoformat()
    await machine.keep(key=Secret(cloud.key), base_url=cloud.url, key_expires_at=end)
    key = (await machine.examined())["key"]
    assert (key.result, key.code) == ("PASS", code)


async def test_no_line_of_a_report_holds_the_key(machine, cloud, signed_in):
    await machine.examined()
    assert cloud.key not in str(machine.report)
    assert cloud.key[-16:] not in str(machine.report)


@pytest.mark.parametrize(
    ("dollars", "result", "code"),
    [
        (5, "PASS", None),
        (4.99, "PASS", "credits_below_minimum"),
        (1.99, "PASS", "credits_low"),
        (0.49, "FAIL", "credits_exhausted"),
    ],
)
async def test_credits_without_an_agent(  # noqa: PLR0917 - fixtures
    machine, cloud, signed_in, dollars, result, code
):
    await cloud.balance(dollars)
    found = (await machine.examined())["credits"]
    assert (found.result, found.code) == (result, code)
    assert f"${dollars:.2f}" in found.found


async def test_a_stopped_agent_that_cannot_be_paid_for_is_a_matter_of_credits(machine, cloud, signed_in):
    agent_id = await cloud.running_agent()
    await desired_agent_id(machine, cloud, agent_id)
    await cloud.client.suspend(agent_id)
    assert await machine.failures() == {"agent": "agent_unreachable"}
    await cloud.balance(4)
    assert await machine.failures() == {"credits": "credits_exhausted"}
    assert (await machine.examined())["agent"].found == "Skipped: depends on credits."


async def test_a_running_agent_goes_on_below_the_gate_until_it_is_about_to_be_stopped(
    machine, cloud, signed_in
):
    await desired_agent_id(machine, cloud, await cloud.running_agent())
    await cloud.balance(4)
    assert await machine.failures() == {}
    assert (await machine.examined())["credits"].code == "credits_below_minimum"
    await cloud.balance(0.4)
    assert await machine.failures() == {"credits": "credits_critical"}


async def test_an_agent_that_answers_passes_and_a_dead_sandbox_fails(machine, cloud, signed_in):
    agent_id = await cloud.running_agent()
    await desired_agent_id(machine, cloud, agent_id)
    assert "ada runs and answered" in (await machine.examined())["agent"].found
    await cloud.control(f"agents/{agent_id}/sandbox", state="dead")
    assert await machine.failures() == {"agent": "agent_unreachable"}


async def test_an_agent_that_was_deleted_is_gone(machine, cloud, signed_in):
    agent_id = await cloud.running_agent()
    await desired_agent_id(machine, cloud, agent_id)
    await cloud.client.delete_agent(agent_id)
    assert await machine.failures() == {"agent": "agent_gone"}
    assert "eliza-cloud agents list" in (await machine.examined())["agent"].remedy


async def test_one_answer_that_an_agent_is_gone_is_not_believed(machine, cloud, signed_in):
    agent_id = await cloud.running_agent()
    await desired_agent_id(machine, cloud, agent_id)
    path = f"/api/v1/*/agents/{agent_id}"
    await cloud.fault(path, "status", status=404, body={"error": "Agent not found"}, count=1)
    assert await machine.failures() == {}


async def test_an_agent_that_is_not_up_yet_is_to_be_waited_for(machine, cloud, signed_in):
    await cloud.balance(20)
    agent = (await cloud.client.create_agent("slow")).agent
    await desired_agent_id(machine, cloud, agent.id)
    found = (await machine.examined())["agent"]
    assert (found.result, found.code) == ("FAIL", "agent_unreachable")
    assert "Wait a minute" in found.remedy


async def test_without_a_wish_there_is_no_agent_to_ask_for(machine, cloud, signed_in):
    found = (await machine.examined())["agent"]
    assert found.result == "SKIP"
    assert "agents connect" in found.remedy
