"""Showing, setting and clearing roads, switching providers, and what a disconnect leaves."""

import asyncio
import json
import os

import pytest

from eliza_cloud.redaction.secret import Secret
from eliza_cloud.routing.config.transactions import forget_cloud
from eliza_cloud.store.config.file import ConfigFile
from eliza_cloud.store.credentials import Credentials
from eliza_cloud.store.sqlite.database import AgentRecord, Database, SqliteStore
from tests.harness.service import TOKEN
from tests.harness.waiting import until
from tests.routing.conftest import CLOUD

KEY = "sk-canary-4f9d21c7a0b35e68"
OPENAI = {"backend": "openai", "transport": "direct"}


async def view(service, capability):
    status, body = await service.ask("GET", "/api/cloud/routing")
    assert status == 200
    return body["capabilities"][capability]


# Show, set, clear


async def test_the_view_says_what_is_configured_what_counts_and_why(service):
    service.route(
        llmText={**OPENAI, "vendor": 1}, tts={"backend": "ollama", "transport": "direct"}, media=CLOUD
    )
    shown = await view(service, "llmText")
    assert (shown["configured"], shown["inForce"], shown["ignored"]) == (OPENAI, None, ["vendor"])
    assert (shown["usable"], shown["reason"]) == (False, "provider_key_missing")
    shown = await view(service, "tts")
    assert (shown["usable"], shown["leadsTo"], shown["address"]) == (
        True,
        "ollama",
        "http://127.0.0.1:11434/v1",
    )
    assert (await view(service, "media"))["reason"] == "not_authenticated"
    shown = await view(service, "rpc")
    assert (shown["configured"], shown["reason"]) == (None, "capability_not_routed")


async def test_what_is_inferred_is_in_force_but_not_configured(service):
    service.edit(env={"OPENAI_API_KEY": KEY})
    shown = await view(service, "llmText")
    assert (shown["configured"], shown["inForce"], shown["inferred"]) == (None, OPENAI, True)


async def test_no_key_is_ever_shown(service):
    service.edit(
        env={"OPENAI_API_KEY": KEY},
        providers={"mine": {"baseUrl": f"https://u:{KEY}@x.example", "keyVariable": "OPENAI_API_KEY"}},
        deploymentTarget={"remoteApiBase": "https://x.example", "remoteAccessToken": KEY},
    )
    service.route(
        llmText={**OPENAI, "apiKey": KEY},
        tts={"backend": "mine", "transport": "direct"},
        media={"transport": "remote", "remoteApiBase": "https://x.example"},
        rpc={"transport": "remote", "remoteApiBase": f"https://u:{KEY}@x.example"},
    )
    answer = await service.call("GET", "/api/cloud/routing")
    assert KEY not in await answer.text()
    shown = await view(service, "llmText")
    assert shown["accounts"] == [{"name": "default", "keyVariable": "OPENAI_API_KEY", "cooldownSeconds": 0}]


async def test_a_route_is_put_and_deleted(service):
    status, body = await service.ask(
        "PUT", "/api/cloud/routing/tts", {"backend": "ollama", "vendor": {"x": 1}}
    )
    assert (status, body["ok"], body["capability"], body["usable"]) == (200, True, "tts", True)
    stored = {"backend": "ollama", "transport": "direct", "vendor": {"x": 1}}
    assert service.document()["serviceRouting"] == {"tts": stored}
    for _ in range(2):
        status, body = await service.ask("DELETE", "/api/cloud/routing/tts")
        assert (status, body["reason"]) == (200, "capability_not_routed")
        assert service.document()["serviceRouting"] == {}


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("vision", {"backend": "openai"}, 404, "unknown_capability"),
        ("tts", {"backend": "openai", "transport": "pigeon"}, 400, "invalid_route"),
        ("tts", {}, 400, "invalid_route"),
        ("tts", [], 400, "invalid_json"),
    ],
)
async def test_a_wrong_route_is_refused_and_changes_nothing(service, path, body, status, code):
    answered, refused = await service.ask("PUT", f"/api/cloud/routing/{path}", body)
    assert (answered, refused["code"]) == (status, code)
    assert not service.file.exists()


