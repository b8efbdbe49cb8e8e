"""Routes as they are read, checked and completed (local-api §16)."""

import pytest

from eliza_cloud.routing.adapters.models import ModelUnknown, named_tiers, resolve_model
from eliza_cloud.routing.config.parse import RouteRefused, checked_route, route_in, routes_in
from eliza_cloud.routing.config.table import routes_in_force
from eliza_cloud.routing.config.transactions import clearing, setting
from eliza_cloud.routing.config.types import Capability, Route, Strategy, Transport

DIRECT = {"backend": "openai", "transport": "direct"}
MODELS = [
    *("primaryModel", "nanoModel", "smallModel", "mediumModel", "largeModel", "megaModel"),
    *("responseHandlerModel", "shouldRespondModel", "actionPlannerModel", "plannerModel"),
    *("responseModel", "mediaDescriptionModel"),
]


def test_every_member_of_a_route_is_read():
    entry = {
        "backend": "openai",
        "transport": "remote",
        "accountId": "a",
        "accountIds": ["b", "c"],
        "strategy": "least-used",
        "remoteApiBase": "https://x.example",
        **{name: name.upper() for name in MODELS},
    }
    assert route_in(entry).members() == entry


def test_what_is_unknown_blank_or_of_the_wrong_kind_is_dropped():
    entry = {
        "backend": "  OpenAI ",
        "transport": "pigeon",
        "strategy": 7,
        "accountId": " ",
        "accountIds": [" a", "a", "", 3, "b "],
        "smallModel": None,
        "remoteApiBase": "ftp://x",
        "vendor": "x",
    }
    assert route_in(entry) == Route(backend="openai", account_ids=("a", "b"))


@pytest.mark.parametrize("entry", [{}, {"backend": " "}, {"vendor": 1}, [], None, "openai"], ids=str)
def test_an_empty_route_is_none(entry):
    assert route_in(entry) is None


def test_only_the_five_capabilities_are_read():
    document = {"serviceRouting": {"tts": DIRECT, "vision": DIRECT, "media": {}, "rpc": {"backend": "x"}}}
    assert routes_in(document) == {
        Capability.TTS: Route(backend="openai", transport=Transport.DIRECT),
        Capability.RPC: Route(backend="x"),
    }
    assert routes_in({"serviceRouting": []}) == {}


@pytest.mark.parametrize("spelling", ["elizacloud", "Eliza-Cloud", " eliza_cloud", "elizaOSCloud"])
def test_the_clouds_backend_has_one_spelling(spelling):
    assert route_in({"backend": spelling}) == Route(backend="elizacloud")


@pytest.mark.parametrize(
    "address",
    [
        "https://u:p@x.example",
        "https://x.example?key=1",
        "https://x.example#a",
        "x.example",
        "file:///etc",
        "http://",
    ],
)
def test_an_address_with_more_than_a_path_is_dropped(address):
    assert route_in({"backend": "a", "remoteApiBase": address}) == Route(backend="a")


def test_a_route_needs_the_cloud_by_its_transport_or_its_backend_unless_it_is_remote():
    assert Route(transport=Transport.CLOUD_PROXY).needs_cloud
    assert Route(backend="elizacloud").needs_cloud
    assert not Route(backend="elizacloud", transport=Transport.REMOTE).needs_cloud
    assert not Route(backend="openai", transport=Transport.DIRECT).needs_cloud


# Setting


@pytest.mark.parametrize(
    ("given", "set_to"),
    [
        ({"backend": "openai"}, DIRECT),
        (
            {"backend": "ElizaCloud", "smallModel": "s"},
            {
                "backend": "elizacloud",
                "transport": "cloud-proxy",
                "accountId": "elizacloud",
                "smallModel": "s",
            },
        ),
        (
            {"transport": "cloud-proxy"},
            {"backend": "elizacloud", "transport": "cloud-proxy", "accountId": "elizacloud"},
        ),
        (
            {"remoteApiBase": "http://10.0.0.2:2138/"},
            {"transport": "remote", "remoteApiBase": "http://10.0.0.2:2138"},
        ),
        ({"backend": "openai", "strategy": None}, DIRECT),
    ],
    ids=str,
)
def test_a_route_that_is_set_is_completed(given, set_to):
    assert checked_route(given).members() == set_to


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "The route is empty"),
        ({"backend": ""}, "backend: expected a text that is not blank"),
        (
            {"backend": "openai", "transport": "pigeon"},
            "transport: expected one of direct, cloud-proxy, remote",
        ),
        ({"backend": "openai", "strategy": "luck"}, "strategy: expected one of priority, round-robin"),
        ({"backend": "openai", "accountIds": "a"}, "accountIds: expected a list"),
        ({"backend": "openai", "smallModel": 3}, "smallModel: expected a text"),
        ({"backend": "openai", "transport": "cloud-proxy"}, "leads to elizacloud only"),
        ({"backend": "elizacloud", "transport": "direct"}, "direct needs the backend of a provider"),
        ({"transport": "direct"}, "direct needs the backend of a provider"),
        ({"transport": "remote"}, "remote needs a remoteApiBase"),
    ],
    ids=str,
)
def test_a_route_that_leads_nowhere_is_refused_with_the_reason(given, sentence):
    with pytest.raises(RouteRefused, match=sentence):
        checked_route(given)


