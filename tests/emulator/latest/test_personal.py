"""cloud-api-latest L4, L17: everyone's personal agent."""

UNKNOWN_ID = "00000000-0000-4000-8000-000000000001"


async def _identity(api):
    return (await api.get("/api/v1/eliza/personal")).body["data"]["identity"]


async def test_it_is_there_and_listed_nowhere(api_l):
    identity = await _identity(api_l)
    assert (identity["id"].startswith("personal:"), identity["runtime"]) == (True, "shared")
    assert await api_l.say(identity["id"], "My name is Ada") == "I am glad to know you, Ada."
    assert await api_l.say(identity["id"], "What is my name?") == "Your name is Ada."
    assert (await api_l.rpc(identity["id"], "heartbeat")).body["result"]["runtime"] == "shared"
    assert (await api_l.get(api_l.agents)).body["data"] == []
    assert (await api_l.get(f"{api_l.agents}/{identity['id']}")).status == 404
    assert (await api_l.rpc(f"personal:{UNKNOWN_ID}", "heartbeat")).status == 404
    other = await api_l.key(email="other@example.org")
    assert (await other.rpc(identity["id"], "heartbeat")).status == 404


async def test_once_it_moved_it_names_its_successor(api_l):
    personal = (await _identity(api_l))["id"]
    dedicated = await api_l.dedicated()
    await api_l.control("personal", activeAgentId=dedicated)
    identity = await _identity(api_l)
    assert (identity["runtime"], identity["activeAgentId"]) == ("dedicated", dedicated)
    assert identity["apiBase"].endswith(f"/api/v1/eliza/agents/{dedicated}")
    answer = await api_l.rpc(personal, "message.send", {"text": "hi"})
    assert (answer.status, answer.body["code"], answer.body["activeAgentId"]) == (
        409,
        "personal_eliza_dedicated",
        dedicated,
    )
    await api_l.control("personal")
    assert (await _identity(api_l))["runtime"] == "shared"
