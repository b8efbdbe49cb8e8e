"""`eliza-cloud routing` against a real service."""

import json


async def test_a_road_is_set_shown_and_cleared(service, run):
    code, out, _ = await run("set", "llmText", "ollama", "--model", "llama", "--tier", "small=tiny")
    assert (code, out) == (0, "llmText → ● ollama, model llama\n")
    assert service.document()["serviceRouting"]["llmText"] == {
        "backend": "ollama",
        "transport": "direct",
        "primaryModel": "llama",
        "smallModel": "tiny",
    }
    code, out, _ = await run("show")
    assert out.splitlines()[1].split(maxsplit=1) == ["llmText", "● ollama, model llama"]
    assert out.splitlines()[2].split(maxsplit=1) == ["tts", "○ not routed"]
    assert await run("clear", "llmText") == (0, "✓ llmText is no longer routed.\n", "")
    assert service.document()["serviceRouting"] == {}


async def test_a_road_that_cannot_be_used_yet_says_why(run):
    code, out, _ = await run(
        "set", "tts", "openai", "--account", "a", "--account", "b", "--strategy", "round-robin"
    )
    assert code == 0
    assert "✗ openai: cannot be used" in out
    assert "Set OPENAI_API_KEY_A or OPENAI_API_KEY_B under env in eliza.json" in out
    code, out, _ = await run("set", "media", "elizacloud")
    assert "Not connected to Eliza Cloud" in out
    code, out, _ = await run("show")
    assert out.count("cannot be used") == 2


async def test_a_remote_server_is_named_by_its_address(service, run):
    code, out, _ = await run("set", "rpc", "remote", "--remote", "http://10.0.0.2:2138")
    assert (code, out) == (0, "rpc → ● http://10.0.0.2:2138\n")
    code, _, err = await run("set", "rpc", "remote")
    assert code == 1
    assert "needs a remoteApiBase" in err


async def test_wrong_words_are_refused_before_the_service_is_asked(run):
    assert (await run("set", "vision", "openai"))[0] == 2
    code, _, err = await run("set", "llmText", "openai", "--tier", "tiny=x")
    assert code == 2
    assert "write TIER=NAME" in err


async def test_json_is_the_services_answer(run):
    _, out, _ = await run("show", "--json")
    assert json.loads(out)["capabilities"]["llmText"]["reason"] == "capability_not_routed"
