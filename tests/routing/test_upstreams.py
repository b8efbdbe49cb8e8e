"""From a route to its road: addresses, keys, and sentences for what leads nowhere."""

import pytest

from eliza_cloud.routing.config.table import table_of
from eliza_cloud.routing.config.types import Capability
from eliza_cloud.routing.upstreams.env import Variables
from eliza_cloud.routing.upstreams.resolve import CloudUpstream, RouteUnavailable, resolve_upstream

KEY = "eliza_" + "0123456789abcdef" * 4


def upstream(route, capability="llmText", environ=None, **document):
    table = table_of({"serviceRouting": {capability: route}, **document})
    return resolve_upstream(Capability(capability), table, Variables(table.variables, environ or {}))


def closed(*args, **more):
    with pytest.raises(RouteUnavailable) as refused:
        upstream(*args, **more)
    assert refused.value.problem.status == 503
    return refused.value.problem


def direct(backend, **more):
    return {"backend": backend, "transport": "direct", **more}


@pytest.mark.parametrize(
    ("provider", "variable", "base"),
    [
        ("openai", "OPENAI_API_KEY", "https://api.openai.com/v1"),
        ("anthropic", "ANTHROPIC_API_KEY", "https://api.anthropic.com/v1"),
        ("groq", "GROQ_API_KEY", "https://api.groq.com/openai/v1"),
        ("openrouter", "OPENROUTER_API_KEY", "https://openrouter.ai/api/v1"),
        ("google", "GOOGLE_API_KEY", "https://generativelanguage.googleapis.com/v1beta/openai"),
        ("google", "GEMINI_API_KEY", "https://generativelanguage.googleapis.com/v1beta/openai"),
        ("ollama", "OLLAMA_API_KEY", "http://127.0.0.1:11434/v1"),
    ],
)
def test_the_known_providers_need_their_usual_variable_only(provider, variable, base):
    found = upstream(direct(provider), environ={variable: "k"})
    assert (found.label, found.base) == (provider, base)
    assert [(one.variable, one.key.reveal()) for one in found.accounts] == [(variable, "k")]


def test_ollama_needs_no_key():
    assert [one.key for one in upstream(direct("ollama")).accounts] == [None]


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ("http://localhost:1234", "http://localhost:1234/v1"),
        ("http://10.0.0.2/custom/", "http://10.0.0.2/custom"),
        ("https://proxy.example/v1/", "https://proxy.example/v1"),
    ],
)
def test_a_base_url_comes_from_its_variable(given, base):
    environ = {"OPENAI_BASE_URL": given, "OPENAI_API_KEY": "k"}
    providers = {"openai": {"baseUrl": "https://settings.example/v1"}}
    assert upstream(direct("openai"), environ=environ, providers=providers).base == base
    del environ["OPENAI_BASE_URL"]
    found = upstream(direct("openai"), environ=environ, providers=providers)
    assert found.base == "https://settings.example/v1"


def test_a_key_in_the_file_wins_over_the_environment():
    found = upstream(direct("openai"), environ={"OPENAI_API_KEY": "old"}, env={"OPENAI_API_KEY": " new "})
    assert found.accounts[0].key.reveal() == "new"


def test_variables_of_other_programs_count_as_those_of_env_do():
    env = {"vars": {"OPENAI_API_KEY": "theirs", "GROQ_API_KEY": "g"}, "shellEnv": {"enabled": True}}
    assert upstream(direct("openai"), env=env).accounts[0].key.reveal() == "theirs"
    found = upstream(direct("openai"), env={**env, "OPENAI_API_KEY": "ours"})
    assert found.accounts[0].key.reveal() == "ours"
    assert table_of({"env": {"vars": {"GROQ_API_KEY": "g"}}}).routes[Capability.LLM_TEXT].backend == "groq"


def test_the_settings_name_further_providers():
    providers = {
        "Mine": {"baseUrl": "http://127.0.0.1:8000", "keyVariable": "MINE_KEY"},
        "bare": {"baseUrl": "http://b"},
    }
    found = upstream(direct("mine"), providers=providers, environ={"MINE_KEY": "k"})
    assert (found.base, found.accounts[0].key.reveal()) == ("http://127.0.0.1:8000/v1", "k")
    assert upstream(direct("bare"), providers=providers).accounts[0].key is None
    assert closed(direct("mine"), providers=providers).code == "provider_key_missing"


