"""`eliza-cloud config`: all that is wrong at once, the settings in force, and no secret in either."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eliza_cloud.cli.commands.config.positions import key_offsets, position
from eliza_cloud.store.config.json5 import ConfigText
from eliza_cloud.store.sqlite.database import AgentRecord, Database, SqliteStore

KEY = "eliza_" + "0123456789abcdef" * 4
WRONG = """\
{ // JSON5, with everything that can be wrong
  cloud: {
    baseUrl: "http://cloud.example",
    apikey: "x", apiKey: 12345678,
    bridge: { maxFailures: "three", heartbeatInterval: 3 },
    login: 7,
  },
  serviceRoutng: {},
  models: { small: "kept" },
  serviceRouting: { llmText: { backend: "openai", transport: "dirct" }, lmText: {} },
  env: { OPENAI_API_KEY: 12345678 },
  'providers': { mine: { baseurl: "x", baseUrl: "https://me:12345678@mine.example/v1" } },
}
"""
FOUND = [
    (3, 5, "wrong", "cloud.baseUrl", '"http://cloud.example"', None),
    (4, 5, "unknown", "cloud.apikey", None, "cloud.apiKey"),
    (4, 18, "wrong", "cloud.apiKey", "something else (not shown)", None),
    (5, 15, "wrong", "cloud.bridge.maxFailures", '"three"', None),
    (5, 37, "unknown", "cloud.bridge.heartbeatInterval", None, "cloud.bridge.heartbeatIntervalMs"),
    (6, 5, "wrong", "cloud.login", "7", None),
    (8, 3, "unknown", "serviceRoutng", None, "serviceRouting"),
    (10, 51, "wrong", "serviceRouting.llmText.transport", '"dirct"', None),
    (10, 73, "unknown", "serviceRouting.lmText", None, "serviceRouting.llmText"),
    (11, 10, "wrong", "env.OPENAI_API_KEY", "something else (not shown)", None),
    (12, 26, "unknown", "providers.mine.baseurl", None, "providers.mine.baseUrl"),
    (12, 40, "wrong", "providers.mine.baseUrl", "something else (not shown)", None),
]


@pytest.fixture
def config(clean_environment):
    return clean_environment / "eliza.json"


def test_every_error_and_unknown_key_is_named_at_once_with_its_place(run, config):
    config.write_text(WRONG)
    ran = run("config", "check", "--json")
    [body] = ran.lines
    assert (ran.code, body["ok"], body["file"]) == (2, False, str(config))
    assert [
        (one["line"], one["column"], one["kind"], one["path"], one["found"], one["nearest"])
        for one in body["problems"]
    ] == FOUND
    assert all(bool(one["expected"]) == (one["kind"] == "wrong") for one in body["problems"])


def test_for_people_each_is_a_line_that_an_editor_understands_and_no_secret_is_shown(run, config):
    config.write_text(WRONG)
    ran = run("config", "check")
    assert ran.code == 2
    assert len(ran.out.splitlines()) == len(FOUND)
    assert ran.out.splitlines()[3] == (
        f'{config}:5:15: cloud.bridge.maxFailures: expected a whole number of at least 1, found "three"'
    )
    assert "12345678" not in ran.out


def test_unknown_keys_alone_are_no_error_unless_that_is_asked_for(run, config):
    config.write_text('{"cloud": {"baseURL": "https://c.example"}}')
    assert run("config", "check").code == 0
    ran = run("config", "check", "--strict")
    assert ran.code == 2
    hint = "cloud.baseURL is not a known setting and has no effect; did you mean cloud.baseUrl?"
    assert ran.out == f"{config}:1:12: {hint}\n"


def test_the_shell_of_other_programs_is_said_to_be_unused_and_their_variables_are_in_order(run, config):
    config.write_text('{"env": {"shellEnv": {"enabled": true}, "vars": {"OPENAI_API_KEY": "12345678"}}}')
    ran = run("config", "check", "--json")
    [body] = ran.lines
    assert (ran.code, body["ok"]) == (0, True)
    [problem] = body["problems"]
    assert problem["message"].startswith("env.shellEnv is not used: variables come from the service's own")
    assert "12345678" not in run("config", "show").out


def test_a_right_file_and_a_missing_one_are_in_order(run, config):
    assert run("config", "check").out == f"✓ There is no {config}: defaults.\n"
    config.write_text("{cloud: {enabled: true}, other: [1]}")
    ran = run("config", "check")
    assert (ran.code, ran.out) == (0, f"✓ {config} is valid.\n")
    assert run("config", "check", "--json").lines == [{"ok": True, "file": str(config), "problems": []}]


def test_a_file_that_cannot_be_parsed_is_one_error_with_its_place(run, config):
    config.write_text('{"cloud": {\n  "enabled" true}}')
    ran = run("config", "check")
    assert ran.code == 2
    assert ran.out.startswith(f"{config}: line 2, column ")
    assert [one["kind"] for one in run("config", "check", "--json").lines[0]["problems"]] == ["unreadable"]


def test_another_file_may_be_named_and_has_to_be_there(run, config, tmp_path):
    other = tmp_path / "other.json"
    other.write_text('{"cloud": 3}')
    assert run("config", "check", str(other)).out == f"{other}:1:2: cloud: expected an object, found 3\n"
    assert run("config", "check", str(tmp_path / "none.json")).code == 2


def test_the_address_of_an_emulator_is_right_where_loopback_is_allowed(run, config, monkeypatch):
    config.write_text('{"cloud": {"baseUrl": "http://127.0.0.1:4400"}}')
    assert run("config", "check").code == 2
    monkeypatch.setenv("ELIZA_CLOUD_ALLOW_LOOPBACK", "1")
    assert run("config", "check").code == 0


@pytest.mark.parametrize(
    "address", ["https://me:hunter22@c.example", f"https://c.example/{KEY}", "http://c?k=hunter22"]
)
def test_an_address_that_holds_a_secret_is_not_shown(run, config, address):
    config.write_text(json.dumps({"cloud": {"baseUrl": address}}))
    for command in ("check", "show"):
        ran = run("config", command)
        assert "hunter22" not in ran.out + ran.err
        assert KEY not in ran.out + ran.err


def in_force(run):
    [body] = run("config", "show", "--json").lines
    return {one["name"]: (one["value"], one["source"]) for one in (*body["settings"], *body["variables"])}


def test_what_is_in_force_names_its_source_and_shows_no_secret(run, config, monkeypatch):
    cloud = {"enabled": True, "apiKey": KEY, "serviceKey": "service-secret", "bridge": {"maxFailures": 5}}
    routes = {"llmText": {"backend": " OpenAI ", "transport": "direct", "strategy": "wrong"}}
    document = {"cloud": cloud, "serviceRouting": routes, "env": {"OPENAI_API_KEY": "openai-secret"}}
    config.write_text(json.dumps(document))
    monkeypatch.setenv("ELIZAOS_CLOUD_BASE_URL", "https://other.example")
    monkeypatch.setenv("ELIZA_API_TOKEN", "token-secret")
    shown = in_force(run)
    assert shown["cloud.baseUrl"] == ("https://other.example", "ELIZAOS_CLOUD_BASE_URL")
    assert shown["cloud.enabled"] == (True, "file")
    assert shown["cloud.apiKey"] == ("[set]", "file")
    assert shown["cloud.serviceKey"] == ("[set]", "file")
    assert shown["cloud.bridge.maxFailures"] == (5, "file")
    assert shown["cloud.bridge.maxReconnectAttempts"] == (10, "default")
    assert shown["serviceRouting.llmText.backend"] == ("openai", "file")
    assert "serviceRouting.llmText.strategy" not in shown
    assert shown["env.OPENAI_API_KEY"] == ("[set]", "file")
    assert shown["ELIZA_API_TOKEN"] == ("[set]", "environment")
    assert shown["ELIZA_PORT"] == ("2138", "default")
    people = run("config", "show").out
    assert "secret" not in people + json.dumps(shown)
    assert KEY not in people + json.dumps(shown)


def hosts(run):
    [body] = run("config", "show", "--json").lines
    return {one["name"]: (one["value"], one["source"]) for one in body["hosts"]}


async def moved(paths, base_url, to):
    database = Database(paths)
    record = AgentRecord(moved_from=base_url, moved_api=to, moved_pages=to)
    await SqliteStore(database).save(record)
    await database.close()


def test_the_hosts_of_the_cloud_are_those_it_has_led_to(run, config):
    config.write_text('{"cloud": {"baseUrl": "https://elizacloud.ai"}}')
    assert hosts(run)["api"] == ("https://elizacloud.ai", "configured")
    asyncio.run(moved(config.with_name("agent.sqlite3"), "https://elizacloud.ai", "https://api.eliza.app"))
    assert hosts(run) == {
        "api": ("https://api.eliza.app", "where that leads"),
        "pages": ("https://cloud.eliza.app", "where that leads"),
    }
    assert "https://api.eliza.app" in run("config", "show").out


def test_the_hosts_of_an_address_that_is_refused_are_not_shown(run, config):
    config.write_text('{"cloud": {"baseUrl": "http://a:secret@b.example"}}')
    assert hosts(run) == {}


def test_a_key_of_the_environment_counts_where_the_file_has_none(run, config, monkeypatch):
    config.write_text('{"cloud": {"apiKey": " ", "enabled": false}}')
    monkeypatch.setenv("ELIZAOS_CLOUD_API_KEY", KEY)
    monkeypatch.setenv("ELIZAOS_CLOUD_ENABLED", "TRUE")
    shown = in_force(run)
    assert shown["cloud.apiKey"] == ("[set]", "ELIZAOS_CLOUD_API_KEY")
    assert shown["cloud.enabled"] == (True, "ELIZAOS_CLOUD_ENABLED")


def test_wrong_settings_are_not_in_force_and_the_way_on_is_named(run, config):
    config.write_text('{"cloud": {"bridge": {"maxFailures": 0}}}')
    ran = run("config", "show")
    assert ran.code == 2
    assert ran.err == (
        "Error: cloud.bridge.maxFailures: expected a whole number of at least 1, found 0\n"
        "All of it: eliza-cloud config check\n"
    )


def test_a_position_is_found_past_comments_strings_and_lists():
    text = '{/* {a: */ "a": [{b: 1}], // "c":\n \'c"\': "x{:", d: {"e\\u0041": 2, f: -.5e3,}, }'
    document = ConfigText(text, "here").document
    assert document == {"a": [{"b": 1}], 'c"': "x{:", "d": {"eA": 2, "f": -500.0}}
    assert {path: position(text, at) for path, at in key_offsets(text).items()} == {
        ("a",): (1, 12),
        ('c"',): (2, 2),
        ("d",): (2, 15),
        ("d", "eA"): (2, 19),
        ("d", "f"): (2, 33),
    }


def paths(node, before=()):
    for name, value in node.items() if isinstance(node, dict) else ():
        yield (*before, name)
        yield from paths(value, (*before, name))


@given(
    st.recursive(
        st.one_of(st.text(), st.integers(), st.none()), lambda inner: st.dictionaries(st.text(), inner)
    )
)
def test_every_key_of_a_json_text_has_a_position(document):
    text = json.dumps({"top": document}, indent=2)
    offsets = key_offsets(text)
    assert set(offsets) == set(paths({"top": document}))
    for path, at in offsets.items():
        assert text[at:].startswith(json.dumps(path[-1]))
