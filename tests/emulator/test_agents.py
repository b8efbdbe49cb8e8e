"""cloud-api §9: list, create, get, patch, delete, as both generations have it and as C alone does."""

import pytest

from tests.emulator.conftest import N

LIST_KEYS = {
    *("id", "agentName", "status", "databaseStatus", "lastBackupAt", "lastHeartbeatAt", "errorMessage"),
    *("createdAt", "updatedAt", "token_address", "token_chain", "token_name", "token_ticker"),
}
HOSTING_KEYS = {"dockerImage", "executionTier", "hostingCost", "webUiUrl"}
DETAIL_KEYS = {"bridgeUrl", "errorCount", "walletAddress", "walletProvider", "walletStatus"}


async def test_the_list_has_the_contracts_keys_newest_first(api):
    first = await api.create("first", **({"autoProvision": False} if api.generation == N else {}))
    await api.clock.advance(1)
    second = await api.create("second", **({"forceCreate": True} if api.generation == N else {}))
    answer = await api.get(api.agents)
    assert [agent["id"] for agent in answer.body["data"]] == [second, first]
    expected = LIST_KEYS | HOSTING_KEYS if api.generation == N else LIST_KEYS
    assert set(answer.body["data"][0]) == expected
    assert set(answer.body) == {"success", "data"} | ({"hostingSummary"} if api.generation == N else set())


async def test_an_agent_has_the_contracts_keys(api):
    agent_id = await api.running()
    answer = await api.get(f"{api.agents}/{agent_id}")
    shared = LIST_KEYS | DETAIL_KEYS
    assert set(answer.body["data"]) == (
        shared | HOSTING_KEYS | {"adminDetails"} if api.generation == N else shared
    )
    assert answer.body["data"]["databaseStatus"] == "ready"
    assert answer.body["data"]["bridgeUrl"].startswith("http://100.64.")
    assert answer.body["data"]["createdAt"] == "2027-01-15T08:00:00.000Z"


async def test_c_creates_an_idle_record_with_four_keys(api_c):
    answer = await api_c.post(api_c.agents, json={"agentName": " ada ", "unknown": 1})
    assert answer.status == 201
    data = answer.body["data"]
    assert set(data) == {"id", "agentName", "status", "createdAt"}
    assert (data["agentName"], data["status"]) == (" ada ", "pending")
    assert (await api_c.post(api_c.agents, json={"agentName": " ada "})).body["data"]["id"] != data["id"]


async def test_both_prefixes_of_c_are_the_same_agents(api_c):
    agent_id = await api_c.create()
    assert (await api_c.get(f"/api/v1/milaidy/agents/{agent_id}")).status == 200


@pytest.mark.parametrize(
    ("body", "path", "code"),
    [
        ({}, ["agentName"], "invalid_type"),
        ({"agentName": ""}, ["agentName"], "too_small"),
        ({"agentName": "a" * 101}, ["agentName"], "too_big"),
        ({"agentName": 5}, ["agentName"], "invalid_type"),
        ({"agentName": "a", "characterId": "x"}, ["characterId"], "invalid_format"),
        ({"agentName": "a", "agentConfig": []}, ["agentConfig"], "invalid_type"),
        ({"agentName": "a", "environmentVars": {"A": 1}}, ["environmentVars", "A"], "invalid_type"),
        ({"agentName": "a", "agentConfig": None}, ["agentConfig"], "invalid_type"),
        ([], [], "invalid_type"),
    ],
)
async def test_a_wrong_body_is_400_with_issues(api, body, path, code):
    answer = await api.post(api.agents, json=body)
    assert (answer.status, answer.body["error"]) == (400, "Invalid request data")
    issues = answer.body["details"]["issues"] if api.generation == N else answer.body["details"]
    assert [(issue["path"], issue["code"]) for issue in issues] == [(path, code)]
    assert all(issue["message"] for issue in issues)
    assert ("code" in answer.body) is (api.generation == N)


async def test_a_hundred_characters_and_unknown_characters_ids(api):
    assert (await api.post(api.agents, json={"agentName": "a" * 100})).status in (201, 202)
    body = {"agentName": "a", "characterId": "8d1cd4d0-4b9c-4a52-8b6a-4b62c4c4b9b1"}
    answer = await api.post(api.agents, json=body)
    assert (answer.status, answer.body["error"]) == (404, "Character not found")