async def test_a_file_that_cannot_be_changed_is_said_to_be_so(service):
    service.file.write_text("{broken")
    status, body = await service.ask("PUT", "/api/cloud/routing/tts", {"backend": "openai"})
    assert (status, body["code"]) == (500, "store_failed")
    assert "eliza.json" in body["error"]


# Provider switch (local-api §12)


async def test_a_switch_rewrites_one_route_and_stores_the_key_in_the_file_alone(service):
    service.edit(cloud={"enabled": True}, serviceRouting={"llmText": CLOUD, "tts": CLOUD, "vendor": 1})
    before = dict(os.environ), dict(service.environ)
    status, body = await service.ask(
        "POST", "/api/provider/switch", {"provider": "openai", "apiKey": KEY, "primaryModel": "gpt-5-mini"}
    )
    assert (status, body["success"], body["provider"], body["restarting"]) == (200, True, "openai", False)
    assert service.document() == {
        "cloud": {"enabled": True},
        "serviceRouting": {"llmText": {**OPENAI, "primaryModel": "gpt-5-mini"}, "tts": CLOUD, "vendor": 1},
        "env": {"OPENAI_API_KEY": KEY},
    }
    assert (dict(os.environ), dict(service.environ)) == before
    assert (await view(service, "llmText"))["usable"]


async def test_switching_to_the_cloud_gives_its_key_to_nobody(signed_in):
    """local-api §20 row 19: the cloud's key does not become OPENAI_API_KEY."""
    await until(lambda: signed_in.manager.status().connected)
    before = set(os.environ), set(signed_in.environ)
    status, _ = await signed_in.ask("POST", "/api/provider/switch", {"provider": "elizacloud"})
    assert status == 200
    assert signed_in.document()["serviceRouting"] == {"llmText": CLOUD}
    assert "env" not in signed_in.document()
    assert (set(os.environ), set(signed_in.environ)) == before
    await signed_in.ask("PUT", "/api/cloud/routing/tts", {"backend": "openai"})
    assert (await view(signed_in, "tts"))["reason"] == "provider_key_missing"


async def test_any_capability_can_be_switched_also_to_a_remote_server(service):
    request = {
        "provider": "remote",
        "remoteApiBase": "http://10.0.0.2:2138",
        "capability": "rpc",
        "apiKey": KEY,
    }
    assert (await service.ask("POST", "/api/provider/switch", request))[0] == 200
    document = service.document()
    assert document["serviceRouting"] == {
        "rpc": {"transport": "remote", "remoteApiBase": "http://10.0.0.2:2138"}
    }
    assert document["env"] == {"ELIZA_REMOTE_TOKEN": KEY}
    assert "deploymentTarget" not in document


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "Missing provider"),
        ({"provider": " "}, "Missing provider"),
        ({"provider": 3}, "Missing provider"),
        ({"provider": "nobody"}, "Invalid provider"),
        ({"provider": "openai", "apiKey": "k" * 513}, "API key is too long"),
        ({"provider": "openai", "apiKey": "k k"}, "apiKey must be printable ASCII without blanks"),
        ({"provider": "openai", "primaryModel": 3}, "primaryModel must be a string"),
        ({"provider": "openai", "capability": "vision"}, "There is no such capability"),
        ({"provider": "elizacloud", "apiKey": KEY}, "A key of Eliza Cloud is not taken here"),
        ({"provider": "remote"}, "transport remote needs a remoteApiBase"),
    ],
    ids=str,
)
async def test_a_switch_that_makes_no_sense_is_refused(service, body, error):
    status, refused = await service.ask("POST", "/api/provider/switch", body)
    assert status == 400
    assert refused["error"].startswith(error)
    assert not service.file.exists()