def test_a_refused_address_is_not_repeated():
    with pytest.raises(RouteRefused) as refused:
        checked_route({"remoteApiBase": "https://user:hunter2@x.example"})
    assert "hunter2" not in str(refused.value)


def test_setting_a_route_keeps_what_others_wrote_and_every_other_route():
    document = {
        "other": 1,
        "serviceRouting": {
            "tts": {**DIRECT, "smallModel": "s", "vendor": {"x": 1}},
            "media": {"junk": 1},
            "v": 2,
        },
    }
    setting(Capability.TTS, checked_route({"backend": "groq"}), {"backend": "groq", "mine": 3})(document)
    assert document == {
        "other": 1,
        "serviceRouting": {
            "tts": {"backend": "groq", "transport": "direct", "vendor": {"x": 1}, "mine": 3},
            "media": {"junk": 1},
            "v": 2,
        },
    }


def test_clearing_a_route_leaves_the_section():
    document = {"serviceRouting": {"tts": DIRECT}}
    clearing(Capability.TTS)(document)
    assert document == {"serviceRouting": {}}
    without_a_section: dict[str, object] = {}
    clearing(Capability.TTS)(without_a_section)
    assert without_a_section == {"serviceRouting": {}}


@pytest.mark.parametrize(
    "change", [setting(Capability.RPC, checked_route({"backend": "x"})), clearing(Capability.RPC)]
)
def test_changing_one_capability_writes_down_what_was_only_inferred(change):
    document = {"env": {"OPENAI_API_KEY": "k"}}
    change(document)
    assert document["serviceRouting"]["llmText"] == DIRECT


# What is in force


def test_a_key_alone_routes_nothing_to_the_cloud():
    assert routes_in_force({"cloud": {"enabled": True, "apiKey": "eliza_1"}}) == {}


def test_without_routing_text_goes_to_the_remote_target_or_else_to_the_first_provider_with_a_key():
    env = {"OLLAMA_API_KEY": "x", "ANTHROPIC_API_KEY": "k", "OPENAI_API_KEY": ""}
    target = {"runtime": "remote", "remoteApiBase": "https://x.example"}
    direct = Route(backend="anthropic", transport=Transport.DIRECT)
    remote = Route(transport=Transport.REMOTE, remote_api_base="https://x.example")
    assert routes_in_force({"env": env}) == {Capability.LLM_TEXT: direct}
    assert routes_in_force({"env": env, "deploymentTarget": target}) == {Capability.LLM_TEXT: remote}
    assert routes_in_force({"env": env, "deploymentTarget": target, "serviceRouting": {}}) == {}


# Models


def test_a_tier_is_the_routes_model_and_any_other_name_stays():
    route = Route(primary_model="p", small_model="s", strategy=Strategy.PRIORITY)
    assert resolve_model("small", route) == "s"
    assert resolve_model("large", route) == "p"
    assert resolve_model("primary", route) == "p"
    assert resolve_model(None, route) == "p"
    assert resolve_model("gpt-5", route) == "gpt-5"


def test_a_tier_without_a_model_is_refused_and_no_name_stays_none():
    with pytest.raises(ModelUnknown, match="set largeModel or primaryModel"):
        resolve_model("large", Route(small_model="s"))
    assert resolve_model(None, Route(small_model="s")) is None
    assert named_tiers(Route(small_model="s")) == ["small"]
    assert named_tiers(Route(primary_model="p"))[:3] == ["primary", "nano", "small"]