async def test_token_columns_come_from_the_configuration_and_reserved_keys_are_dropped(api):
    config = {
        "tokenContractAddress": "0xabc",
        "chain": "base",
        "tokenName": 5,
        "__MiladySecret": 1,
        "kept": 2,
    }
    agent_id = await api.create(agentConfig=config)
    data = (await api.get(f"{api.agents}/{agent_id}")).body["data"]
    assert (data["token_address"], data["token_chain"], data["token_name"]) == ("0xabc", "base", None)


async def test_below_five_dollars_creating_is_402(api):
    await api.control("organization", balance=3)
    answer = await api.post(api.agents, json={"agentName": "a"})
    assert answer.status == 402
    expected = {"success", "error", "requiredBalance", "currentBalance"} | (
        {"code"} if api.generation == N else set()
    )
    assert set(answer.body) == expected
    assert (answer.body["requiredBalance"], answer.body["currentBalance"]) == (5, 3)


@pytest.mark.parametrize("action", ["shutdown", "suspend"])
async def test_c_stops_at_once_with_a_snapshot_before(api_c, action):
    agent_id = await api_c.running()
    answer = await api_c.call("PATCH", f"{api_c.agents}/{agent_id}", json={"action": action})
    assert answer.status == 200
    assert set(answer.body["data"]) == {"agentId", "action", "message", "previousStatus"}
    assert (answer.body["data"]["action"], answer.body["data"]["previousStatus"]) == (action, "running")
    assert await api_c.status(agent_id) == "stopped"
    backups = (await api_c.get(f"{api_c.agents}/{agent_id}/backups")).body["data"]
    assert [backup["snapshotType"] for backup in backups] == ["pre-shutdown"]
    again = await api_c.call("PATCH", f"{api_c.agents}/{agent_id}", json={"action": action})
    assert (again.status, again.body["data"]["previousStatus"]) == (200, "stopped")
    assert (await api_c.post(f"{api_c.agents}/{agent_id}/suspend")).body["data"]["action"] == "suspend"


async def test_c_refuses_to_stop_or_delete_while_provisioning(api_c):
    agent_id = await api_c.create()
    await api_c.post(f"{api_c.agents}/{agent_id}/provision")
    refusal = {"success": False, "error": "Agent provisioning is in progress"}
    one = f"{api_c.agents}/{agent_id}"
    for method, path in (("PATCH", one), ("POST", f"{one}/suspend"), ("DELETE", one)):
        answer = await api_c.call(method, path, json={"action": "suspend"})
        assert (answer.status, answer.body) == (409, refusal)


@pytest.mark.parametrize("data", ['{"action": "restart"}', "", "null", "{}"])
async def test_c_refuses_other_patches(api_c, data):
    agent_id = await api_c.create()
    answer = await api_c.call("PATCH", f"{api_c.agents}/{agent_id}", data=data)
    assert (answer.status, answer.body["error"]) == (400, "Invalid request data")
    assert isinstance(answer.body["details"], list)


async def test_c_deletes_at_once_with_the_backups(api_c):
    agent_id = await api_c.running()
    await api_c.snapshot(agent_id)
    answer = await api_c.call("DELETE", f"{api_c.agents}/{agent_id}")
    assert (answer.status, answer.body) == (200, {"success": True})
    assert (await api_c.get(f"{api_c.agents}/{agent_id}")).status == 404
    assert (await api_c.get(f"{api_c.agents}/{agent_id}/backups")).body == {"success": True, "data": []}
    assert (await api_c.call("DELETE", f"{api_c.agents}/{agent_id}")).status == 404


async def test_pairing_needs_a_running_agent(api):
    agent_id = await api.create()
    assert (await api.post(f"{api.agents}/{agent_id}/pairing-token")).status == 400
    await api.post(f"{api.agents}/{agent_id}/provision")
    await api.clock.advance(3)
    answer = await api.post(f"{api.agents}/{agent_id}/pairing-token")
    assert set(answer.body["data"]) == {"token", "redirectUrl", "expiresIn"}
    assert answer.body["data"]["expiresIn"] == 60