@pytest.mark.parametrize(
    ("variable", "account", "named"),
    [
        ("ELIZAOS_CLOUD_API_KEY", None, "ELIZAOS_CLOUD_API_KEY"),
        (" ELIZA_API_TOKEN ", None, "ELIZA_API_TOKEN"),
        ("ELIZAOS_CLOUD", "api key", "ELIZAOS_CLOUD_API_KEY"),
        ("ELIZA_API", "token", "ELIZA_API_TOKEN"),
    ],
)
def test_a_secret_of_our_own_goes_to_no_provider_and_is_refused_by_name(variable, account, named):
    providers = {"mine": {"baseUrl": "http://127.0.0.1:8000", "keyVariable": variable}}
    route = direct("mine", **({"accountId": account} if account else {}))
    for places in ({"environ": {named: KEY}}, {"env": {named: KEY}}):
        problem = closed(route, providers=providers, **places)
        assert problem.code == "provider_key_missing"
        assert f"in {named}, which holds a secret of this service" in problem.message
        assert KEY not in problem.message


@pytest.mark.parametrize("base", [None, 3, "ftp://x", "https://u:hunter2@x", "https://x?api-key=hunter2"])
def test_a_provider_without_a_valid_address_is_said_to_have_none(base):
    problem = closed(direct("mine"), providers={"mine": {"baseUrl": base}})
    assert problem.code == "provider_without_address"
    assert "hunter2" not in problem.message


def test_each_account_has_a_variable_of_its_own():
    route = direct("openai", accountIds=["default", "work", "my team"])
    environ = {"OPENAI_API_KEY": "1", "OPENAI_API_KEY_MY_TEAM": "3"}
    found = upstream(route, environ=environ)
    assert [(one.name, one.key.reveal()) for one in found.accounts] == [("default", "1"), ("my team", "3")]
    problem = closed(direct("openai", accountId="work"), environ=environ)
    assert "Set OPENAI_API_KEY_WORK under env" in problem.message


def test_a_missing_key_is_said_with_the_name_of_its_variable():
    problem = closed(direct("openai"))
    assert problem.code == "provider_key_missing"
    assert "Set OPENAI_API_KEY under env in eliza.json" in problem.message


def test_the_cloud_is_a_road_by_backend_and_transport():
    assert isinstance(upstream({"backend": "elizacloud", "transport": "cloud-proxy"}), CloudUpstream)


@pytest.mark.parametrize(
    "route",
    [
        {"backend": "openai"},
        {"backend": "elizacloud"},
        {"transport": "cloud-proxy"},
        {"backend": "openai", "transport": "cloud-proxy"},
        {"backend": "elizacloud", "transport": "direct"},
        {"transport": "remote"},
    ],
    ids=str,
)
def test_a_route_that_says_too_little_is_incomplete(route):
    assert closed(route).code == "route_incomplete"


def test_no_route_says_how_to_set_one():
    problem = closed({}, "media")
    assert problem.code == "capability_not_routed"
    assert "eliza-cloud routing set media" in problem.message
    assert "PUT /api/cloud/routing/media" in problem.message


def test_an_unknown_provider_is_named_with_the_known_ones():
    problem = closed(direct("opnai"))
    assert problem.code == "unknown_provider"
    assert "openai" in problem.message


def test_a_remote_server_is_reached_under_v1_and_its_token_is_its_own():
    route = {"transport": "remote", "remoteApiBase": "http://10.0.0.2:2138/v1"}
    found = upstream(route)
    assert (found.base, found.chains) == ("http://10.0.0.2:2138/v1", "http://10.0.0.2:2138/rpc/{chain}")
    assert found.accounts[0].key is None
    assert upstream(route, environ={"ELIZA_REMOTE_TOKEN": "t"}).accounts[0].key.reveal() == "t"
    target = {"remoteApiBase": "http://10.0.0.2:2138/v1", "remoteAccessToken": "u"}
    assert upstream(route, deploymentTarget=target).accounts[0].key.reveal() == "u"
    target["remoteApiBase"] = "http://10.0.0.3"
    assert upstream(route, deploymentTarget=target).accounts[0].key is None


def test_chain_calls_go_where_the_settings_say():
    assert closed(direct("openai"), "rpc", environ={"OPENAI_API_KEY": "k"}).code == "capability_unsupported"
    providers = {"node": {"baseUrl": "https://node.example/"}, "many": {"baseUrl": "https://{chain}.example"}}
    assert upstream(direct("node"), "rpc", providers=providers).chains == "https://node.example/{chain}"
    assert upstream(direct("many"), "rpc", providers=providers).chains == "https://{chain}.example"
