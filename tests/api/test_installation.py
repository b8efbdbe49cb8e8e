"""What the service says of its own start."""

from eliza_cloud.cli.client.in_force import differences
from tests.harness.service import TOKEN

KEY = "eliza_" + "5ec4e7d0" * 8


async def test_it_tells_its_paths_and_variables_and_no_secret(serve, tmp_path):
    environ = {
        "ELIZA_STATE_DIR": str(tmp_path),
        "ELIZA_LOG_LEVEL": "debug",
        "ELIZA_API_TOKEN": TOKEN,
        "ELIZAOS_CLOUD_API_KEY": KEY,
        "ELIZA_ALLOWED_ORIGINS": f"https://user:{KEY}@example.com",
        "OPENAI_API_KEY": "sk-" + "a1" * 20,
        "UNRELATED": "x",
    }
    service = await serve("http://127.0.0.1:9", environ=environ)
    told = await service.get("/api/cloud/installation")
    assert told["stateDirectory"] == str(tmp_path)
    assert told["configFile"] == str(tmp_path / "eliza.json")
    assert told["baseUrl"] == "http://127.0.0.1:9"
    assert told["variables"] == {
        "ELIZA_STATE_DIR": str(tmp_path),
        "ELIZA_LOG_LEVEL": "debug",
        "ELIZA_API_TOKEN": "[set]",
        "ELIZAOS_CLOUD_API_KEY": "[set]",
        "ELIZA_ALLOWED_ORIGINS": "[not shown]",
        "OPENAI_API_KEY": "[set]",
    }
    assert KEY not in str(told)
    here = {"ELIZA_STATE_DIR": str(tmp_path), "ELIZA_CLOUD_ALLOW_LOOPBACK": "1"}
    assert [one.name for one in differences(told, {**environ, **here})] == [
        "base URL",
        "ELIZA_CLOUD_ALLOW_LOOPBACK",
    ]


async def test_it_is_told_with_the_token_only(service):
    answer = await service.call("GET", "/api/cloud/installation", headers={"Authorization": ""})
    assert answer.status == 401