async def test_a_switch_during_another_is_refused(service, monkeypatch):
    config = type(service.config)
    update, free = config.update, asyncio.Event()
    loop, entered = asyncio.get_running_loop(), asyncio.Event()

    def slowly(self, change, *args):
        loop.call_soon_threadsafe(entered.set)
        asyncio.run_coroutine_threadsafe(free.wait(), loop).result()
        return update(self, change, *args)

    monkeypatch.setattr(config, "update", slowly)
    first = asyncio.create_task(service.ask("POST", "/api/provider/switch", {"provider": "ollama"}))
    await entered.wait()
    status, body = await service.ask("POST", "/api/provider/switch", {"provider": "openai"})
    assert (status, body["error"]) == (409, "Provider switch already in progress")
    free.set()
    assert (await first)[0] == 200
    assert service.document()["serviceRouting"]["llmText"]["backend"] == "ollama"


# Disconnect (local-api §16, §20 row 21)


async def test_a_disconnect_removes_the_roads_that_need_the_cloud_and_no_restart_brings_one_back(
    serve, cloud
):
    service = await serve(cloud.url, cloud.key)
    await until(lambda: service.manager.status().connected)
    service.edit(cloud={"enabled": True, "services": {"media": True}}, models={"small": "s"}, mine=1)
    service.edit(serviceRouting={"llmText": CLOUD, "tts": OPENAI, "vendor": 1})
    status, _ = await service.ask("POST", "/api/cloud/disconnect")
    assert status == 200
    document = service.document()
    assert document["serviceRouting"] == {"tts": OPENAI, "vendor": 1}
    assert document["cloud"] == {"enabled": False}
    assert document["mine"] == 1
    assert (await service.chat())[0] == 503


async def test_a_migrated_service_that_disconnects_stays_without_roads(tmp_path, serve, cloud):
    legacy = {
        "cloud": {"enabled": True, "apiKey": cloud.key, "services": {"tts": True}},
        "models": {"small": "s"},
    }
    (tmp_path / "eliza.json").write_text(json.dumps(legacy))
    service = await serve(cloud.url)
    assert service.document()["serviceRouting"] == {"llmText": {**CLOUD, "smallModel": "s"}, "tts": CLOUD}
    await until(lambda: service.manager.status().connected)
    assert (await service.chat(model="small"))[0] == 200
    assert (await service.ask("POST", "/api/cloud/disconnect"))[0] == 200
    assert service.document()["serviceRouting"] == {}
    assert TOKEN not in service.file.read_text()
    assert cloud.key not in service.file.read_text()
    assert (await service.chat(model="small"))[1]["error"]["code"] == "capability_not_routed"


async def test_a_sign_out_that_was_killed_half_way_takes_the_roads_with_the_key(tmp_path, serve):
    """Both go in one update of the file, whether it is made at once or after a restart."""
    store = SqliteStore(Database(tmp_path / "agent.sqlite3"))
    await store.save(AgentRecord(key=Secret("eliza_" + "b" * 64), signing_out=True))
    await store.close()
    legacy = {"cloud": {"enabled": True, "apiKey": "eliza_" + "b" * 64, "services": {"rpc": True}}}
    routes = {"tts": OPENAI, "media": CLOUD}
    (tmp_path / "eliza.json").write_text(json.dumps({**legacy, "serviceRouting": routes}))
    service = await serve()
    assert service.document() == {"cloud": {"enabled": False}, "serviceRouting": {"tts": OPENAI}}


async def test_the_key_and_its_roads_leave_the_file_in_one_update(tmp_path):
    config = ConfigFile(tmp_path / "eliza.json")
    config.path.write_text(json.dumps({"cloud": {"apiKey": "eliza_1"}, "serviceRouting": {"tts": CLOUD}}))
    seen = []
    update = config.update
    config.update = lambda change, forget=(): seen.append(update(change, forget))
    store = SqliteStore(Database(tmp_path / "agent.sqlite3"))
    await Credentials(config, store, {}, "https://x.example", also_forget=forget_cloud).sign_out()
    await store.close()
    assert seen == [{"cloud": {"enabled": False}, "serviceRouting": {}}]
